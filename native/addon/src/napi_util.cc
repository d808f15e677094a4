#include "napi_util.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <sched.h>
#include <system_error>
#include <thread>

namespace tsbuild {
namespace {

struct ErrorName {
  int number;
  const char* name;
};

#define NAME(code) {code, #code}
// What the calls used here can give; strerrorname_np(3) would need glibc 2.32 and musl has none.
constexpr ErrorName kErrorNames[] = {
    NAME(EPERM),        NAME(ENOENT),  NAME(ESRCH),     NAME(EINTR),        NAME(EIO),      NAME(ENXIO),    NAME(E2BIG),     NAME(ENOEXEC),
    NAME(EBADF),        NAME(ECHILD),  NAME(EAGAIN),    NAME(ENOMEM),       NAME(EACCES),   NAME(EFAULT),   NAME(ENOTBLK),   NAME(EBUSY),
    NAME(EEXIST),       NAME(EXDEV),   NAME(ENODEV),    NAME(ENOTDIR),      NAME(EISDIR),   NAME(EINVAL),   NAME(ENFILE),    NAME(EMFILE),
    NAME(ENOTTY),       NAME(ETXTBSY), NAME(EFBIG),     NAME(ENOSPC),       NAME(ESPIPE),   NAME(EROFS),    NAME(EMLINK),    NAME(EPIPE),
    NAME(EDOM),         NAME(ERANGE),  NAME(EDEADLK),   NAME(ENAMETOOLONG), NAME(ENOLCK),   NAME(ENOSYS),   NAME(ENOTEMPTY), NAME(ELOOP),
    NAME(ENODATA),      NAME(ETIME),   NAME(EPROTO),    NAME(EBADMSG),      NAME(EOVERFLOW), NAME(EILSEQ),  NAME(EUSERS),    NAME(EOPNOTSUPP),
    NAME(ETIMEDOUT),    NAME(EALREADY), NAME(ESTALE),   NAME(EUCLEAN),      NAME(EDQUOT),   NAME(ECANCELED), NAME(EKEYREJECTED), NAME(EREMOTEIO),
    NAME(EINPROGRESS),  NAME(ENOBUFS), NAME(EHWPOISON), NAME(ENOKEY),
};
#undef NAME

std::string error_name(int number) {
  for (const ErrorName& entry : kErrorNames) {
    if (entry.number == number) return entry.name;
  }
  return "E" + std::to_string(number);
}

napi_value make_string(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

// Work in flight: lives from the call until its promise is settled.
struct Job {
  Work work;
  MakeResult result;
  Failure failure;
  napi_deferred deferred = nullptr;
  napi_async_work handle = nullptr;
};

// The way back from a thread to JavaScript. Node 20 deletes a thread-safe function together with its environment even while a
// thread still holds it, so a thread asks here, under the lock, whether it is still there.
struct WayBack {
  std::mutex mutex;
  napi_threadsafe_function function = nullptr;  // null once it is gone

  // False when there is nobody to give the job to; it stays the caller's then.
  bool deliver(Job* job) {
    const std::lock_guard<std::mutex> guard(mutex);
    if (function == nullptr) return false;
    if (napi_call_threadsafe_function(function, job, napi_tsfn_nonblocking) != napi_ok) {
      function = nullptr;  // it is closing; that call has given it up
      return false;
    }
    napi_release_threadsafe_function(std::exchange(function, nullptr), napi_tsfn_release);
    return true;
  }

  void close() {
    const std::lock_guard<std::mutex> guard(mutex);
    function = nullptr;
  }
};

Failure run_caught(const Work& work) {
  // A C++ exception must not cross N-API or end a thread: that would end the process. Only the allocator and std::thread throw.
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return {ENOMEM, "malloc", {}, {}};
  } catch (const std::system_error& error) {
    return {error.code().value(), "pthread_create", {}, error.what()};
  }
}

void settle(napi_env env, Job* job) {
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (job->failure) {
    napi_reject_deferred(env, job->deferred, make_error(env, job->failure));
  } else {
    napi_value value = job->result(env);
    napi_value error = nullptr;
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (pending && napi_get_and_clear_last_exception(env, &error) == napi_ok) {
      napi_reject_deferred(env, job->deferred, error);
    } else {
      napi_resolve_deferred(env, job->deferred, value == nullptr ? make_undefined(env) : value);
    }
  }
  napi_close_handle_scope(env, scope);
}

}  // namespace

napi_value make_error(napi_env env, const Failure& failure) {
  const std::string code = error_name(failure.error);
  std::string message = code + ": " + strerror(failure.error) + ", " + failure.syscall;
  if (!failure.path.empty()) message += " '" + failure.path + "'";
  if (!failure.detail.empty()) message += ": " + failure.detail;

  napi_value error = nullptr;
  napi_create_error(env, make_string(env, code), make_string(env, message), &error);
  set_property(env, error, "errno", make_number(env, -failure.error));  // negative, as in Node's own errors
  set_property(env, error, "syscall", make_string(env, failure.syscall));
  if (!failure.path.empty()) set_property(env, error, "path", make_string(env, failure.path));
  return error;
}

napi_value throw_failure(napi_env env, const Failure& failure) {
  napi_throw(env, make_error(env, failure));
  return nullptr;
}

napi_value throw_type_error(napi_env env, const char* message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return nullptr;
}

Arguments::Arguments(napi_env environment, napi_callback_info info) : env(environment) {
  size_t count = kMost;
  napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
}

void Arguments::wrong(size_t index, const char* kind) {
  if (!ok) return;
  ok = false;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) throw_type_error(env, ("Argument " + std::to_string(index + 1) + " is not " + kind).c_str());
}

int64_t Arguments::integer(size_t index, int64_t low, int64_t high) {
  double number = 0;
  if (napi_get_value_double(env, values_[index], &number) != napi_ok || std::trunc(number) != number || !(number >= static_cast<double>(low)) ||
      !(number <= static_cast<double>(high))) {
    wrong(index, "an integer in range");
    return 0;
  }
  return static_cast<int64_t>(number);
}

bool Arguments::boolean(size_t index) {
  bool value = false;
  if (napi_get_value_bool(env, values_[index], &value) != napi_ok) wrong(index, "a boolean");
  return value;
}

bool Arguments::absent(size_t index) const {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, values_[index], &type);
  return type == napi_undefined || type == napi_null;
}

int64_t Arguments::big(size_t index) {
  int64_t value = 0;
  bool lossless = false;
  if (napi_get_value_bigint_int64(env, values_[index], &value, &lossless) != napi_ok || !lossless) wrong(index, "a bigint of 64 bits");
  return value;
}

std::string Arguments::path(size_t index) {
  std::string value;
  if (!get_path(env, values_[index], &value)) wrong(index, "a path");
  return value;
}

std::string Arguments::bytes(size_t index) {
  std::string value;
  if (!get_bytes(env, values_[index], &value)) wrong(index, "a Buffer");
  return value;
}

bool get_path(napi_env env, napi_value value, std::string* out) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) == napi_ok) {
    out->resize(length + 1);
    napi_get_value_string_utf8(env, value, out->data(), length + 1, &length);
    out->resize(length);
  } else if (!get_bytes(env, value, out)) {
    return false;
  }
  if (out->find('\0') != std::string::npos) {
    throw_type_error(env, "A path must not contain a NUL byte");
    return false;
  }
  return true;
}

bool get_bytes(napi_env env, napi_value value, std::string* out) {
  bool is_buffer = false;
  napi_is_buffer(env, value, &is_buffer);  // true for every Uint8Array
  void* data = nullptr;
  size_t size = 0;
  if (!is_buffer || napi_get_buffer_info(env, value, &data, &size) != napi_ok) {
    throw_type_error(env, "Expected a string or a Buffer");
    return false;
  }
  out->assign(static_cast<const char*>(data), size);
  return true;
}

bool get_paths(napi_env env, napi_value array, std::vector<std::string>* out) {
  uint32_t length = 0;
  if (napi_get_array_length(env, array, &length) != napi_ok) {
    throw_type_error(env, "Expected an array of paths");
    return false;
  }
  out->resize(length);
  for (uint32_t i = 0; i < length; i++) {
    // One scope per element: 50,000 handles in one scope would be kept until the call returns.
    napi_handle_scope scope = nullptr;
    napi_open_handle_scope(env, &scope);
    napi_value element = nullptr;
    napi_get_element(env, array, i, &element);
    const bool good = get_path(env, element, &(*out)[i]);
    napi_close_handle_scope(env, scope);
    if (!good) return false;
  }
  return true;
}

napi_value make_number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

napi_value make_big(napi_env env, int64_t value) {
  napi_value result = nullptr;
  napi_create_bigint_int64(env, value, &result);
  return result;
}

napi_value make_boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

napi_value make_undefined(napi_env env) {
  napi_value result = nullptr;
  napi_get_undefined(env, &result);
  return result;
}

napi_value make_buffer(napi_env env, const void* data, size_t size) {
  napi_value result = nullptr;
  napi_create_buffer_copy(env, size, data, nullptr, &result);
  return result;
}

void set_property(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

void export_function(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  set_property(env, exports, name, function);
}

napi_value run_here(napi_env env, Work work, MakeResult result) {
  Job job;
  job.result = std::move(result);
  napi_value promise = nullptr;
  napi_create_promise(env, &job.deferred, &promise);
  job.failure = run_caught(work);
  settle(env, &job);
  return promise;
}

napi_value run_on_pool(napi_env env, const char* name, Work work, MakeResult result) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->result = std::move(result);
  napi_value promise = nullptr;
  napi_create_promise(env, &job->deferred, &promise);
  napi_value label = make_string(env, name);
  const auto execute = [](napi_env, void* data) {
    auto* running = static_cast<Job*>(data);
    running->failure = run_caught(running->work);
  };
  const auto complete = [](napi_env completing, napi_status status, void* data) {
    std::unique_ptr<Job> done(static_cast<Job*>(data));
    // A worker that is being terminated cancels what has not started; nobody can see the promise then.
    if (status == napi_ok) settle(completing, done.get());
    napi_delete_async_work(completing, done->handle);
  };
  if (napi_create_async_work(env, nullptr, label, execute, complete, job.get(), &job->handle) != napi_ok ||
      napi_queue_async_work(env, job->handle) != napi_ok) {
    napi_throw_error(env, nullptr, "Cannot queue work");
    return nullptr;
  }
  job.release();
  return promise;
}

napi_value run_on_own_thread(napi_env env, const char* name, Work work, MakeResult result) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->result = std::move(result);
  napi_value promise = nullptr;
  napi_create_promise(env, &job->deferred, &promise);
  const auto settle_job = [](napi_env calling, napi_value, void*, void* data) {
    std::unique_ptr<Job> done(static_cast<Job*>(data));
    // No environment: it ended while the job was queued.
    if (calling != nullptr) settle(calling, done.get());
  };
  const auto close = [](napi_env, void* data, void*) {
    std::unique_ptr<std::shared_ptr<WayBack>> held(static_cast<std::shared_ptr<WayBack>*>(data));
    (*held)->close();
  };
  const auto back = std::make_shared<WayBack>();
  auto held = std::make_unique<std::shared_ptr<WayBack>>(back);
  if (napi_create_threadsafe_function(env, nullptr, nullptr, make_string(env, name), 0, 1, held.get(), close, nullptr, settle_job,
                                      &back->function) != napi_ok) {
    napi_throw_error(env, nullptr, "Cannot create a thread-safe function");
    return nullptr;
  }
  held.release();
  try {
    std::thread([back, running = job.get()] {
      running->failure = run_caught(running->work);
      if (!back->deliver(running)) delete running;
    }).detach();
  } catch (const std::system_error& error) {
    napi_release_threadsafe_function(back->function, napi_tsfn_abort);
    return throw_failure(env, {error.code().value(), "pthread_create", {}, {}});
  }
  job.release();
  return promise;
}

unsigned batch_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count < 1 ? 1 : count > 8 ? 8 : static_cast<unsigned>(count);
}

}  // namespace tsbuild
