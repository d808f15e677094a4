// flock(2): at once, or waiting on a thread of its own that can be told to give up.

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <sys/file.h>

#include "module.h"

namespace tsbuild {
namespace {

// SIGURG ends a blocking call: its default is to be ignored, so a late one harms nobody.
constexpr int kInterrupt = SIGURG;

struct Wait {
  std::mutex mutex;
  pthread_t thread = {};
  bool running = false;  // `thread` may be signalled; changed and read under `mutex`
  std::atomic<bool> stopped{false};
  bool locked = false;
};

// A signal only ends a system call when it has a handler, and only without SA_RESTART. Signal actions belong to the process;
// a handler somebody else installed serves as well and stays.
void install_handler() {
  struct sigaction now = {};
  if (sigaction(kInterrupt, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(kInterrupt, &action, nullptr);
}

Failure wait_for_lock(Wait* wait, int fd, int operation) {
  sigset_t unblock;
  sigemptyset(&unblock);
  sigaddset(&unblock, kInterrupt);
  pthread_sigmask(SIG_UNBLOCK, &unblock, nullptr);
  {
    const std::lock_guard<std::mutex> guard(wait->mutex);
    wait->thread = pthread_self();
    wait->running = true;
  }
  Failure failure;
  while (!wait->stopped) {
    if (flock(fd, operation) == 0) {
      wait->locked = true;
      break;
    }
    if (errno != EINTR) {
      failure = fail("flock");
      break;
    }
  }
  const std::lock_guard<std::mutex> guard(wait->mutex);
  wait->running = false;
  return failure;
}

napi_value js_flock_try(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  const bool exclusive = args.boolean(1);
  if (!args.ok) return nullptr;
  const int operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
  const int result = retry_eintr([&] { return flock(fd, operation); });
  if (result != 0 && errno != EWOULDBLOCK) return throw_failure(env, fail("flock"));
  return make_boolean(env, result == 0);
}

napi_value js_flock_unlock(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  if (!args.ok) return nullptr;
  return flock(fd, LOCK_UN) == 0 ? make_undefined(env) : throw_failure(env, fail("flock"));
}

napi_value js_flock_wait(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int fd = args.fd(0);
  const bool exclusive = args.boolean(1);
  if (!args.ok) return nullptr;
  install_handler();
  // A second descriptor of the same open file: the caller may close its own while the thread waits.
  const auto own = std::make_shared<UniqueFd>(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!*own) return throw_failure(env, fail("fcntl"));

  auto wait = std::make_shared<Wait>();
  const int operation = exclusive ? LOCK_EX : LOCK_SH;
  napi_value promise = run_on_own_thread(
      env, "tsbuild:flock", [wait, own, operation] { return wait_for_lock(wait.get(), own->get(), operation); },
      [wait](napi_env calling) { return make_boolean(calling, wait->locked); });
  if (promise == nullptr) return nullptr;

  napi_value ticket = nullptr;
  const auto release = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Wait>*>(data); };
  napi_create_external(env, new std::shared_ptr<Wait>(wait), release, nullptr, &ticket);
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "done", promise);
  set_property(env, result, "ticket", ticket);
  return result;
}

napi_value js_flock_interrupt(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  void* data = nullptr;
  if (napi_get_value_external(env, args[0], &data) != napi_ok) return throw_type_error(env, "Argument 1 is not a ticket");
  Wait& wait = **static_cast<std::shared_ptr<Wait>*>(data);
  wait.stopped = true;
  const std::lock_guard<std::mutex> guard(wait.mutex);
  if (wait.running) pthread_kill(wait.thread, kInterrupt);
  return make_undefined(env);
}

}  // namespace
}  // namespace tsbuild

void register_flock(napi_env env, napi_value exports) {
  using namespace tsbuild;
  export_function(env, exports, "flockTry", js_flock_try);
  export_function(env, exports, "flockUnlock", js_flock_unlock);
  export_function(env, exports, "flockWait", js_flock_wait);
  export_function(env, exports, "flockInterrupt", js_flock_interrupt);
}
