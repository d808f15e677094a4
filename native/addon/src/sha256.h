#pragma once
// SHA-256 (FIPS 180-4), incremental. Ours, so that the addon neither needs OpenSSL headers to build nor binds to the copy
// of OpenSSL that the node binary exports.

#include <array>
#include <cstddef>
#include <cstdint>

namespace tsbuild {

using Sha256Digest = std::array<uint8_t, 32>;

// Hash `update`s in order; `finish` gives the digest and leaves the object as new. About 1.3 GB/s where the processor has
// SHA instructions, 0.2 GB/s where it has not. A value: copying it forks the hash.
class Sha256 {
 public:
  Sha256() { reset(); }
  void reset();
  void update(const void* data, size_t size);
  // The same bytes into this and into `other`. For little more than the price of one when both stand at a multiple of 64 bytes.
  void update_both(Sha256* other, const void* data, size_t size);
  // As `update_both`, and as many bytes of another stream into `third`, which for the processor is half as much work as on their own.
  void update_both_beside(Sha256* other, const void* data, Sha256* third, const void* third_data, size_t size);
  Sha256Digest finish();

 private:
  uint32_t state_[8];
  uint64_t total_;
  size_t buffered_;
  uint8_t buffer_[64];
};

// True when the processor's own SHA instructions are used (for `tsbuild info` and the tests).
bool sha256_is_accelerated();

// The portable code whatever the processor has; the tests hold both against each other.
Sha256Digest sha256_portable(const void* data, size_t size);

}  // namespace tsbuild
