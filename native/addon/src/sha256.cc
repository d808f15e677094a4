#include "sha256.h"

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_neon.h>
#include <sys/auxv.h>
#endif

namespace tsbuild {
namespace {

// FIPS 180-4 section 4.2.2
alignas(64) constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// FIPS 180-4 section 5.3.3
constexpr uint32_t kInitial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

using Compress = void (*)(uint32_t* state, const uint8_t* data, size_t blocks);
using CompressThree = void (*)(uint32_t* one, uint32_t* other, const uint8_t* data, uint32_t* third, const uint8_t* third_data, size_t blocks);
using CompressTwo = void (*)(uint32_t* one, uint32_t* other, const uint8_t* data, size_t blocks);

constexpr uint32_t rotate(uint32_t value, int count) { return (value >> count) | (value << (32 - count)); }

uint32_t load_be32(const uint8_t* p) {
  return (uint32_t{p[0]} << 24) | (uint32_t{p[1]} << 16) | (uint32_t{p[2]} << 8) | uint32_t{p[3]};
}

void store_be32(uint8_t* p, uint32_t value) {
  for (int i = 0; i < 4; i++) p[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

void compress_portable(uint32_t* state, const uint8_t* data, size_t blocks) {
  for (; blocks > 0; blocks--, data += 64) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) w[i] = load_be32(data + 4 * i);
    for (int i = 16; i < 64; i++) {
      const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
      const uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
      const uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

#if defined(__x86_64__)

// The instructions keep a state as two vectors, ABEF and CDGH, and do two rounds at a time.
// Intel Software Developer's Manual volume 2, SHA256RNDS2, SHA256MSG1, SHA256MSG2.
struct Vectors {
  __m128i abef;
  __m128i cdgh;
};

// The message words of a block, in the byte order of the instructions.
struct Message {
  __m128i w[4];
};

__attribute__((target("sha,sse4.1,ssse3"))) inline Message load_message(const uint8_t* data) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  Message message;
  for (int i = 0; i < 4; i++) message.w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data) + i), swap);
  return message;
}

// The four message words sixteen places on take the place of the four just used.
__attribute__((target("sha,sse4.1,ssse3"))) inline void expand_message(Message* message, int group) {
  __m128i(&w)[4] = message->w;
  const __m128i second = w[(group + 1) & 3], third = w[(group + 2) & 3], fourth = w[(group + 3) & 3];
  const __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(w[group & 3], second), _mm_alignr_epi8(fourth, third, 4));
  w[group & 3] = _mm_sha256msg2_epu32(partial, fourth);
}

__attribute__((target("sha,sse4.1,ssse3"))) inline Vectors load_state(const uint32_t* state) {
  const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state)), 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state + 4)), 0x1b);
  return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

__attribute__((target("sha,sse4.1,ssse3"))) inline void store_state(uint32_t* state, const Vectors& vectors) {
  const __m128i feba = _mm_shuffle_epi32(vectors.abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(vectors.cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// Blocks into one state or more: state `s` takes those of stream `streams[s]`. Since each round waits for the one before, the processor
// does those of another state meanwhile: a second costs a fifth of the first when its stream is the same, a third half of it.
template <int kStates, int kStreams>
__attribute__((target("sha,sse4.1,ssse3"))) inline void compress_states(uint32_t* const (&states)[kStates], const int (&streams)[kStates],
                                                                        const uint8_t* const (&data)[kStreams], size_t blocks) {
  Vectors now[kStates];
#pragma GCC unroll 3
  for (int s = 0; s < kStates; s++) now[s] = load_state(states[s]);

  for (size_t at = 0; at < blocks * 64; at += 64) {
    Vectors before[kStates];
#pragma GCC unroll 3
    for (int s = 0; s < kStates; s++) before[s] = now[s];
    Message message[kStreams];
#pragma GCC unroll 2
    for (int i = 0; i < kStreams; i++) message[i] = load_message(data[i] + at);
#pragma GCC unroll 16
    for (int group = 0; group < 16; group++) {
      const __m128i round = _mm_load_si128(reinterpret_cast<const __m128i*>(kRound) + group);
      __m128i sum[kStreams];
#pragma GCC unroll 2
      for (int i = 0; i < kStreams; i++) sum[i] = _mm_add_epi32(message[i].w[group & 3], round);
#pragma GCC unroll 3
      for (int s = 0; s < kStates; s++) now[s].cdgh = _mm_sha256rnds2_epu32(now[s].cdgh, now[s].abef, sum[streams[s]]);
#pragma GCC unroll 3
      for (int s = 0; s < kStates; s++) {
        now[s].abef = _mm_sha256rnds2_epu32(now[s].abef, now[s].cdgh, _mm_shuffle_epi32(sum[streams[s]], 0x0e));
      }
#pragma GCC unroll 2
      for (int i = 0; i < kStreams && group < 12; i++) expand_message(&message[i], group);
    }
#pragma GCC unroll 3
    for (int s = 0; s < kStates; s++) {
      now[s].abef = _mm_add_epi32(now[s].abef, before[s].abef);
      now[s].cdgh = _mm_add_epi32(now[s].cdgh, before[s].cdgh);
    }
  }
#pragma GCC unroll 3
  for (int s = 0; s < kStates; s++) store_state(states[s], now[s]);
}

__attribute__((target("sha,sse4.1,ssse3"))) void compress_sha_ni(uint32_t* state, const uint8_t* data, size_t blocks) {
  compress_states<1, 1>({state}, {0}, {data}, blocks);
}

__attribute__((target("sha,sse4.1,ssse3"))) void compress_two_sha_ni(uint32_t* one, uint32_t* other, const uint8_t* data, size_t blocks) {
  compress_states<2, 1>({one, other}, {0, 0}, {data}, blocks);
}

__attribute__((target("sha,sse4.1,ssse3"))) void compress_three_sha_ni(uint32_t* one, uint32_t* other, const uint8_t* data, uint32_t* third,
                                                                       const uint8_t* third_data, size_t blocks) {
  compress_states<3, 2>({one, other, third}, {0, 0, 1}, {data, third_data}, blocks);
}

bool has_sha_instructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const bool shuffles = (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
  return shuffles && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29)) != 0;  // CPUID.7.0:EBX bit 29 = SHA
}

const Compress kAccelerated = compress_sha_ni;
const CompressTwo kTwoAccelerated = compress_two_sha_ni;
const CompressThree kThreeAccelerated = compress_three_sha_ni;

#elif defined(__aarch64__) && defined(__linux__)

// Arm Architecture Reference Manual, SHA256H, SHA256H2, SHA256SU0, SHA256SU1.
__attribute__((target("+crypto"))) void compress_arm(uint32_t* state, const uint8_t* data, size_t blocks) {
  uint32x4_t abcd = vld1q_u32(state);
  uint32x4_t efgh = vld1q_u32(state + 4);
  for (; blocks > 0; blocks--, data += 64) {
    const uint32x4_t abcd_before = abcd;
    const uint32x4_t efgh_before = efgh;
    uint32x4_t w[4];
    for (int i = 0; i < 4; i++) w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
    for (int group = 0; group < 16; group++) {
      uint32x4_t& now = w[group & 3];
      const uint32x4_t sum = vaddq_u32(now, vld1q_u32(kRound + 4 * group));
      const uint32x4_t old = abcd;
      abcd = vsha256hq_u32(abcd, efgh, sum);
      efgh = vsha256h2q_u32(efgh, old, sum);
      if (group < 12) now = vsha256su1q_u32(vsha256su0q_u32(now, w[(group + 1) & 3]), w[(group + 2) & 3], w[(group + 3) & 3]);
    }
    abcd = vaddq_u32(abcd, abcd_before);
    efgh = vaddq_u32(efgh, efgh_before);
  }
  vst1q_u32(state, abcd);
  vst1q_u32(state + 4, efgh);
}

bool has_sha_instructions() { return (getauxval(AT_HWCAP) & (1ul << 6)) != 0; }  // HWCAP_SHA2, asm/hwcap.h

const Compress kAccelerated = compress_arm;
const CompressTwo kTwoAccelerated = nullptr;
const CompressThree kThreeAccelerated = nullptr;

#else

bool has_sha_instructions() { return false; }

const Compress kAccelerated = compress_portable;
const CompressTwo kTwoAccelerated = nullptr;
const CompressThree kThreeAccelerated = nullptr;

#endif

// Written once when the library is loaded, read by every thread.
const bool kHasInstructions = has_sha_instructions();
const Compress kCompress = kHasInstructions ? kAccelerated : compress_portable;
const CompressTwo kCompressTwo = kHasInstructions ? kTwoAccelerated : nullptr;
const CompressThree kCompressThree = kHasInstructions ? kThreeAccelerated : nullptr;

}  // namespace

void Sha256::reset() {
  memcpy(state_, kInitial, sizeof state_);
  total_ = 0;
  buffered_ = 0;
}

void Sha256::update(const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  total_ += size;
  if (buffered_ > 0) {
    const size_t room = sizeof buffer_ - buffered_;
    const size_t taken = size < room ? size : room;
    if (taken > 0) memcpy(buffer_ + buffered_, bytes, taken);
    buffered_ += taken, bytes += taken, size -= taken;
    if (buffered_ < sizeof buffer_) return;
    kCompress(state_, buffer_, 1);
    buffered_ = 0;
  }
  const size_t blocks = size / 64;
  if (blocks > 0) kCompress(state_, bytes, blocks);
  bytes += blocks * 64, size -= blocks * 64;
  if (size > 0) memcpy(buffer_, bytes, size);
  buffered_ = size;
}

void Sha256::update_both(Sha256* other, const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  const size_t blocks = size / 64;
  if (kCompressTwo != nullptr && buffered_ == 0 && other->buffered_ == 0 && blocks > 0) {
    kCompressTwo(state_, other->state_, bytes, blocks);
    total_ += blocks * 64, other->total_ += blocks * 64;
    bytes += blocks * 64, size -= blocks * 64;
  }
  update(bytes, size);
  other->update(bytes, size);
}

void Sha256::update_both_beside(Sha256* other, const void* data, Sha256* third, const void* third_data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  const auto* third_bytes = static_cast<const uint8_t*>(third_data);
  const size_t whole = size / 64 * 64;
  if (kCompressThree != nullptr && buffered_ == 0 && other->buffered_ == 0 && third->buffered_ == 0 && whole > 0) {
    kCompressThree(state_, other->state_, bytes, third->state_, third_bytes, whole / 64);
    total_ += whole, other->total_ += whole, third->total_ += whole;
    bytes += whole, third_bytes += whole, size -= whole;
  }
  update_both(other, bytes, size);
  third->update(third_bytes, size);
}

Sha256Digest Sha256::finish() {
  // FIPS 180-4 section 5.1.1: a 1 bit, zeros, and the length in bits as 64 bits end the last block.
  const uint64_t bits = total_ * 8;
  uint8_t padding[72] = {0x80};
  const size_t zeros_end = (buffered_ < 56 ? 56 : 120) - buffered_;
  for (int i = 0; i < 8; i++) padding[zeros_end + i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
  update(padding, zeros_end + 8);

  Sha256Digest digest;
  for (int i = 0; i < 8; i++) store_be32(digest.data() + 4 * i, state_[i]);
  reset();
  return digest;
}

bool sha256_is_accelerated() { return kHasInstructions; }

Sha256Digest sha256_portable(const void* data, size_t size) {
  uint32_t state[8];
  memcpy(state, kInitial, sizeof state);
  const auto* bytes = static_cast<const uint8_t*>(data);
  const size_t whole = size / 64 * 64;
  compress_portable(state, bytes, whole / 64);
  uint8_t tail[128] = {};
  const size_t rest = size - whole;
  if (rest > 0) memcpy(tail, bytes + whole, rest);
  tail[rest] = 0x80;
  const size_t tail_size = rest < 56 ? 64 : 128;
  for (int i = 0; i < 8; i++) tail[tail_size - 8 + i] = static_cast<uint8_t>((uint64_t{size} * 8) >> (56 - 8 * i));
  compress_portable(state, tail, tail_size / 64);
  Sha256Digest digest;
  for (int i = 0; i < 8; i++) store_be32(digest.data() + 4 * i, state[i]);
  return digest;
}

}  // namespace tsbuild
