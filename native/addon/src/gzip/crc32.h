#pragma once
// The checksum of gzip (RFC 1952 section 8): CRC-32 of ISO 3309, bits reflected.

#include <cstddef>
#include <cstdint>

namespace tsbuild {

// The checksum of what `before` is the checksum of (0: nothing), followed by these bytes.
uint32_t crc32(uint32_t before, const uint8_t* data, size_t size);
// The same without special instructions: what the other is tested against.
uint32_t crc32_portable(uint32_t before, const uint8_t* data, size_t size);

}  // namespace tsbuild
