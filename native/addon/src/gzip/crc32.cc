#include "gzip/crc32.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tsbuild {
namespace {

constexpr uint32_t kPolynomial = 0xedb88320;
constexpr size_t kSlices = 8;

// Entry [s][b]: what byte b does to the remainder once s more bytes have passed.
constexpr std::array<std::array<uint32_t, 256>, kSlices> make_tables() {
  std::array<std::array<uint32_t, 256>, kSlices> tables{};
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = value;
  }
  for (size_t slice = 1; slice < kSlices; slice++) {
    for (uint32_t byte = 0; byte < 256; byte++) {
      const uint32_t shorter = tables[slice - 1][byte];
      tables[slice][byte] = (shorter >> 8) ^ tables[0][shorter & 0xff];
    }
  }
  return tables;
}

constexpr auto kTables = make_tables();

uint64_t load_le64(const uint8_t* p) {
  uint64_t value = 0;
  for (int i = 0; i < 8; i++) value |= uint64_t{p[i]} << (8 * i);
  return value;
}

// Of the inverted remainder, as the standard keeps it while bytes come.
uint32_t update(uint32_t remainder, const uint8_t* data, size_t size) {
  for (; size >= kSlices; data += kSlices, size -= kSlices) {
    const uint64_t bytes = load_le64(data) ^ remainder;
    remainder = 0;
    for (size_t i = 0; i < kSlices; i++) remainder ^= kTables[kSlices - 1 - i][(bytes >> (8 * i)) & 0xff];
  }
  for (; size > 0; data++, size--) remainder = (remainder >> 8) ^ kTables[0][(remainder ^ *data) & 0xff];
  return remainder;
}

#if defined(__x86_64__)

constexpr size_t kFoldBytes = 64;

// x to the power of `bits` modulo the polynomial, reflected, and shifted once because the product of two reflected numbers is.
constexpr uint64_t fold_constant(unsigned bits) {
  uint32_t value = 0x80000000;  // x^0
  for (unsigned i = 0; i < bits; i++) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
  return uint64_t{value} << 1;
}

// Multiplies the halves of `value` forward over so many bits of the stream and adds them to what stands there.
template <unsigned kBits>
__attribute__((target("pclmul,sse4.1"))) inline __m128i fold(__m128i value, __m128i onto) {
  const __m128i by = _mm_set_epi64x(static_cast<int64_t>(fold_constant(kBits - 32)), static_cast<int64_t>(fold_constant(kBits + 32)));
  return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(value, by, 0x00), _mm_clmulepi64_si128(value, by, 0x11)), onto);
}

// V. Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009: four remainders of
// 128 bits go over the data side by side. The last step is left to the tables. `size` is a multiple of 64, and at least that.
__attribute__((target("pclmul,sse4.1"))) uint32_t update_folding(uint32_t remainder, const uint8_t* data, size_t size) {
  const auto load = [&](size_t at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at)); };
  __m128i a = _mm_xor_si128(load(0), _mm_cvtsi32_si128(static_cast<int>(remainder)));
  __m128i b = load(16), c = load(32), d = load(48);
  for (size_t at = kFoldBytes; at < size; at += kFoldBytes) {
    a = fold<512>(a, load(at)), b = fold<512>(b, load(at + 16)), c = fold<512>(c, load(at + 32)), d = fold<512>(d, load(at + 48));
  }
  b = fold<128>(a, b), c = fold<128>(b, c), d = fold<128>(c, d);
  uint8_t rest[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), d);
  return update(0, rest, sizeof rest);
}

// Written once when the library is loaded, read by every thread.
const bool kCanFold = [] {
  __builtin_cpu_init();
  return __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("sse4.1") != 0;
}();

#endif

}  // namespace

uint32_t crc32(uint32_t before, const uint8_t* data, size_t size) {
  uint32_t remainder = ~before;
#if defined(__x86_64__)
  if (kCanFold && size >= kFoldBytes) {
    const size_t folded = size / kFoldBytes * kFoldBytes;
    remainder = update_folding(remainder, data, folded);
    data += folded, size -= folded;
  }
#endif
  return ~update(remainder, data, size);
}

uint32_t crc32_portable(uint32_t before, const uint8_t* data, size_t size) { return ~update(~before, data, size); }

}  // namespace tsbuild
