// One function per system call that node:fs lacks or does not offer relative to a directory descriptor. Synchronous.

#include <cerrno>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kernel.h"
#include "module.h"

namespace tsbuild {
namespace {

// AT_FDCWD is the one negative number that may stand for a directory.
int directory(Arguments& args, size_t index) { return static_cast<int>(args.integer(index, AT_FDCWD, INT32_MAX)); }

// -1 (leave it) or an id.
uint32_t owner_id(Arguments& args, size_t index) { return static_cast<uint32_t>(args.integer(index, -1, UINT32_MAX)); }

napi_value done(Arguments& args, int result, const char* syscall, const std::string& path) {
  return result == 0 ? make_undefined(args.env) : throw_failure(args.env, fail(syscall, path));
}

napi_value js_openat2(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = directory(args, 0);
  const std::string path = args.path(1);
  const int flags = static_cast<int>(args.integer(2, INT32_MIN, INT32_MAX));
  const auto mode = static_cast<mode_t>(args.integer(3, 0, 07777));
  const auto resolve = static_cast<uint64_t>(args.integer(4, 0, UINT32_MAX));
  if (!args.ok) return nullptr;
  const int fd = open_at2(dir, path.c_str(), flags, mode, resolve);
  return fd < 0 ? throw_failure(env, fail("openat2", path)) : make_number(env, fd);
}

napi_value js_mkdirat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = directory(args, 0);
  const std::string path = args.path(1);
  const auto mode = static_cast<mode_t>(args.integer(2, 0, 07777));
  if (!args.ok) return nullptr;
  return done(args, mkdirat(dir, path.c_str(), mode), "mkdirat", path);
}

napi_value js_unlinkat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = directory(args, 0);
  const std::string path = args.path(1);
  const int flags = static_cast<int>(args.integer(2, 0, INT32_MAX));
  if (!args.ok) return nullptr;
  return done(args, unlinkat(dir, path.c_str(), flags), "unlinkat", path);
}

napi_value js_renameat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int from_dir = directory(args, 0);
  const std::string from = args.path(1);
  const int to_dir = directory(args, 2);
  const std::string to = args.path(3);
  const auto flags = static_cast<unsigned>(args.integer(4, 0, UINT32_MAX));
  if (!args.ok) return nullptr;
  const long result = syscall(SYS_renameat2, from_dir, from.c_str(), to_dir, to.c_str(), flags);
  return done(args, static_cast<int>(result), "renameat2", to);
}

napi_value js_symlinkat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const std::string target = args.path(0);
  const int dir = directory(args, 1);
  const std::string path = args.path(2);
  if (!args.ok) return nullptr;
  return done(args, symlinkat(target.c_str(), dir, path.c_str()), "symlinkat", path);
}

napi_value js_linkat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int from_dir = directory(args, 0);
  const std::string from = args.path(1);
  const int to_dir = directory(args, 2);
  const std::string to = args.path(3);
  const int flags = static_cast<int>(args.integer(4, 0, INT32_MAX));
  if (!args.ok) return nullptr;
  return done(args, linkat(from_dir, from.c_str(), to_dir, to.c_str(), flags), "linkat", to);
}

napi_value js_mknodat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = directory(args, 0);
  const std::string path = args.path(1);
  const auto mode = static_cast<mode_t>(args.integer(2, 0, 0177777));
  const auto major = static_cast<unsigned>(args.integer(3, 0, UINT32_MAX));
  const auto minor = static_cast<unsigned>(args.integer(4, 0, UINT32_MAX));
  if (!args.ok) return nullptr;
  return done(args, mknodat(dir, path.c_str(), mode, makedev(major, minor)), "mknodat", path);
}

napi_value js_fchownat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = directory(args, 0);
  const std::string path = args.path(1);
  const uint32_t uid = owner_id(args, 2);
  const uint32_t gid = owner_id(args, 3);
  const int flags = static_cast<int>(args.integer(4, 0, INT32_MAX));
  if (!args.ok) return nullptr;
  return done(args, fchownat(dir, path.c_str(), uid, gid, flags), "fchownat", path);
}

napi_value js_fchmodat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = directory(args, 0);
  const std::string path = args.path(1);
  const auto mode = static_cast<mode_t>(args.integer(2, 0, 07777));
  if (!args.ok) return nullptr;
  return done(args, chmod_nofollow(dir, path.c_str(), mode), "fchmodat", path);
}

timespec time_argument(Arguments& args, size_t index) {
  if (!args.absent(index)) return to_timespec(args.big(index));
  timespec omit = {};
  omit.tv_nsec = UTIME_OMIT;
  return omit;
}

napi_value js_utimensat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = directory(args, 0);
  const std::string path = args.path(1);
  const timespec times[2] = {time_argument(args, 2), time_argument(args, 3)};
  const int flags = static_cast<int>(args.integer(4, 0, INT32_MAX));
  if (!args.ok) return nullptr;
  // The system call itself: the C library refuses an empty path with AT_EMPTY_PATH on some versions.
  const long result = syscall(SYS_utimensat, dir, path.c_str(), times, flags);
  return done(args, static_cast<int>(result), "utimensat", path);
}

napi_value js_readlinkat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = directory(args, 0);
  const std::string path = args.path(1);
  if (!args.ok) return nullptr;
  char target[4096];  // PATH_MAX, the most a link can hold
  const ssize_t size = readlinkat(dir, path.c_str(), target, sizeof target);
  return size < 0 ? throw_failure(env, fail("readlinkat", path)) : make_buffer(env, target, static_cast<size_t>(size));
}

napi_value js_statat(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = directory(args, 0);
  const std::string path = args.path(1);
  const int flags = static_cast<int>(args.integer(2, 0, INT32_MAX));
  if (!args.ok) return nullptr;
  struct stat status;
  if (fstatat(dir, path.c_str(), &status, flags) != 0) return throw_failure(env, fail("fstatat", path));

  napi_value result = nullptr;
  napi_create_object(env, &result);
  const auto number = [&](const char* name, uint64_t value) { set_property(env, result, name, make_number(env, static_cast<double>(value))); };
  number("dev", status.st_dev);
  number("ino", status.st_ino);
  number("mode", status.st_mode);
  number("nlink", status.st_nlink);
  number("uid", status.st_uid);
  number("gid", status.st_gid);
  number("rdevMajor", major(status.st_rdev));
  number("rdevMinor", minor(status.st_rdev));
  number("size", static_cast<uint64_t>(status.st_size));
  set_property(env, result, "mtimeNs", make_big(env, nanoseconds(status.st_mtim)));
  set_property(env, result, "ctimeNs", make_big(env, nanoseconds(status.st_ctim)));
  return result;
}

napi_value js_get_xattr(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  const std::string name = args.path(1);
  if (!args.ok) return nullptr;
  std::string value;
  if (get_xattr(fd, name.c_str(), &value)) return make_buffer(env, value.data(), value.size());
  if (errno == ENODATA || errno == ENOTSUP) return make_undefined(env);
  return throw_failure(env, fail("getxattr", name));
}

napi_value js_set_xattr(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  const std::string name = args.path(1);
  const std::string value = args.bytes(2);
  if (!args.ok) return nullptr;
  return done(args, set_xattr(fd, name.c_str(), value), "setxattr", name);
}

napi_value js_list_xattrs(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  if (!args.ok) return nullptr;
  std::vector<std::string> names;
  if (!list_xattrs(fd, &names)) return throw_failure(env, fail("listxattr"));
  napi_value result = nullptr;
  napi_create_array_with_length(env, names.size(), &result);
  for (uint32_t i = 0; i < names.size(); i++) napi_set_element(env, result, i, make_buffer(env, names[i].data(), names[i].size()));
  return result;
}

napi_value js_remove_xattr(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  const std::string name = args.path(1);
  if (!args.ok) return nullptr;
  return done(args, remove_xattr(fd, name.c_str()), "removexattr", name);
}

napi_value js_syncfs(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  if (!args.ok) return nullptr;
  return done(args, syncfs(fd), "syncfs", {});
}

napi_value js_syncfs_aside(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  if (!args.ok) return nullptr;
  // A disk takes its time, which the pool has other uses for.
  return run_on_own_thread(env, "tsbuild:syncfs", [fd] { return syncfs(fd) == 0 ? Failure{} : fail("syncfs"); }, make_undefined);
}

napi_value js_close(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  if (!args.ok) return nullptr;
  // Linux frees the descriptor even when it says EINTR.
  const int result = close(fd);
  return done(args, result != 0 && errno == EINTR ? 0 : result, "close", {});
}

napi_value js_getrandom(napi_env env, napi_callback_info info) {
  constexpr size_t kMost = 256;  // getrandom(2): so many bytes come at once and whole
  Arguments args(env, info);
  const size_t size = static_cast<size_t>(args.integer(0, 1, kMost));
  if (!args.ok) return nullptr;
  uint8_t bytes[kMost];
  if (retry_eintr([&] { return getrandom(bytes, size, 0); }) < 0) return throw_failure(env, fail("getrandom"));
  return make_buffer(env, bytes, size);
}

}  // namespace
}  // namespace tsbuild

void register_syscalls(napi_env env, napi_value exports) {
  using namespace tsbuild;
  export_function(env, exports, "openat2", js_openat2);
  export_function(env, exports, "mkdirat", js_mkdirat);
  export_function(env, exports, "unlinkat", js_unlinkat);
  export_function(env, exports, "renameat", js_renameat);
  export_function(env, exports, "symlinkat", js_symlinkat);
  export_function(env, exports, "linkat", js_linkat);
  export_function(env, exports, "mknodat", js_mknodat);
  export_function(env, exports, "fchownat", js_fchownat);
  export_function(env, exports, "fchmodat", js_fchmodat);
  export_function(env, exports, "utimensat", js_utimensat);
  export_function(env, exports, "readlinkat", js_readlinkat);
  export_function(env, exports, "statat", js_statat);
  export_function(env, exports, "getXattr", js_get_xattr);
  export_function(env, exports, "setXattr", js_set_xattr);
  export_function(env, exports, "listXattrs", js_list_xattrs);
  export_function(env, exports, "removeXattr", js_remove_xattr);
  export_function(env, exports, "syncfs", js_syncfs);
  export_function(env, exports, "syncfsAside", js_syncfs_aside);
  export_function(env, exports, "closeFd", js_close);
  export_function(env, exports, "getrandom", js_getrandom);
}
