#pragma once
// What is known of the digest of an entry: a byte for each of them; src/sys/digest-entries.ts has the same.

#include <cstdint>

namespace tsbuild {

inline constexpr uint8_t kToRead = 0;
// From before, or there is none.
inline constexpr uint8_t kKnown = 1;
// It was read just now.
inline constexpr uint8_t kTaken = 2;

}  // namespace tsbuild
