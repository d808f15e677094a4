#pragma once
// What the layer writer and the extractor share towards JavaScript.

#include "napi_util.h"
#include "sha256.h"

namespace tsbuild {

// A JavaScript array of descriptors, each duplicated. False with an error pending.
bool duplicate_fds(napi_env env, napi_value array, std::vector<UniqueFd>* out);

// Hexadecimal digits.
napi_value make_hex(napi_env env, const Sha256Digest& digest);

// {diffId, contentDigest, bytes, entries}: digests in hexadecimal digits.
napi_value make_digests(napi_env env, const Sha256Digest& tar, const Sha256Digest& tree, uint64_t bytes, uint64_t entries);

}  // namespace tsbuild
