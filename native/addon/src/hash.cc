// SHA-256 of bytes that are there.

#include "module.h"
#include "sha256.h"

namespace tsbuild {
namespace {

napi_value js_sha256(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const std::string bytes = args.bytes(0);
  const bool portable = args.boolean(1);
  if (!args.ok) return nullptr;
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  const Sha256Digest digest = portable ? sha256_portable(bytes.data(), bytes.size()) : hash.finish();
  return make_buffer(env, digest.data(), digest.size());
}

}  // namespace
}  // namespace tsbuild

void register_hash(napi_env env, napi_value exports) { tsbuild::export_function(env, exports, "sha256", tsbuild::js_sha256); }
