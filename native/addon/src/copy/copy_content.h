#pragma once
// The bytes of a file, in the cheapest way the two file systems have: shared, copied by the kernel, or read and written. Holes stay holes.

#include "copy/copy_plan.h"
#include "napi_util.h"
#include "sha256.h"

#include <atomic>
#include <cstddef>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

namespace tsbuild {

// One file that is copied.
struct FileCopy {
  const CopyEntry& entry;
  int source;
  int target;                // new and empty, open for reading too
  std::vector<char>* block;  // ContentCopier::kBlock bytes to work with
  Sha256* content;           // of what is written; null: nobody asks
};

class ContentCopier {
 public:
  static constexpr size_t kBlock = 128 * 1024;

  // May be called by several threads at once.
  Failure copy(const FileCopy& file, const struct stat& status);

 private:
  Failure copy_all(const FileCopy& file, off_t size);
  // The bytes from `at` up to `end`, or the end of the file, to the same place.
  Failure copy_range(const FileCopy& file, off_t at, off_t end);
  // The same; `size`: where the end of the file is expected.
  static Failure copy_by_reading(const FileCopy& file, off_t at, off_t end, off_t size);
  // The content of a copy that was made without seeing its bytes.
  static Failure hash_copy(const FileCopy& file);

  // Calls that do not work between these two file systems are not tried again for each file.
  std::atomic<bool> can_clone_{true};
  std::atomic<bool> can_copy_range_{true};
};

}  // namespace tsbuild
