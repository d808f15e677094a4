#pragma once
// What TarReader, BlobWriter and Extractor share towards JavaScript.

#include "napi_util.h"
#include "sha256.h"

#include <memory>

namespace tsbuild {

class BlobStream;

// What a BlobWriter has; null with a TypeError pending when `writer` is none.
const std::shared_ptr<BlobStream>* blob_stream_of(napi_env env, napi_value writer);

// A JavaScript array of descriptors, each duplicated. False with an error pending.
bool duplicate_fds(napi_env env, napi_value array, std::vector<UniqueFd>* out);

// Hexadecimal digits.
napi_value make_hex(napi_env env, const Sha256Digest& digest);

// {diffId, contentDigest, bytes, entries}: digests in hexadecimal digits.
napi_value make_digests(napi_env env, const Sha256Digest& tar, const Sha256Digest& tree, uint64_t bytes, uint64_t entries);

}  // namespace tsbuild
