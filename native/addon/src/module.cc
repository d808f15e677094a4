#include "module.h"

NAPI_MODULE_INIT() {
  register_syscalls(env, exports);
  register_overlay(env, exports);
  register_spawn(env, exports);
  register_flock(env, exports);
  register_user_namespace(env, exports);
  register_walk(env, exports);
  register_hash(env, exports);
  register_digest_entries(env, exports);
  register_fence(env, exports);
  register_copy(env, exports);
  register_remove(env, exports);
  register_tar_reader(env, exports);
  register_blob_writer(env, exports);
  register_extractor(env, exports);
  return exports;
}
