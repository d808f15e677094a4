// BlobWriter: bytes filled in by JavaScript go into a file, and through SHA-256, on other threads.
//   new BlobWriter(fd, memory)
//     memory: a Buffer of at least two blocks of BlockRing::kBlockSize bytes, filled by the caller one after the other, again and again
//   publish(length): takes that many bytes of the block being filled; waits until the next one may be. Throws what went wrong so far
//   finish(length): takes the last bytes: {digest (hex), size} when all are written
//   cancel(): stops the threads and gives the memory back; to be called in the end too. A later call throws ECANCELED

#include "layer/blob_stream.h"
#include "layer_script.h"
#include "module.h"

#include <fcntl.h>
#include <memory>

namespace tsbuild {

const std::shared_ptr<BlobStream>* blob_stream_of(napi_env env, napi_value writer) {
  void* data = nullptr;
  if (napi_unwrap(env, writer, &data) != napi_ok) throw_type_error(env, "not a BlobWriter");
  return static_cast<std::shared_ptr<BlobStream>*>(data);
}

namespace {

BlobStream* self(napi_env env, napi_callback_info info) {
  napi_value object = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr);
  const auto* shared = blob_stream_of(env, object);
  return shared == nullptr ? nullptr : shared->get();
}

napi_value construct(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  UniqueFd file(fcntl(args.fd(0), F_DUPFD_CLOEXEC, 3));
  if (!args.ok) return nullptr;
  if (!file) return throw_failure(env, fail("fcntl"));
  LentMemory memory;
  if (!memory.borrow(env, args[1])) return nullptr;

  // A TarReader may hold the stream too.
  auto held = std::make_unique<std::shared_ptr<BlobStream>>(std::make_shared<BlobStream>(std::move(file), std::move(memory)));
  napi_value object = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr);
  const auto release = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<BlobStream>*>(data); };
  if (napi_wrap(env, object, held.get(), release, nullptr, nullptr) != napi_ok) return nullptr;
  held.release();
  return object;
}

napi_value publish(napi_env env, napi_callback_info info) {
  BlobStream* stream = self(env, info);
  if (stream == nullptr) return nullptr;
  Arguments args(env, info);
  const auto length = static_cast<size_t>(args.integer(0, 0, BlockRing::kBlockSize));
  if (!args.ok) return nullptr;
  if (const Failure failure = stream->publish(length)) return throw_failure(env, failure);
  return nullptr;
}

napi_value finish(napi_env env, napi_callback_info info) {
  BlobStream* stream = self(env, info);
  if (stream == nullptr) return nullptr;
  Arguments args(env, info);
  const auto length = static_cast<size_t>(args.integer(0, 0, BlockRing::kBlockSize));
  if (!args.ok) return nullptr;
  Sha256Digest digest;
  if (const Failure failure = stream->finish(length, &digest)) return throw_failure(env, failure);
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "digest", make_hex(env, digest));
  set_property(env, result, "size", make_number(env, static_cast<double>(stream->size())));
  return result;
}

napi_value cancel(napi_env env, napi_callback_info info) {
  if (BlobStream* stream = self(env, info)) stream->stop();
  return nullptr;
}

}  // namespace
}  // namespace tsbuild

void register_blob_writer(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      {"publish", nullptr, tsbuild::publish, nullptr, nullptr, nullptr, napi_default_method, nullptr},
      {"finish", nullptr, tsbuild::finish, nullptr, nullptr, nullptr, napi_default_method, nullptr},
      {"cancel", nullptr, tsbuild::cancel, nullptr, nullptr, nullptr, napi_default_method, nullptr},
  };
  napi_value constructor = nullptr;
  napi_define_class(env, "BlobWriter", NAPI_AUTO_LENGTH, tsbuild::construct, nullptr, sizeof methods / sizeof *methods, methods, &constructor);
  tsbuild::set_property(env, exports, "BlobWriter", constructor);
}
