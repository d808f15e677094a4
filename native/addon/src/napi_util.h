#pragma once
// The few N-API helpers every file of the addon uses: errors in Node's shape, arguments, work off the JavaScript thread.
// Nothing here is global state, so the addon works in worker threads too.

#define NAPI_VERSION 8
#include <node_api.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tsbuild {

// Repeat a system call while a signal interrupts it.
template <typename Call>
auto retry_eintr(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// A file descriptor that closes itself; `steal` hands it on.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.steal()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.steal());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int steal() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    // Linux frees the descriptor even when close(2) says EINTR: never repeat it. errno belongs to the caller.
    const int saved = errno;
    if (fd_ >= 0) close(fd_);
    errno = saved;
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// What went wrong in a system call: becomes an Error with `code`, `errno`, `syscall` and `path`, like those of node:fs.
// `error` is an errno value, 0 means success; `detail` is added to the message when the kernel said more.
struct Failure {
  int error = 0;
  const char* syscall = "";
  std::string path;
  std::string detail;

  explicit operator bool() const { return error != 0; }
};

// The failure of the call just made.
inline Failure fail(const char* syscall, std::string path = {}) { return {errno, syscall, std::move(path), {}}; }

napi_value make_error(napi_env env, const Failure& failure);
// Throws; the returned nullptr is what a callback should return then.
napi_value throw_failure(napi_env env, const Failure& failure);
napi_value throw_type_error(napi_env env, const char* message);

// Arguments of a callback; a missing one is `undefined`. `ok` turns false at the first argument of the wrong kind, with a
// TypeError pending; the callback checks it once after reading all.
class Arguments {
 public:
  static constexpr size_t kMost = 14;
  Arguments(napi_env env, napi_callback_info info);
  napi_value operator[](size_t index) const { return values_[index]; }
  int fd(size_t index) { return static_cast<int>(integer(index, 0, INT32_MAX)); }
  int64_t integer(size_t index, int64_t low = INT64_MIN, int64_t high = INT64_MAX);
  bool boolean(size_t index);
  bool absent(size_t index) const;   // undefined or null
  int64_t big(size_t index);         // bigint, 64 bits
  std::string path(size_t index);    // string (UTF-8) or Buffer of raw bytes, without NUL
  std::string bytes(size_t index);   // Buffer, any bytes
  bool ok = true;
  const napi_env env;

 private:
  napi_value values_[kMost];
  void wrong(size_t index, const char* kind);
};

// A path argument or element: string or Buffer. False with a TypeError pending when it is neither or contains NUL.
bool get_path(napi_env env, napi_value value, std::string* out);
// Any bytes of a Buffer or Uint8Array. False with a TypeError pending.
bool get_bytes(napi_env env, napi_value value, std::string* out);
// A JavaScript array of paths.
bool get_paths(napi_env env, napi_value array, std::vector<std::string>* out);

napi_value make_number(napi_env env, double value);
napi_value make_big(napi_env env, int64_t value);
napi_value make_boolean(napi_env env, bool value);
napi_value make_undefined(napi_env env);
napi_value make_buffer(napi_env env, const void* data, size_t size);
void set_property(napi_env env, napi_value object, const char* name, napi_value value);
void export_function(napi_env env, napi_value exports, const char* name, napi_callback callback);

using Work = std::function<Failure()>;
using MakeResult = std::function<napi_value(napi_env)>;

// A promise for `work`, done on the thread pool of libuv; then `result` makes the value on the JavaScript thread. `work` must
// not touch N-API. For work that ends by itself: what may wait for another process goes to `run_on_own_thread`.
napi_value run_on_pool(napi_env env, const char* name, Work work, MakeResult result);
// The same at once, on the JavaScript thread: for what takes no longer than handing it over would.
napi_value run_here(napi_env env, Work work, MakeResult result);
// The same on a thread of its own, so that waiting takes no place of the pool's four.
napi_value run_on_own_thread(napi_env env, const char* name, Work work, MakeResult result);

// How many threads a batch call should use: the processors this process may run on, at most 8.
unsigned batch_threads();

}  // namespace tsbuild
