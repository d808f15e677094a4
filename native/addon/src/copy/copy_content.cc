#include "copy/copy_content.h"

#include <cerrno>
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
  if (!sparse) return copy_range(source, target, 0, -1, block, entry);

  for (off_t data = 0; data < size;) {
    data = lseek(source, data, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // only a hole is left
    if (data < 0) return copy_range(source, target, 0, -1, block, entry);  // the file system cannot tell
    const off_t hole = lseek(source, data, SEEK_HOLE);
    if (hole < 0) return fail("lseek", entry.from);
    if (Failure failure = copy_range(source, target, data, hole, block, entry)) return failure;
    data = hole;
  }
  return ftruncate(target, size) == 0 ? Failure{} : fail("ftruncate", entry.to);
}

Failure ContentCopier::copy_range(int source, int target, off_t at, off_t end, std::vector<char>* block, const CopyEntry& entry) {
  const auto left = [&] { return end < 0 ? SIZE_MAX >> 1 : static_cast<size_t>(end - at); };
  // Not for what one read and one write do: some file systems give 0 for files that are made on the fly.
  while (left() > kBlock && can_copy_range_) {
    off_t to = at;
    const ssize_t copied = copy_file_range(source, &at, target, &to, left() < (1u << 30) ? left() : 1u << 30, 0);
    if (copied > 0) continue;
    if (copied == 0) break;
    if (errno == EINTR) continue;
    if (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS) {
      can_copy_range_ = false;
      break;
    }
    return fail("copy_file_range", entry.to);
  }
  while (left() > 0) {
    const size_t wanted_bytes = left() < block->size() ? left() : block->size();
    const ssize_t size = retry_eintr([&] { return pread(source, block->data(), wanted_bytes, at); });
    if (size < 0) return fail("read", entry.from);
    if (size == 0) return {};
    for (ssize_t done = 0; done < size;) {
      const ssize_t written =
          retry_eintr([&] { return pwrite(target, block->data() + done, static_cast<size_t>(size - done), at + done); });
      if (written < 0) return fail("write", entry.to);
      done += written;
    }
    at += size;
  }
  return {};
}

}  // namespace tsbuild
