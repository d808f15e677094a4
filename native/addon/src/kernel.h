#pragma once
// System calls that need a loop, a fallback or a definition older C libraries lack; shared by the files of the addon.

#include <cstdint>
#include <linux/openat2.h>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

#include "napi_util.h"

namespace tsbuild {

constexpr uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

// openat2(2) with O_CLOEXEC. EAGAIN means that something was renamed or mounted anywhere on the system while `..` was resolved:
// it is repeated, as the manual page says. -1 and errno on failure.
int open_at2(int dir, const char* path, int flags, mode_t mode, uint64_t resolve);

// chmod that never follows a link and takes O_PATH descriptors with an empty path. 0, or -1 and errno (EOPNOTSUPP for a link).
int chmod_nofollow(int dir, const char* path, mode_t mode);

// "/proc/self/fd/N": reaches the file of any descriptor, O_PATH too, by calls that take a path.
std::string proc_path(int fd);

// Extended attributes of the file behind any descriptor: the f*xattr calls refuse O_PATH ones, which then go through /proc.
// False, or -1, and errno on failure. A file system without attributes gives an empty list; removing what is not there succeeds.
bool list_xattrs(int fd, std::vector<std::string>* names);
bool get_xattr(int fd, const char* name, std::string* value);
int set_xattr(int fd, const char* name, const std::string& value);
int remove_xattr(int fd, const char* name);

// All bytes, repeated over short writes.
bool write_all(int fd, const void* data, size_t size);

inline int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }
timespec to_timespec(int64_t nanoseconds);

// The part of a relative path before its last name ("" when there is none), and the name.
inline std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}
inline std::string name_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace tsbuild
