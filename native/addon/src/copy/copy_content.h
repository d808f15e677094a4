#pragma once
// The bytes of a file, in the cheapest way the two file systems have: shared, copied by the kernel, or read and written. Holes stay holes.

#include "copy/copy_plan.h"
#include "napi_util.h"

#include <atomic>
#include <cstddef>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

namespace tsbuild {

class ContentCopier {
 public:
  static constexpr size_t kBlock = 128 * 1024;

  // `target`: new and empty. `block`: kBlock bytes to work with; the copier itself may be used by several threads at once.
  Failure copy(int source, const struct stat& status, int target, std::vector<char>* block, const CopyEntry& entry);

 private:
  Failure copy_all(int source, int target, off_t size, std::vector<char>* block, const CopyEntry& entry);
  // The bytes from `at` up to `end`, or the end of the file, to the same place.
  Failure copy_range(int source, int target, off_t at, off_t end, std::vector<char>* block, const CopyEntry& entry);
  // The same; `size`: where the end of the file is expected.
  Failure copy_by_reading(int source, int target, off_t at, off_t end, off_t size, std::vector<char>* block, const CopyEntry& entry);

  // Calls that do not work between these two file systems are not tried again for each file.
  std::atomic<bool> can_clone_{true};
  std::atomic<bool> can_copy_range_{true};
};

}  // namespace tsbuild
