#include "copy/copy_content.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tsbuild {

Failure ContentCopier::copy(const FileCopy& file, const struct stat& status) {
  const off_t size = status.st_size;
  if (static_cast<size_t>(size) > kBlock && can_clone_) {
    if (ioctl(file.target, FICLONE, file.source) == 0) return hash_copy(file);
    can_clone_ = false;
  }
  // Fewer blocks than bytes: it has holes (or is compressed, where the search then finds none).
  const bool sparse = int64_t{status.st_blocks} * 512 < size;
  if (!sparse) return copy_all(file, size);

  FileCopy part = file;
  part.content = nullptr;
  for (off_t data = 0; data < size;) {
    data = lseek(file.source, data, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // only a hole is left
    if (data < 0) return copy_all(file, size);  // the file system cannot tell
    const off_t hole = lseek(file.source, data, SEEK_HOLE);
    if (hole < 0) return fail("lseek", file.entry.from);
    if (Failure failure = copy_range(part, data, hole)) return failure;
    data = hole;
  }
  if (ftruncate(file.target, size) != 0) return fail("ftruncate", file.entry.to);
  return hash_copy(file);
}

Failure ContentCopier::copy_all(const FileCopy& file, off_t size) {
  off_t at = 0;
  // Bytes that are hashed pass through here anyway.
  if (size > static_cast<off_t>(kBlock) && file.content == nullptr) {
    if (Failure failure = copy_range(file, 0, size)) return failure;
    at = size;
  }
  // The status may lie: a file that is made on the fly has size 0, and a log grows.
  return copy_by_reading(file, at, std::numeric_limits<off_t>::max(), size);
}

Failure ContentCopier::copy_range(const FileCopy& file, off_t at, off_t end) {
  // Not for what one read and one write do faster.
  while (end - at > static_cast<off_t>(kBlock) && can_copy_range_) {
    off_t to = at;
    const off_t wanted_bytes = std::min<off_t>(end - at, 1 << 30);
    const ssize_t copied = copy_file_range(file.source, &at, file.target, &to, static_cast<size_t>(wanted_bytes), 0);
    if (copied > 0) continue;
    if (copied == 0) break;
    if (errno == EINTR) continue;
    if (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS) {
      can_copy_range_ = false;
      break;
    }
    return fail("copy_file_range", file.entry.to);
  }
  return copy_by_reading(file, at, end, end);
}

Failure ContentCopier::copy_by_reading(const FileCopy& file, off_t at, off_t end, off_t size) {
  char* block = file.block->data();
  while (at < end) {
    const auto wanted_bytes = static_cast<size_t>(std::min<off_t>(end - at, static_cast<off_t>(file.block->size())));
    const ssize_t got = retry_eintr([&] { return pread(file.source, block, wanted_bytes, at); });
    if (got < 0) return fail("read", file.entry.from);
    if (got == 0) return {};
    if (file.content != nullptr) file.content->update(block, static_cast<size_t>(got));
    for (ssize_t done = 0; done < got;) {
      const ssize_t written = retry_eintr([&] { return pwrite(file.target, block + done, static_cast<size_t>(got - done), at + done); });
      if (written < 0) return fail("write", file.entry.to);
      done += written;
    }
    at += got;
    // Less than was asked for, and as much as the file should have: another read would only confirm it.
    if (at == size && static_cast<size_t>(got) < wanted_bytes) return {};
  }
  return {};
}

Failure ContentCopier::hash_copy(const FileCopy& file) {
  if (file.content == nullptr) return {};
  for (off_t at = 0;;) {
    const ssize_t got = retry_eintr([&] { return pread(file.target, file.block->data(), file.block->size(), at); });
    if (got < 0) return fail("read", file.entry.to);
    if (got == 0) return {};
    file.content->update(file.block->data(), static_cast<size_t>(got));
    at += got;
  }
}

}  // namespace tsbuild
