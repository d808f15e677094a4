// Mounts that are attached nowhere: an overlay of directories given by descriptor, or a clone of a directory's mount; and the two calls
// that attach one to a path and take it away again.

#include <cerrno>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "kernel.h"
#include "module.h"
#include "mount_calls.h"
#include "overlay_by_string.h"
#include "thread_apart.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000  // linux/fcntl.h
#endif

namespace tsbuild {
namespace {

// umount2(2); sys/mount.h, which names them, cannot be read beside linux/mount.h with every C library.
constexpr int kDetach = 2;
constexpr int kNoFollow = 8;

// What the kernel says about the last errors, one message per read(2), each with a one-letter level in front ("e overlay: ...").
std::string mount_log(int context) {
  std::string text;
  char message[1024];
  for (;;) {
    const ssize_t size = read(context, message, sizeof message);
    if (size <= 0) return text;  // ENODATA: no more
    std::string line(message, static_cast<size_t>(size));
    while (!line.empty() && line.back() == '\n') line.pop_back();
    if (line.size() > 2 && line[1] == ' ') line.erase(0, 2);
    text += (text.empty() ? "" : "; ") + line;
  }
}

class Context {
 public:
  Failure open() {
    fd_.reset(static_cast<int>(syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC)));
    return fd_ ? Failure{} : fail("fsopen", "overlay");
  }

  Failure flag(const char* key) { return configure(FSCONFIG_SET_FLAG, key, nullptr, 0); }
  Failure text(const char* key, const char* value) { return configure(FSCONFIG_SET_STRING, key, value, 0); }
  Failure create() { return configure(FSCONFIG_CMD_CREATE, nullptr, nullptr, 0); }

  // A directory by its descriptor: no length limit and no escaping of colons. Linux 6.13; from 6.7 on its name under /proc does. A kernel
  // whose overlay has no options for contexts (before 6.5) says EOPNOTSUPP: it would take any string, and refuse the mount.
  Failure directory(const char* key, int dir) {
    if (syscall(SYS_fsconfig, fd_.get(), FSCONFIG_SET_FD, key, nullptr, dir) == 0) return {};
    const Failure failure = fail("fsconfig", key);
    mount_log(fd_.get());  // drop what that attempt said
    return failure.error == EINVAL ? text(key, proc_path(dir).c_str()) : failure;
  }

  Failure mount(bool read_only, UniqueFd* out) {
    // A layer made by real root can hold the node of a disk, which whoever gets this mount shall not open.
    const unsigned attributes = MOUNT_ATTR_NODEV | (read_only ? MOUNT_ATTR_RDONLY : 0);
    out->reset(static_cast<int>(syscall(SYS_fsmount, fd_.get(), FSMOUNT_CLOEXEC, attributes)));
    if (*out) return {};
    Failure failure = fail("fsmount", "overlay");
    failure.detail = mount_log(fd_.get());
    return failure;
  }

 private:
  Failure configure(unsigned command, const char* key, const char* value, int extra) {
    if (syscall(SYS_fsconfig, fd_.get(), command, key, value, extra) == 0) return {};
    Failure failure = fail("fsconfig", key == nullptr ? "overlay" : key);
    failure.detail = mount_log(fd_.get());
    return failure;
  }

  UniqueFd fd_;
};

// `unknown`: the kernel does not know the interface, which shows at the first lower directory.
Failure mount_by_context(const Overlay& overlay, UniqueFd* out, bool* unknown) {
  Context context;
  if (auto failure = context.open()) return failure;
  for (const int lower : overlay.lowers) {
    auto failure = context.directory("lowerdir+", lower);
    if (!failure) continue;
    *unknown = lower == overlay.lowers.front() && (failure.error == EINVAL || failure.error == EOPNOTSUPP);
    return failure;
  }
  if (overlay.upper >= 0) {
    if (auto failure = context.directory("upperdir", overlay.upper)) return failure;
    if (auto failure = context.directory("workdir", overlay.work)) return failure;
    // Without it the end of the mount syncs the whole disk; durability is the store's business, once, when it publishes.
    if (auto failure = context.flag("volatile")) return failure;
  }
  if (overlay.userxattr) {
    if (auto failure = context.flag("userxattr")) return failure;
  } else {
    // Otherwise a kernel configured so would write redirects into the upper, which is a layer and must be a plain tree.
    // (userxattr excludes them by itself.) Nor is one of a lower layer followed, as "off" would where the kernel is configured so.
    if (auto failure = context.text("redirect_dir", "nofollow")) return failure;
    if (auto failure = context.text("metacopy", "off")) return failure;
  }
  // Inode indexes and stored identifiers tie an upper to its lowers; here it is renamed into the store and used elsewhere.
  if (auto failure = context.text("index", "off")) return failure;
  if (auto failure = context.text("uuid", "null")) return failure;
  if (!overlay.label.empty()) {
    if (auto failure = context.text("context", overlay.label.c_str())) return failure;
  }
  if (auto failure = context.create()) return failure;
  return context.mount(overlay.read_only, out);
}

Failure mount_overlay(const Overlay& overlay, bool by_string, UniqueFd* out) {
  bool unknown = by_string;
  Failure failure = by_string ? Failure{} : mount_by_context(overlay, out, &unknown);
  return unknown ? mount_overlay_by_string(overlay, out) : failure;
}

// An overlay works with the credentials of who mounted it, and what it makes for itself must have an owner on mounts with shifted owners
// too. On a thread of its own, since credentials belong to threads; the change of user takes capabilities, which are taken back.
Failure mount_overlay_as(uid_t uid, gid_t gid, const Overlay& overlay, UniqueFd* out) {
  return on_thread_apart([&] {
    __user_cap_header_struct header = {};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    __user_cap_data_struct data[2];
    syscall(SYS_setfsgid, gid);
    syscall(SYS_setfsuid, uid);
    const bool known = syscall(SYS_capget, &header, data) == 0;
    for (auto& set : data) set.effective = set.permitted;
    return known && syscall(SYS_capset, &header, data) == 0 ? mount_overlay(overlay, false, out) : fail("capset");
  });
}

// `shift`: a user namespace as which the owners shall look, -1 for none.
Failure clone_mount(int dir, unsigned set, bool recursive, int shift, UniqueFd* out) {
  const unsigned deep = recursive ? AT_RECURSIVE : 0;
  UniqueFd tree(static_cast<int>(syscall(SYS_open_tree, dir, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | deep)));
  if (!tree) return fail("open_tree");
  if (set != 0 || shift >= 0) {
    struct mount_attr attributes = {};
    attributes.attr_set = set;
    if (shift >= 0) {
      attributes.attr_set |= MOUNT_ATTR_IDMAP;
      attributes.userns_fd = static_cast<uint64_t>(shift);
    }
    if (syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | deep, &attributes, sizeof attributes) != 0) return fail("mount_setattr");
  }
  *out = std::move(tree);
  return {};
}

// A mount needs the root of one before Linux 6.15, where only what is attached can be cloned.
Failure clone_inside(int mount, const std::string& path, UniqueFd* out) {
  UniqueFd inside(open_at2(mount, path.c_str(), O_PATH, 0, kInRoot));
  if (!inside) return fail("openat2", path);
  out->reset(static_cast<int>(syscall(SYS_open_tree, inside.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH)));
  if (*out) return {};
  const Failure failure = errno == EINVAL ? clone_inside_detached(mount, path, out) : fail("open_tree", path);
  // No mount at all, as a root file system that is a copy: what is in it can be bound as it is.
  if (!failure || failure.error != EINVAL) return failure;
  *out = std::move(inside);
  return {};
}

bool read_lowers(Arguments& args, size_t index, std::vector<int>* lowers) {
  uint32_t length = 0;
  if (napi_get_array_length(args.env, args[index], &length) != napi_ok) return false;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element = nullptr;
    int32_t number = -1;
    napi_get_element(args.env, args[index], i, &element);
    if (napi_get_value_int32(args.env, element, &number) != napi_ok || number < 0) return false;
    lowers->push_back(number);
  }
  return true;
}

napi_value js_mount_overlay(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  Overlay overlay;
  if (!read_lowers(args, 0, &overlay.lowers)) return throw_type_error(env, "Argument 1 is not an array of descriptors");
  const bool has_upper = !args.absent(1);
  if (has_upper) {
    overlay.upper = args.fd(1);
    overlay.work = args.fd(2);
  }
  overlay.userxattr = args.boolean(3);
  overlay.read_only = args.boolean(4);
  const bool by_string = args.boolean(5);
  const bool as_owner = !args.absent(6);
  const auto uid = as_owner ? static_cast<uid_t>(args.integer(6, 0, UINT32_MAX - 1)) : 0;
  const auto gid = as_owner ? static_cast<gid_t>(args.integer(7, 0, UINT32_MAX - 1)) : 0;
  if (!args.absent(8)) overlay.label = args.path(8);
  if (!args.ok) return nullptr;

  UniqueFd mount;
  const bool single = overlay.lowers.size() == 1 && !has_upper;
  const auto several = [&] { return as_owner ? mount_overlay_as(uid, gid, overlay, &mount) : mount_overlay(overlay, by_string, &mount); };
  const Failure failure = single ? clone_mount(overlay.lowers[0], MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, false, -1, &mount) : several();
  return failure ? throw_failure(env, failure) : make_number(env, mount.steal());
}

napi_value js_clone_mount(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = args.fd(0);
  const bool read_only = args.boolean(1);
  const bool recursive = args.boolean(2);
  const int shift = args.absent(3) ? -1 : args.fd(3);
  if (!args.ok) return nullptr;
  UniqueFd mount;
  const Failure failure = clone_mount(dir, read_only ? MOUNT_ATTR_RDONLY : 0, recursive, shift, &mount);
  return failure ? throw_failure(env, failure) : make_number(env, mount.steal());
}

napi_value js_clone_inside(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int mount = args.fd(0);
  const std::string path = args.path(1);
  if (!args.ok) return nullptr;
  UniqueFd clone;
  const Failure failure = clone_inside(mount, path, &clone);
  return failure ? throw_failure(env, failure) : make_number(env, clone.steal());
}

napi_value js_attach_mount(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int mount = args.fd(0);
  const std::string path = args.path(1);
  if (!args.ok) return nullptr;
  if (syscall(SYS_move_mount, mount, "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) return throw_failure(env, fail("move_mount", path));
  return nullptr;
}

napi_value js_unmount(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const std::string path = args.path(0);
  if (!args.ok) return nullptr;
  if (syscall(SYS_umount2, path.c_str(), kDetach | kNoFollow) != 0) return throw_failure(env, fail("umount2", path));
  return nullptr;
}

}  // namespace
}  // namespace tsbuild

void register_overlay(napi_env env, napi_value exports) {
  using namespace tsbuild;
  export_function(env, exports, "mountOverlay", js_mount_overlay);
  export_function(env, exports, "cloneMount", js_clone_mount);
  export_function(env, exports, "cloneInside", js_clone_inside);
  export_function(env, exports, "attachMount", js_attach_mount);
  export_function(env, exports, "unmount", js_unmount);
}
