#pragma once
// Names in the tree that is written: what stands there, opened without following it, and the mark that stands for a whiteout.

#include "kernel.h"
#include "layer_error.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>

namespace tsbuild {

// A fifo with permissions and a time that no archive gives one; src/snapshots/fold-layer.ts knows them too.
inline constexpr mode_t kMarkMode = 01000;
inline constexpr timespec kMarkTime = {1, 604'021'937};

inline bool is_whiteout(const struct stat& status) {
  if (S_ISFIFO(status.st_mode)) {
    const bool marked_time = status.st_mtim.tv_sec == kMarkTime.tv_sec && status.st_mtim.tv_nsec == kMarkTime.tv_nsec;
    return marked_time && (status.st_mode & 07777) == kMarkMode;
  }
  return S_ISCHR(status.st_mode) && status.st_rdev == 0;
}

// False when nothing is there.
inline bool status_at(int parent, const std::string& name, const std::string& path, struct stat* status) {
  if (fstatat(parent, name.c_str(), status, AT_SYMLINK_NOFOLLOW) == 0) return true;
  if (errno != ENOENT) throw_system("fstatat", path);
  return false;
}

inline UniqueFd open_nofollow(int parent, const std::string& name, int flags, const std::string& path) {
  UniqueFd fd(retry_eintr([&] { return openat(parent, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC); }));
  if (!fd) throw_system("openat", path);
  return fd;
}

}  // namespace tsbuild
