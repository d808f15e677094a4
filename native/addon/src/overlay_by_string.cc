// mount(2) needs a place to mount on, short names because all options are one page, and a working directory that the names start from.
// All three belong to a thread that has a mount namespace of its own and ends with it: nothing is there to be taken away, and no other
// thread sees any of it. What leaves it is a clone of the mount, attached nowhere. Descriptors are opened again in there, because an
// overlay takes directories of its own namespace only.

#include "overlay_by_string.h"

#include "kernel.h"
#include "mount_calls.h"
#include "thread_apart.h"

#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace tsbuild {
namespace {

constexpr size_t kPage = 4096;  // a longer string is cut without a word
// Still visible after the mount on it, because the working directory lies inside.
constexpr char kPlace[] = "/proc";
constexpr char kDescriptors[] = "/proc/thread-self/fd";

// The same directory, by its name in this thread's namespace. A step that is sealed meanwhile is renamed: its name is asked for again.
Failure open_again(int fd, UniqueFd* out) {
  struct stat wanted;
  if (fstat(fd, &wanted) != 0) return fail("fstat");
  char path[PATH_MAX];
  for (int attempt = 0; attempt < 100; attempt++) {
    const ssize_t size = readlink(proc_path(fd).c_str(), path, sizeof path - 1);
    if (size < 0) return fail("readlink", proc_path(fd));
    path[size] = '\0';
    out->reset(open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat found;
    if (*out && fstat(out->get(), &found) == 0 && found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino) return {};
  }
  errno = ENOENT;
  return fail("open", path);
}

std::string options_of(const Overlay& overlay) {
  std::string options = overlay.userxattr ? "index=off,uuid=off,userxattr" : "index=off,uuid=off,redirect_dir=nofollow,metacopy=off";
  // Quoted: it has commas.
  if (!overlay.label.empty()) options += ",context=\"" + overlay.label + "\"";
  if (overlay.upper >= 0) options += ",volatile,upperdir=" + std::to_string(overlay.upper) + ",workdir=" + std::to_string(overlay.work);
  const char* separator = ",lowerdir=";
  for (const int lower : overlay.lowers) {
    options += separator + std::to_string(lower);
    separator = ":";
  }
  return options;
}

Failure enter_own_namespace() {
  if (unshare(CLONE_NEWNS) != 0) return fail("unshare");
  if (syscall(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return fail("mount", "/");
  return {};
}

Failure mount_in_own_namespace(Overlay overlay, UniqueFd* out) {
  if (auto failure = enter_own_namespace()) return failure;
  std::vector<UniqueFd> opened;
  const auto enter = [&opened](int* fd) {
    UniqueFd own;
    if (auto failure = open_again(*fd, &own)) return failure;
    *fd = own.get();
    opened.push_back(std::move(own));
    return Failure{};
  };
  for (int& lower : overlay.lowers) {
    if (auto failure = enter(&lower)) return failure;
  }
  if (overlay.upper >= 0) {
    if (auto failure = enter(&overlay.upper)) return failure;
    if (auto failure = enter(&overlay.work)) return failure;
  }
  const std::string options = options_of(overlay);
  if (options.size() >= kPage) {
    errno = E2BIG;
    return fail("mount", "overlay");
  }
  if (chdir(kDescriptors) != 0) return fail("chdir", kDescriptors);
  if (syscall(SYS_mount, "overlay", kPlace, "overlay", MS_NODEV, options.c_str()) != 0) return fail("mount", "overlay");
  if (overlay.read_only) {
    struct mount_attr attributes = {};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (syscall(SYS_mount_setattr, AT_FDCWD, kPlace, 0, &attributes, sizeof attributes) != 0) return fail("mount_setattr");
  }
  out->reset(static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, kPlace, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  return *out ? Failure{} : fail("open_tree", "overlay");
}

Failure attach_and_clone(int mount, const std::string& path, UniqueFd* out) {
  if (auto failure = enter_own_namespace()) return failure;
  if (syscall(SYS_move_mount, mount, "", AT_FDCWD, kPlace, MOVE_MOUNT_F_EMPTY_PATH) != 0) return fail("move_mount", path);
  const UniqueFd inside(open_at2(mount, path.c_str(), O_PATH, 0, kInRoot));
  if (!inside) return fail("openat2", path);
  out->reset(static_cast<int>(syscall(SYS_open_tree, inside.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH)));
  return *out ? Failure{} : fail("open_tree", path);
}

}  // namespace

Failure clone_inside_detached(int mount, const std::string& path, UniqueFd* out) {
  Failure failure;
  std::thread([&] { failure = attach_and_clone(mount, path, out); }).join();
  return failure;
}

Failure mount_overlay_by_string(const Overlay& overlay, UniqueFd* out) {
  return on_thread_apart([&] { return mount_in_own_namespace(overlay, out); });
}

}  // namespace tsbuild
