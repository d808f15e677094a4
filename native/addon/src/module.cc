#include "module.h"

NAPI_MODULE_INIT() {
  register_syscalls(env, exports);
  register_overlay(env, exports);
  register_spawn(env, exports);
  register_batch(env, exports);
  register_tar_reader(env, exports);
  register_extractor(env, exports);
  return exports;
}
