#include "kernel.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452  // Linux 6.6, the same number on every architecture
#endif

namespace tsbuild {
namespace {

int chmod_by_proc(int dir, const char* path, mode_t mode) {
  UniqueFd file;
  if (*path != '\0') {
    file.reset(retry_eintr([&] { return openat(dir, path, O_PATH | O_NOFOLLOW | O_CLOEXEC); }));
    if (!file) return -1;
  }
  const int fd = *path == '\0' ? dir : file.get();
  struct stat status;
  if (fstat(fd, &status) != 0) return -1;
  if (S_ISLNK(status.st_mode)) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return chmod(proc_path(fd).c_str(), mode);
}

// Fill `out` by a call that says ERANGE when the room is too small; what it reads may grow between two calls.
template <typename Read>
bool read_growing(std::string* out, Read read) {
  out->resize(256);
  ssize_t size = 0;
  while ((size = read(out->data(), out->size())) < 0 && errno == ERANGE) {
    const ssize_t wanted = read(nullptr, 0);
    if (wanted < 0) return false;
    out->resize(static_cast<size_t>(wanted) + 256);
  }
  out->resize(size < 0 ? 0 : static_cast<size_t>(size));
  return size >= 0;
}

}  // namespace

int open_at2(int dir, const char* path, int flags, mode_t mode, uint64_t resolve) {
  struct open_how how = {};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  // Anything else in `mode` is EINVAL where open(2) would ignore it.
  how.mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? mode & 07777 : 0;
  how.resolve = resolve;
  for (;;) {
    const long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    if (errno == EINTR) continue;
    // A fifo or device opened with O_NONBLOCK may say EAGAIN for reasons of its own, but not a scoped lookup without it.
    if (errno == EAGAIN && (resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH)) != 0) continue;
    return -1;
  }
}

int chmod_nofollow(int dir, const char* path, mode_t mode) {
  const int flags = *path == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
  if (syscall(SYS_fchmodat2, dir, path, mode, flags) == 0) return 0;
  // Linux before 6.6, or a seccomp filter older than that call
  if (errno != ENOSYS && errno != EPERM) return -1;
  return chmod_by_proc(dir, path, mode);
}

std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

bool list_xattrs(int fd, std::vector<std::string>* names) {
  names->clear();
  std::string list;
  if (!read_growing(&list, [fd](char* room, size_t size) {
        const ssize_t result = flistxattr(fd, room, size);
        return result < 0 && errno == EBADF ? listxattr(proc_path(fd).c_str(), room, size) : result;
      })) {
    return errno == ENOTSUP;
  }
  for (size_t at = 0; at < list.size(); at += names->back().size() + 1) names->emplace_back(list.c_str() + at);
  return true;
}

bool get_xattr(int fd, const char* name, std::string* value) {
  return read_growing(value, [fd, name](char* room, size_t size) {
    const ssize_t result = fgetxattr(fd, name, room, size);
    return result < 0 && errno == EBADF ? getxattr(proc_path(fd).c_str(), name, room, size) : result;
  });
}

int set_xattr(int fd, const char* name, const std::string& value) {
  const int result = fsetxattr(fd, name, value.data(), value.size(), 0);
  if (result == 0 || errno != EBADF) return result;
  return setxattr(proc_path(fd).c_str(), name, value.data(), value.size(), 0);
}

int remove_xattr(int fd, const char* name) {
  int result = fremovexattr(fd, name);
  if (result != 0 && errno == EBADF) result = removexattr(proc_path(fd).c_str(), name);
  // ENOTSUP: a file system that has no such attributes, as a tmpfs before Linux 6.6.
  return result != 0 && (errno == ENODATA || errno == ENOTSUP) ? 0 : result;
}

bool write_all(int fd, const void* data, size_t size) {
  const auto* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = retry_eintr([&] { return write(fd, bytes, size); });
    if (written < 0) return false;
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

timespec to_timespec(int64_t nanoseconds) {
  // Towards minus infinity: tv_nsec is never negative, before 1970 either.
  int64_t seconds = nanoseconds / 1'000'000'000;
  int64_t rest = nanoseconds % 1'000'000'000;
  if (rest < 0) seconds--, rest += 1'000'000'000;
  timespec time = {};
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_nsec = static_cast<long>(rest);
  return time;
}

}  // namespace tsbuild
