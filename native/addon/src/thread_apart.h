#pragma once
// What a thread of its own is needed for: credentials, namespaces and the like belong to threads, and end with them.

#include "napi_util.h"

#include <system_error>
#include <thread>

namespace tsbuild {

// Calls `body`, which gives a Failure, on a thread that ends with it, and waits.
template <typename Body>
Failure on_thread_apart(Body body) {
  Failure failure;
  try {
    std::thread([&] { failure = body(); }).join();
  } catch (const std::system_error& error) {
    return {error.code().value(), "pthread_create", {}, {}};
  }
  return failure;
}

}  // namespace tsbuild
