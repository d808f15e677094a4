#include "gzip/huffman_table.h"

#include <algorithm>

namespace tsbuild {
namespace {

// Codes stand in the stream with their first bit lowest: the next one of the same length counts from the highest bit down.
uint32_t next_code(uint32_t code, unsigned length) {
  uint32_t bit = 1u << (length - 1);
  while ((code & bit) != 0) bit >>= 1;
  return bit == 0 ? 0 : (code & (bit - 1)) + bit;
}

}  // namespace

bool fill_huffman_table(const uint8_t* lengths, size_t count, const HuffmanEntry* symbols, bool one_will_do, unsigned first_bits, HuffmanEntry* table,
                        size_t capacity) {
  constexpr size_t kMostSymbols = 288;
  unsigned of_length[kMostCodeBits + 1] = {};
  for (size_t i = 0; i < count; i++) of_length[lengths[i]]++;
  const size_t used = count - of_length[0];
  of_length[0] = 0;

  // RFC 1951 section 3.2.2: codes of each length are left after the shorter ones took theirs.
  int left = 1;
  unsigned longest = 0;
  for (unsigned length = 1; length <= kMostCodeBits; length++) {
    left = 2 * left - static_cast<int>(of_length[length]);
    if (left < 0) return false;
    if (of_length[length] > 0) longest = length;
  }
  if (left > 0 && !(one_will_do && (used == 0 || (used == 1 && longest == 1)))) return false;
  const size_t first_size = size_t{1} << first_bits;
  if (left > 0) std::fill_n(table, first_size, kInvalidCode | 1);

  unsigned at[kMostCodeBits + 2] = {};
  for (unsigned length = 1; length <= kMostCodeBits; length++) at[length + 1] = at[length] + of_length[length];
  uint16_t sorted[kMostSymbols];
  for (size_t i = 0; i < count; i++) {
    if (lengths[i] != 0) sorted[at[lengths[i]]++] = static_cast<uint16_t>(i);
  }

  uint32_t code = 0;
  size_t free_at = first_size;
  size_t second = 0;
  size_t second_size = 0;
  uint32_t second_of = UINT32_MAX;
  for (size_t i = 0; i < used; i++) {
    const unsigned length = lengths[sorted[i]];
    if (length <= first_bits) {
      const HuffmanEntry entry = symbols[sorted[i]] | length;
      for (size_t slot = code; slot < first_size; slot += size_t{1} << length) table[slot] = entry;
    } else {
      const uint32_t low = code & static_cast<uint32_t>(first_size - 1);
      if (low != second_of) {
        // As many bits as the codes with these first bits need: those to come fill it, shorter ones first.
        unsigned bits = length - first_bits;
        int room = 1 << bits;
        while (first_bits + bits < longest && (room -= static_cast<int>(of_length[first_bits + bits])) > 0) {
          bits++;
          room <<= 1;
        }
        second_of = low;
        second = free_at;
        second_size = size_t{1} << bits;
        free_at += second_size;
        if (free_at > capacity) return false;
        table[low] = huffman_entry(HuffmanKind::kLink, static_cast<uint32_t>(second), bits, first_bits);
      }
      const HuffmanEntry entry = symbols[sorted[i]] | (length - first_bits);
      for (size_t slot = code >> first_bits; slot < second_size; slot += size_t{1} << (length - first_bits)) table[second + slot] = entry;
    }
    of_length[length]--;
    code = next_code(code, length);
    // A longer code begins with the next free one of this length, bits reversed, so nothing else is to be done.
  }
  return true;
}

}  // namespace tsbuild
