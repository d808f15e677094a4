// Start one program by vfork and exec, and wait for it, and for all that it says on one descriptor, on a thread of its own.
//
// node:child_process forks: with a grown heap the kernel copies page tables for up to ten milliseconds while JavaScript stands
// still. Here the child borrows this process' memory until it execs, which costs the same whatever the heap.

#include <cerrno>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2)  // linux/close_range.h
#endif
#ifndef P_PIDFD
#define P_PIDFD 3  // sys/wait.h of newer C libraries
#endif

#ifdef __SANITIZE_ADDRESS__
extern "C" void __asan_unpoison_memory_region(void const volatile* address, size_t size);
#endif

namespace tsbuild {
namespace {

struct Plan {
  std::string file;
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::vector<int> from;
  std::vector<int> as;
  std::string cwd;  // empty: as here
};

// What the child reads and, in the borrowed memory, writes.
struct Child {
  const char* file;
  char* const* argv;
  char* const* env;
  const std::vector<int>* from;
  const std::vector<int>* as;
  int* moved;  // room for one descriptor per entry of `from`
  const char* cwd;
  sigset_t empty_mask;
  int error;
  const char* syscall;
};

// Between clone and exec in borrowed memory: only system calls, no allocation, no locks; every signal is blocked.
[[noreturn]] void child_failed(Child* child, const char* syscall) {
  child->error = errno;
  child->syscall = syscall;
  _exit(127);
}

int run_child(void* argument) {
  auto* child = static_cast<Child*>(argument);

  // Handlers would run with this process' memory; ignored signals (Node ignores SIGPIPE) would stay ignored after exec.
  // The table of actions is a copy (no CLONE_SIGHAND), so this changes nothing for the parent.
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_DFL) continue;
    action.sa_handler = SIG_DFL;
    action.sa_flags = 0;
    sigaction(number, &action, nullptr);
  }

  // Everything closes at exec, whoever opened it without O_CLOEXEC; dup3 without the flag then makes the exceptions.
  // First all sources move above the targets, so that no target overwrites a source yet to be used.
  int above = 3;
  for (const int as : *child->as) {
    if (as >= above) above = as + 1;
  }
  const size_t count = child->from->size();
  for (size_t i = 0; i < count; i++) {
    child->moved[i] = fcntl((*child->from)[i], F_DUPFD_CLOEXEC, above);
    if (child->moved[i] < 0) child_failed(child, "fcntl");
  }
  if (syscall(SYS_close_range, 0u, ~0u, CLOSE_RANGE_CLOEXEC) != 0) child_failed(child, "close_range");
  for (size_t i = 0; i < count; i++) {
    if (dup3(child->moved[i], (*child->as)[i], 0) < 0) child_failed(child, "dup3");
  }
  if (child->cwd != nullptr && chdir(child->cwd) != 0) child_failed(child, "chdir");
  // The raw call: the C library's would keep its internal signals blocked.
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &child->empty_mask, nullptr, _NSIG / 8);
  execve(child->file, child->argv, child->env);
  child_failed(child, "execve");
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

Failure start(const Plan& plan, pid_t* pid, UniqueFd* pidfd) {
  const std::vector<char*> argv = pointers(plan.argv);
  const std::vector<char*> env = pointers(plan.env);
  std::vector<int> moved(plan.from.size());
  Child child = {};
  child.file = plan.file.c_str();
  child.argv = argv.data();
  child.env = env.data();
  child.from = &plan.from;
  child.as = &plan.as;
  child.moved = moved.data();
  child.cwd = plan.cwd.empty() ? nullptr : plan.cwd.c_str();
  sigemptyset(&child.empty_mask);

  constexpr size_t kStack = 64 * 1024;
  void* stack = mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return fail("mmap");

  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int raw_pidfd = -1;
  // CLONE_VFORK: this thread sleeps until the child has exec'ed or exited. CLONE_PIDFD gives a handle no other process can take over.
  const int result = clone(run_child, static_cast<char*>(stack) + kStack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &raw_pidfd);
  const Failure failure = result < 0 ? fail("clone") : Failure{};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
#ifdef __SANITIZE_ADDRESS__
  // The child never returned from its functions, whose frames stay marked: what is mapped here next would bear their marks.
  __asan_unpoison_memory_region(stack, kStack);
#endif
  munmap(stack, kStack);
  if (failure) return failure;

  pidfd->reset(raw_pidfd);
  *pid = result;
  if (child.error == 0) return {};
  // It ended before exec: reap it here. __WALL is not needed, it would have sent SIGCHLD.
  retry_eintr([&] { return waitpid(result, nullptr, 0); });
  const bool about_cwd = child.syscall[1] == 'h';  // chdir
  return {child.error, child.syscall, about_cwd ? plan.cwd : plan.file, {}};
}

struct Exit {
  int status = 0;
  rusage usage = {};
  std::string collected;
};

double milliseconds(const timeval& time) { return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3; }

napi_value make_exit(napi_env env, const Exit& exit) {
  const bool signaled = WIFSIGNALED(exit.status);
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "code", make_number(env, signaled ? 0 : WEXITSTATUS(exit.status)));
  set_property(env, result, "signal", make_number(env, signaled ? WTERMSIG(exit.status) : 0));
  set_property(env, result, "maxRssKiB", make_number(env, static_cast<double>(exit.usage.ru_maxrss)));
  set_property(env, result, "userMs", make_number(env, milliseconds(exit.usage.ru_utime)));
  set_property(env, result, "systemMs", make_number(env, milliseconds(exit.usage.ru_stime)));
  set_property(env, result, "collected", make_buffer(env, exit.collected.data(), exit.collected.size()));
  return result;
}

Failure read_to_end(int fd, std::string* out) {
  char buffer[4096];
  for (;;) {
    const ssize_t count = retry_eintr([&] { return read(fd, buffer, sizeof buffer); });
    if (count < 0) return fail("read");
    if (count == 0) return {};
    out->append(buffer, static_cast<size_t>(count));
  }
}

// By process id: libuv waits only for the processes it started itself, so nobody else can reap this one.
Failure wait_for(pid_t pid, Exit* exit) {
  return retry_eintr([&] { return wait4(pid, &exit->status, 0, &exit->usage); }) < 0 ? fail("wait4") : Failure{};
}

bool read_descriptors(Arguments& args, size_t index, Plan* plan) {
  uint32_t length = 0;
  if (napi_get_array_length(args.env, args[index], &length) != napi_ok || length % 2 != 0) return false;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element = nullptr;
    int32_t number = -1;
    napi_get_element(args.env, args[index], i, &element);
    if (napi_get_value_int32(args.env, element, &number) != napi_ok || number < 0) return false;
    (i % 2 == 0 ? plan->from : plan->as).push_back(number);
  }
  return true;
}

napi_value js_spawn(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  Plan plan;
  plan.file = args.path(0);
  if (!args.ok || !get_paths(env, args[1], &plan.argv) || !get_paths(env, args[2], &plan.env)) return nullptr;
  if (!read_descriptors(args, 3, &plan)) return throw_type_error(env, "Argument 4 is not an array of pairs of descriptors");
  if (!args.absent(4)) plan.cwd = args.path(4);
  const int collected = args.absent(5) ? -1 : args.fd(5);
  if (!args.ok) return nullptr;

  pid_t pid = 0;
  UniqueFd pidfd;
  if (const Failure failure = start(plan, &pid, &pidfd)) return throw_failure(env, failure);

  const auto exit = std::make_shared<Exit>();
  napi_value exited = run_on_own_thread(
      env, "tsbuild:spawn",
      [pid, exit, collected] {
        Failure failure;
        if (collected >= 0) {
          failure = read_to_end(collected, &exit->collected);
          close(collected);
        }
        const Failure waiting = wait_for(pid, exit.get());
        return failure ? failure : waiting;
      },
      [exit](napi_env calling) { return make_exit(calling, *exit); });
  if (exited == nullptr) {
    // Nobody would ever know how it ended.
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return nullptr;
  }
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "pid", make_number(env, pid));
  set_property(env, result, "pidfd", make_number(env, pidfd.steal()));
  set_property(env, result, "exited", exited);
  return result;
}

napi_value js_pidfd_send_signal(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int pidfd = args.fd(0);
  const int number = static_cast<int>(args.integer(1, 0, NSIG - 1));
  if (!args.ok) return nullptr;
  if (syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0) == 0) return make_boolean(env, true);
  return errno == ESRCH ? make_boolean(env, false) : throw_failure(env, fail("pidfd_send_signal"));
}

// [readEnd, writeEnd], both close-on-exec: what a child is to have goes through `spawn`.
napi_value js_pipe(napi_env env, napi_callback_info) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return throw_failure(env, fail("pipe2"));
  napi_value result;
  napi_create_array_with_length(env, 2, &result);
  for (uint32_t i = 0; i < 2; i++) napi_set_element(env, result, i, make_number(env, ends[i]));
  return result;
}

}  // namespace
}  // namespace tsbuild

void register_spawn(napi_env env, napi_value exports) {
  using namespace tsbuild;
  export_function(env, exports, "spawn", js_spawn);
  export_function(env, exports, "pipe", js_pipe);
  export_function(env, exports, "pidfdSendSignal", js_pidfd_send_signal);
}
