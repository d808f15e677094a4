#include "copy/copy_content.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tsbuild {

Failure ContentCopier::copy(int source, const struct stat& status, int target, std::vector<char>* block, const CopyEntry& entry) {
  const off_t size = status.st_size;
  if (static_cast<size_t>(size) > kBlock && can_clone_) {
    if (ioctl(target, FICLONE, source) == 0) return {};
    can_clone_ = false;
  }
  // Fewer blocks than bytes: it has holes (or is compressed, where the search then finds none).
  const bool sparse = int64_t{status.st_blocks} * 512 < size;
  if (!sparse) return copy_all(source, target, size, block, entry);

  for (off_t data = 0; data < size;) {
    data = lseek(source, data, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // only a hole is left
    if (data < 0) return copy_all(source, target, size, block, entry);  // the file system cannot tell
    const off_t hole = lseek(source, data, SEEK_HOLE);
    if (hole < 0) return fail("lseek", entry.from);
    if (Failure failure = copy_range(source, target, data, hole, block, entry)) return failure;
    data = hole;
  }
  return ftruncate(target, size) == 0 ? Failure{} : fail("ftruncate", entry.to);
}

Failure ContentCopier::copy_all(int source, int target, off_t size, std::vector<char>* block, const CopyEntry& entry) {
  off_t at = 0;
  if (size > static_cast<off_t>(kBlock)) {
    if (Failure failure = copy_range(source, target, 0, size, block, entry)) return failure;
    at = size;
  }
  // The status may lie: a file that is made on the fly has size 0, and a log grows.
  return copy_by_reading(source, target, at, std::numeric_limits<off_t>::max(), size, block, entry);
}

Failure ContentCopier::copy_range(int source, int target, off_t at, off_t end, std::vector<char>* block, const CopyEntry& entry) {
  // Not for what one read and one write do faster.
  while (end - at > static_cast<off_t>(kBlock) && can_copy_range_) {
    off_t to = at;
    const off_t wanted_bytes = std::min<off_t>(end - at, 1 << 30);
    const ssize_t copied = copy_file_range(source, &at, target, &to, static_cast<size_t>(wanted_bytes), 0);
    if (copied > 0) continue;
    if (copied == 0) break;
    if (errno == EINTR) continue;
    if (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS) {
      can_copy_range_ = false;
      break;
    }
    return fail("copy_file_range", entry.to);
  }
  return copy_by_reading(source, target, at, end, end, block, entry);
}

Failure ContentCopier::copy_by_reading(int source, int target, off_t at, off_t end, off_t size, std::vector<char>* block, const CopyEntry& entry) {
  while (at < end) {
    const auto wanted_bytes = static_cast<size_t>(std::min<off_t>(end - at, static_cast<off_t>(block->size())));
    const ssize_t got = retry_eintr([&] { return pread(source, block->data(), wanted_bytes, at); });
    if (got < 0) return fail("read", entry.from);
    if (got == 0) return {};
    for (ssize_t done = 0; done < got;) {
      const ssize_t written = retry_eintr([&] { return pwrite(target, block->data() + done, static_cast<size_t>(got - done), at + done); });
      if (written < 0) return fail("write", entry.to);
      done += written;
    }
    at += got;
    // Less than was asked for, and as much as the file should have: another read would only confirm it.
    if (at == size && static_cast<size_t>(got) < wanted_bytes) return {};
  }
  return {};
}

}  // namespace tsbuild
