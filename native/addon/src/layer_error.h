#pragma once
// What can go wrong between a tree and a tar stream. Thrown inside the threads of the layer writer and the extractor, caught at
// the top of each thread, and turned into a JavaScript error on the thread that asks.

#include "napi_util.h"

#include <string>

namespace tsbuild {

enum class LayerFault {
  kSystem,       // a system call failed: `system` says which
  kInvalid,      // the archive breaks its format
  kEscape,       // an entry's name or link target leads out of the root
  kUnsupported,  // the tree holds something that no layer can express
  kChanged,      // a file changed while it was read
};

struct LayerError {
  LayerFault fault = LayerFault::kSystem;
  std::string entry;   // name in the archive, or path below the directory that is read; raw bytes
  std::string reason;
  Failure system;
};

// The other end gave up: unwinds a thread without an error of its own.
struct Cancelled {};

// The failure of the call just made.
[[noreturn]] void throw_system(const char* syscall, const std::string& entry);
[[noreturn]] void throw_invalid(const std::string& entry, const std::string& reason);

// Runs the body of a thread: false with `*out` set when it threw anything but Cancelled.
template <typename Body>
bool run_guarded(Body body, LayerError* out) {
  // A C++ exception that leaves a thread ends the process.
  try {
    body();
    return true;
  } catch (const Cancelled&) {
    return true;
  } catch (const LayerError& error) {
    *out = error;
  } catch (const std::bad_alloc&) {
    *out = {LayerFault::kSystem, {}, {}, {ENOMEM, "malloc", {}, {}}};
  }
  return false;
}

// Throws an Error with `code` (an errno name, ARCHIVE_INVALID, PATH_ESCAPE, UNSUPPORTED or FILE_CHANGED) and `entry` (a Buffer).
napi_value throw_layer_error(napi_env env, const LayerError& error);

}  // namespace tsbuild
