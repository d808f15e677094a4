#include "remove.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "directory.h"
#include "kernel.h"
#include "module.h"

namespace tsbuild {
namespace {

// Deeper directories are first moved to the top of the tree: neither descriptors nor stack grow with its depth.
constexpr int kDeepest = 64;
// Somebody who keeps creating files must not keep us here for ever.
constexpr int kPasses = 100;

class Remover {
 public:
  Failure first;

  // A file or a whole directory; failures are kept in `first`.
  void remove(int dir, const std::string& name, const std::string& path, int depth) {
    if (unlink_in(dir, name, 0, depth)) return;
    if (errno == EISDIR || errno == EPERM) {
      const int unlink_error = errno;
      struct stat status;
      if (fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) {
        remove_directory(dir, name, path, depth);
        return;
      }
      errno = unlink_error;
    }
    keep("unlinkat", path);
  }

 private:
  void keep(const char* syscall, const std::string& path) {
    if (!first) first = fail(syscall, path);
  }

  // True when gone. A directory of ours without write permission gets it, except the caller's, which stays.
  bool unlink_in(int dir, const std::string& name, int flags, int depth) {
    if (unlinkat(dir, name.c_str(), flags) == 0 || errno == ENOENT) return true;
    if (errno != EACCES || depth == 0) return false;
    if (fchmod(dir, 0700) == 0 && unlinkat(dir, name.c_str(), flags) == 0) return true;
    errno = EACCES;
    return false;
  }

  UniqueFd open_directory(int dir, const std::string& name) {
    const auto attempt = [&] {
      return open_at2(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
    };
    int fd = attempt();
    if (fd < 0 && errno == EACCES && chmod_nofollow(dir, name.c_str(), 0700) == 0) fd = attempt();
    if (fd < 0 && errno == EXDEV) errno = EBUSY;  // a mount point: what rmdir(2) would say
    return UniqueFd(fd);
  }

  void remove_directory(int dir, const std::string& name, const std::string& path, int depth) {
    const UniqueFd fd = open_directory(dir, name);
    if (!fd) {
      if (errno != ENOENT) keep("openat2", path);
      return;
    }
    const bool is_top = depth == 0;
    if (is_top) top_ = fd.get();
    if (depth >= kDeepest && move_to_top(dir, name)) return;
    for (int pass = 0;; pass++) {
      const unsigned long moves_before = moves_;
      empty(fd.get(), path, depth);
      if (unlink_in(dir, name, AT_REMOVEDIR, depth)) return;
      // What was moved here, or was created meanwhile, needs another pass.
      if (is_top && moves_ != moves_before) pass = 0;
      const bool again = (errno == ENOTEMPTY || errno == EEXIST) && !first && pass < kPasses;
      if (!again) {
        keep("unlinkat", path);
        return;
      }
      if (lseek(fd.get(), 0, SEEK_SET) != 0) {
        keep("lseek", path);
        return;
      }
    }
  }

  void empty(int fd, const std::string& path, int depth) {
    // Collected first: removing while reading makes some file systems skip entries.
    std::vector<std::string> names;
    if (!for_each_name(fd, [&](const char* name, unsigned char) { names.emplace_back(name); })) keep("getdents64", path);
    for (const std::string& name : names) remove(fd, name, path + "/" + name, depth + 1);
  }

  // False when it has to be done here after all.
  bool move_to_top(int dir, const std::string& name) {
    const std::string moved = ".tsbuild-removed-" + std::to_string(moves_++);
    return renameat(dir, name.c_str(), top_, moved.c_str()) == 0;
  }

  int top_ = -1;
  unsigned long moves_ = 0;
};

napi_value js_remove_tree(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = static_cast<int>(args.integer(0, AT_FDCWD, INT32_MAX));
  const std::string name = args.path(1);
  if (!args.ok) return nullptr;
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) return throw_type_error(env, "removeTree takes one name");
  return run_on_pool(
      env, "tsbuild:remove", [dir, name] { return remove_tree(dir, name, name); }, make_undefined);
}

}  // namespace

Failure remove_tree(int dir, const std::string& name, const std::string& path) {
  Remover remover;
  remover.remove(dir, name, path, 0);
  return remover.first;
}

}  // namespace tsbuild

void register_remove(napi_env env, napi_value exports) {
  using namespace tsbuild;
  export_function(env, exports, "removeTree", js_remove_tree);
}
