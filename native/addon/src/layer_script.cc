#include "layer_script.h"

#include "tree_digest.h"

#include <fcntl.h>

namespace tsbuild {

bool duplicate_fds(napi_env env, napi_value array, std::vector<UniqueFd>* out) {
  uint32_t length = 0;
  if (napi_get_array_length(env, array, &length) != napi_ok) {
    throw_type_error(env, "expected an array of descriptors");
    return false;
  }
  for (uint32_t i = 0; i < length; i++) {
    napi_value element = nullptr;
    int32_t fd = -1;
    napi_get_element(env, array, i, &element);
    if (napi_get_value_int32(env, element, &fd) != napi_ok) {
      throw_type_error(env, "expected an array of descriptors");
      return false;
    }
    out->emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!out->back()) {
      throw_failure(env, fail("fcntl"));
      return false;
    }
  }
  return true;
}

napi_value make_hex(napi_env env, const Sha256Digest& digest) {
  const std::string text = to_hex(digest);
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

napi_value make_digests(napi_env env, const Sha256Digest& tar, const Sha256Digest& tree, uint64_t bytes, uint64_t entries) {
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "diffId", make_hex(env, tar));
  set_property(env, result, "contentDigest", make_hex(env, tree));
  set_property(env, result, "bytes", make_number(env, static_cast<double>(bytes)));
  set_property(env, result, "entries", make_number(env, static_cast<double>(entries)));
  return result;
}

}  // namespace tsbuild
