// openUserNamespace(uidMap, gidMap): descriptor of a new user namespace without processes; the maps as in user_namespaces(7)

#include "module.h"

#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"

namespace tsbuild {
namespace {

// Shares the memory of this process, so it does nothing but wait for its end. All signals are blocked. It ends with this process, whose
// memory it would keep.
int sleep_for_ever(void*) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (;;) pause();
}

Failure write_map(pid_t pid, const char* file, const std::string& map) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + file;
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail("open", path);
  return write_all(fd.get(), map.data(), map.size()) ? Failure{} : fail("write", file);
}

Failure open_user_namespace(const std::string& uid_map, const std::string& gid_map, UniqueFd* out) {
  constexpr size_t kStack = 16 * 1024;
  void* stack = mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return fail("mmap");
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  // No signal at its end: libuv would be woken for a child that it does not know.
  const pid_t pid = clone(sleep_for_ever, static_cast<char*>(stack) + kStack, CLONE_VM | CLONE_NEWUSER, nullptr);
  Failure failure = pid < 0 ? fail("clone", "user namespace") : Failure{};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!failure) {
    failure = write_map(pid, "uid_map", uid_map);
    if (!failure) failure = write_map(pid, "gid_map", gid_map);
    if (!failure) {
      out->reset(open(("/proc/" + std::to_string(pid) + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
      if (!*out) failure = fail("open", "ns/user");
    }
    kill(pid, SIGKILL);
    retry_eintr([&] { return waitpid(pid, nullptr, __WCLONE); });
  }
  munmap(stack, kStack);
  return failure;
}

napi_value js_open_user_namespace(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const std::string uid_map = args.path(0);
  const std::string gid_map = args.path(1);
  if (!args.ok) return nullptr;
  UniqueFd fd;
  if (const Failure failure = open_user_namespace(uid_map, gid_map, &fd)) return throw_failure(env, failure);
  return make_number(env, fd.steal());
}

}  // namespace
}  // namespace tsbuild

void register_user_namespace(napi_env env, napi_value exports) {
  tsbuild::export_function(env, exports, "openUserNamespace", tsbuild::js_open_user_namespace);
}
