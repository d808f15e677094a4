#include "entries/columns.h"

namespace tsbuild {

bool Columns::open(const void* data, size_t size, size_t count) {
  if (count > size / kBytesEach) return false;
  const auto* start = static_cast<const char*>(data);
  count_ = count;
  times_ = reinterpret_cast<const int64_t*>(start);
  doubles_ = reinterpret_cast<const double*>(start + 16 * count);
  words_ = reinterpret_cast<const uint32_t*>(start + 40 * count);
  bytes_ = start + kBytesEach * count;
  const size_t room = size - kBytesEach * count;
  for (size_t i = 0; i < count; i++) {
    if (size_t{word(6, i)} + word(7, i) + word(8, i) > room) return false;
  }
  return true;
}

}  // namespace tsbuild
