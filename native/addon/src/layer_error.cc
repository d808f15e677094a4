#include "layer_error.h"

namespace tsbuild {
namespace {

const char* code_of(LayerFault fault) {
  switch (fault) {
    case LayerFault::kInvalid: return "ARCHIVE_INVALID";
    case LayerFault::kEscape: return "PATH_ESCAPE";
    case LayerFault::kUnsupported: return "UNSUPPORTED";
    case LayerFault::kChanged: return "FILE_CHANGED";
    case LayerFault::kSystem: break;
  }
  return "SYSTEM";
}

napi_value make_text(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

}  // namespace

void throw_system(const char* syscall, const std::string& entry) {
  throw LayerError{LayerFault::kSystem, entry, {}, fail(syscall, entry)};
}

void throw_invalid(const std::string& entry, const std::string& reason) { throw LayerError{LayerFault::kInvalid, entry, reason, {}}; }

napi_value throw_layer_error(napi_env env, const LayerError& error) {
  napi_value value = nullptr;
  if (error.fault == LayerFault::kSystem) {
    value = make_error(env, error.system);
  } else {
    napi_create_error(env, make_text(env, code_of(error.fault)), make_text(env, error.reason), &value);
  }
  set_property(env, value, "entry", make_buffer(env, error.entry.data(), error.entry.size()));
  napi_throw(env, value);
  return nullptr;
}

}  // namespace tsbuild
