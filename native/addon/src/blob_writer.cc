// BlobWriter: bytes filled in by JavaScript go into a file, and through SHA-256, on a thread of their own.
//   new BlobWriter(fd, memory)
//     memory: a Buffer of at least two blocks of BlockRing::kBlockSize bytes, filled by the caller one after the other, again and again
//   publish(length): takes that many bytes of the block being filled; waits until the next one may be. Throws what went wrong so far
//   finish(length): takes the last bytes: {digest (hex), size} when all are written
//   cancel(): stops the thread and gives the memory back; to be called in the end too. A later call throws ECANCELED

#include "block_ring.h"
#include "kernel.h"
#include "lent_memory.h"
#include "layer_script.h"
#include "module.h"
#include "sha256.h"

#include <fcntl.h>
#include <system_error>
#include <thread>

namespace tsbuild {
namespace {

class BlobWriter {
 public:
  BlobWriter(UniqueFd file, LentMemory memory)
      : file_(std::move(file)), memory_(std::move(memory)), ring_(memory_.blocks(), 1, memory_.data()), block_(ring_.acquire()) {}

  ~BlobWriter() { stop(); }

  Failure publish(size_t length) {
    if (block_ == nullptr) return reason();
    block_->length = length;
    block_ = nullptr;
    ring_.publish();
    if (!thread_.joinable()) {
      try {
        thread_ = std::thread([this] { take_all(); });
      } catch (const std::system_error& error) {
        return {error.code().value(), "pthread_create", {}, {}};
      }
    }
    block_ = ring_.acquire();
    return block_ == nullptr ? reason() : Failure{};
  }

  Failure finish(size_t length, Sha256Digest* digest) {
    if (block_ == nullptr) return reason();
    block_->length = length;
    block_ = nullptr;
    ring_.publish();
    ring_.close();
    // Most blobs fit in one block: no thread is started for those.
    if (thread_.joinable()) {
      thread_.join();
    } else {
      take_all();
    }
    if (ring_.cancelled()) return reason();
    *digest = hash_.finish();
    return {};
  }

  void stop() {
    ring_.cancel();
    if (thread_.joinable()) thread_.join();
    block_ = nullptr;
    file_.reset();
    memory_.give_back();
  }

  uint64_t size() const { return size_; }

 private:
  void take_all() {
    while (const Block* block = ring_.next(0)) {
      hash_.update(block->data.get(), block->length);
      if (!write_all(file_.get(), block->data.get(), block->length)) {
        failure_ = fail("write");
        ring_.cancel();
        return;
      }
      size_ += block->length;
      ring_.release(0);
    }
  }

  // Why the ring is cancelled.
  Failure reason() {
    if (thread_.joinable()) thread_.join();
    return failure_ ? failure_ : Failure{ECANCELED, "write", {}, {}};
  }

  UniqueFd file_;
  LentMemory memory_;
  BlockRing ring_;
  Block* block_;  // being filled; null once nothing more may be
  std::thread thread_;
  Sha256 hash_;
  uint64_t size_ = 0;
  Failure failure_;
};

BlobWriter* self(napi_env env, napi_callback_info info) {
  napi_value object = nullptr;
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr);
  if (napi_unwrap(env, object, &data) != napi_ok) {
    throw_type_error(env, "not a BlobWriter");
    return nullptr;
  }
  return static_cast<BlobWriter*>(data);
}

napi_value construct(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  UniqueFd file(fcntl(args.fd(0), F_DUPFD_CLOEXEC, 3));
  if (!args.ok) return nullptr;
  if (!file) return throw_failure(env, fail("fcntl"));
  LentMemory memory;
  if (!memory.borrow(env, args[1])) return nullptr;

  auto writer = std::make_unique<BlobWriter>(std::move(file), std::move(memory));
  napi_value object = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr);
  const auto release = [](napi_env, void* data, void*) { delete static_cast<BlobWriter*>(data); };
  if (napi_wrap(env, object, writer.get(), release, nullptr, nullptr) != napi_ok) return nullptr;
  writer.release();
  return object;
}

napi_value publish(napi_env env, napi_callback_info info) {
  BlobWriter* writer = self(env, info);
  if (writer == nullptr) return nullptr;
  Arguments args(env, info);
  const auto length = static_cast<size_t>(args.integer(0, 0, BlockRing::kBlockSize));
  if (!args.ok) return nullptr;
  if (const Failure failure = writer->publish(length)) return throw_failure(env, failure);
  return nullptr;
}

napi_value finish(napi_env env, napi_callback_info info) {
  BlobWriter* writer = self(env, info);
  if (writer == nullptr) return nullptr;
  Arguments args(env, info);
  const auto length = static_cast<size_t>(args.integer(0, 0, BlockRing::kBlockSize));
  if (!args.ok) return nullptr;
  Sha256Digest digest;
  if (const Failure failure = writer->finish(length, &digest)) return throw_failure(env, failure);
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "digest", make_hex(env, digest));
  set_property(env, result, "size", make_number(env, static_cast<double>(writer->size())));
  return result;
}

napi_value cancel(napi_env env, napi_callback_info info) {
  if (BlobWriter* writer = self(env, info)) writer->stop();
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
