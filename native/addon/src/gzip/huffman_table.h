#pragma once
// Tables that decode one symbol of deflate by one look-up, or by two for long codes.

#include <cstddef>
#include <cstdint>

namespace tsbuild {

// What the next bits mean. Bits 0 to 7: how many of them the code has (of a link: the bits of the first table). Bits 8 to 13: how many
// bits follow that are added to the value (of a link: how many the second table is looked up by). Bits 14 and 15: the kind. Bits 16 to
// 31: the literal, the base of the length or distance, or where the second table begins.
using HuffmanEntry = uint32_t;

enum class HuffmanKind : uint32_t { kLiteral = 0, kBase = 1, kLink = 2, kOther = 3 };

constexpr HuffmanEntry huffman_entry(HuffmanKind kind, uint32_t value, uint32_t extra, uint32_t bits = 0) {
  return value << 16 | static_cast<uint32_t>(kind) << 14 | extra << 8 | bits;
}
// kOther: no symbol has this code, or none that means anything; and the end of the block.
constexpr HuffmanEntry kInvalidCode = huffman_entry(HuffmanKind::kOther, 0, 0);
constexpr HuffmanEntry kBlockEnd = huffman_entry(HuffmanKind::kOther, 1, 0);

inline HuffmanKind kind_of(HuffmanEntry entry) { return static_cast<HuffmanKind>(entry >> 14 & 3); }
inline unsigned bits_of(HuffmanEntry entry) { return entry & 0xff; }
inline unsigned extra_of(HuffmanEntry entry) { return entry >> 8 & 0x3f; }
inline uint32_t value_of(HuffmanEntry entry) { return entry >> 16; }

constexpr unsigned kMostCodeBits = 15;

// Fills a table from the lengths of the codes. `symbols`: what each symbol means, without the bits of its code. False when the lengths are
// no complete prefix code; a code of no or of one symbol is let pass if `one_will_do`, and its other bits have kInvalidCode.
bool fill_huffman_table(const uint8_t* lengths, size_t count, const HuffmanEntry* symbols, bool one_will_do, unsigned first_bits, HuffmanEntry* table,
                        size_t capacity);

// `kFirstBits` are looked up at once. kCapacity is the largest number of entries that a complete code can need, by enumeration of all
// codes; a table that would be larger counts as invalid.
template <unsigned kBits, size_t kEntries>
struct HuffmanTable {
  static constexpr unsigned kFirstBits = kBits;
  static constexpr size_t kCapacity = kEntries;
  HuffmanEntry entries[kEntries];

  bool fill(const uint8_t* lengths, size_t count, const HuffmanEntry* symbols, bool one_will_do) {
    return fill_huffman_table(lengths, count, symbols, one_will_do, kBits, entries, kEntries);
  }
  // The entry of the code that `bits` begins with; of a long code the bits are those behind the first table's, which `*used` counts.
  HuffmanEntry look_up(uint64_t bits, unsigned* used) const {
    HuffmanEntry entry = entries[bits & ((1u << kBits) - 1)];
    *used = 0;
    if (kind_of(entry) == HuffmanKind::kLink) {
      *used = kBits;
      entry = entries[value_of(entry) + (bits >> kBits & ((1u << extra_of(entry)) - 1))];
    }
    return entry;
  }
};

using CodeLengthTable = HuffmanTable<7, 128>;
using LiteralTable = HuffmanTable<11, 2342>;
using DistanceTable = HuffmanTable<8, 402>;

}  // namespace tsbuild
