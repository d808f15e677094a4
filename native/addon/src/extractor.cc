// Extractor: bytes of a tar archive, pushed from JavaScript, become files below a root directory.
//   new Extractor(target, overlay, lowers, prefix, uid | undefined, gid | undefined, requireEnd, gzip)
//     overlay: '' a plain archive, 'user' or 'trusted' a layer for an overlay of that family, 'copy' one to be folded into a copy
//     gzip: the archive comes compressed with it
//   write(buffer): takes a copy; waits while the ring is full; throws what went wrong so far
//   finish(): {diffId, contentDigest (hex, meaningful for a layer only), bytes, entries, implied (paths of directories that had no
//     entry), hidesAll (the layer hides all below it)}; the tree is complete then
//   cancel(): stops the threads and closes the descriptors; to be called in the end too. What was made so far stays
// adoptAttributes(target, overlay, lowers, paths): what `implied` named gets the attributes it has in the lowers, top first

#include "block_ring.h"
#include "fence.h"
#include "gzip/gunzip.h"
#include "hash_block.h"
#include "layer_script.h"
#include "module.h"
#include "layer/tree_writer.h"

#include <cstring>
#include <fcntl.h>
#include <optional>
#include <system_error>
#include <thread>

namespace tsbuild {
namespace {

// 4 MiB ahead of the file system. Who waits for room is woken when half of it is free: what is left then has to last until a busy machine
// lets him go on.
constexpr size_t kBlocks = 16;
enum Reader : size_t { kExtract, kHash };

class Extractor : private ContentListener, private ByteSink {
 public:
  Extractor(TreeWriterOptions options, UniqueFd root, std::vector<UniqueFd> lowers, bool require_end, bool gzip)
      : root_(std::move(root)),
        lowers_(std::move(lowers)),
        options_(std::move(options)),
        // A plain archive has no digest to verify.
        ring_(kBlocks, is_layer() ? 2 : 1),
        writer_(options_, this),
        parser_(&writer_, require_end) {
    if (gzip) gunzip_.emplace(static_cast<ByteSink*>(this));
  }

  ~Extractor() override { stop(); }

  void start() {
    if (is_layer()) threads_.emplace_back([this] { hash(); });
    threads_.emplace_back([this] { extract(); });
  }

  // Throws LayerError, as the two below.
  void write(const uint8_t* data, size_t size) {
    if (gunzip_) {
      gunzip_->feed(data, size);
    } else {
      bytes(data, size);
    }
    if (ring_.cancelled()) throw_reason();
  }

  void finish() {
    if (gunzip_) gunzip_->finish();
    if (block_ != nullptr) publish();
    ring_.close();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    if (ring_.cancelled()) throw_reason();
    tree_digest = writer_.tree_digest(contents_);
  }

  // The descriptors go at once: one of a detached mount would keep it mounted until the garbage collector comes by.
  void stop() {
    ring_.cancel();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    writer_.close();
    root_.reset();
    lowers_.clear();
  }

  Sha256Digest tar_digest{};
  Sha256Digest tree_digest{};
  uint64_t size() const { return bytes_; }
  uint64_t entries() const { return writer_.entries(); }
  const TreeWriter& writer() const { return writer_; }

 private:
  bool is_layer() const { return !options_.overlay_prefix.empty(); }

  // Of the archive, decompressed.
  void bytes(const uint8_t* data, size_t size) override {
    bytes_ += size;
    while (size > 0) {
      if (block_ == nullptr) block_ = ring_.acquire();
      if (block_ == nullptr) throw_reason();
      const size_t count = std::min(size, BlockRing::kBlockSize - block_->length);
      memcpy(block_->data.get() + block_->length, data, count);
      block_->length += count;
      data += count;
      size -= count;
      if (block_->length == BlockRing::kBlockSize) publish();
    }
  }

  void publish() {
    ring_.publish();
    block_ = nullptr;
  }

  // Behind the one that extracts, which finds out where files are: their bytes go into both hashes at once.
  void hash() {
    Sha256 tar;
    Sha256 content;
    bool in_file = false;
    const auto begin_file = [&](const TreePart&) {
      if (in_file) contents_.push_back(content.finish());
      in_file = true;
    };
    while (const Block* block = ring_.next_after(kHash, kExtract)) {
      hash_block(*block, &tar, &content, begin_file);
      ring_.release(kHash);
    }
    if (in_file) contents_.push_back(content.finish());
    tar_digest = tar.finish();
  }

  void file_begins() override { extracted_->parts.push_back({TreePart::Kind::kRecord, 0, 0}); }

  void file_content(const uint8_t* data, size_t size) override {
    const auto offset = static_cast<uint32_t>(data - extracted_->data.get());
    extracted_->parts.push_back({TreePart::Kind::kContent, offset, static_cast<uint32_t>(size)});
  }

  void extract() {
    // Before the first byte of the archive is looked at.
    fence_thread(options_.lowers, {root_.get()});
    LayerError error;
    const auto body = [this] {
      while ((extracted_ = ring_.next(kExtract)) != nullptr) {
        parser_.feed(extracted_->data.get(), extracted_->length);
        ring_.release(kExtract);
      }
      if (ring_.cancelled()) throw Cancelled();
      parser_.finish();
      writer_.finish();
    };
    if (run_guarded(body, &error)) return;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      error_ = std::move(error);
      failed_ = true;
    }
    ring_.cancel();
  }

  [[noreturn]] void throw_reason() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failed_) throw error_;
    throw LayerError{LayerFault::kSystem, {}, {}, {ECANCELED, "write", {}, {}}};
  }

  UniqueFd root_;
  std::vector<UniqueFd> lowers_;
  TreeWriterOptions options_;
  BlockRing ring_;
  TreeWriter writer_;
  TarParser parser_;
  std::optional<Gunzip> gunzip_;
  std::vector<std::thread> threads_;
  Block* block_ = nullptr;      // being filled
  Block* extracted_ = nullptr;  // being extracted
  std::vector<Sha256Digest> contents_;
  uint64_t bytes_ = 0;
  std::mutex mutex_;
  LayerError error_;
  bool failed_ = false;
};

Extractor* self(napi_env env, napi_callback_info info) {
  napi_value object = nullptr;
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr);
  if (napi_unwrap(env, object, &data) != napi_ok) {
    throw_type_error(env, "not an Extractor");
    return nullptr;
  }
  return static_cast<Extractor*>(data);
}

napi_value construct(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  TreeWriterOptions options;
  UniqueFd root(fcntl(args.fd(0), F_DUPFD_CLOEXEC, 3));
  options.root = root.get();
  const std::string overlay = args.path(1);
  options.fifo_whiteouts = overlay == "copy";
  if (!overlay.empty()) options.overlay_prefix = options.fifo_whiteouts ? "user.tsbuild." : overlay + ".overlay.";
  std::vector<UniqueFd> lowers;
  if (!duplicate_fds(env, args[2], &lowers)) return nullptr;
  for (const UniqueFd& lower : lowers) options.lowers.push_back(lower.get());
  if (!clean_path(args.path(3), &options.prefix)) return throw_type_error(env, "argument 3 leads out of the root");
  if (!args.absent(4)) {
    options.owner.emplace(static_cast<uint32_t>(args.integer(4, 0, UINT32_MAX - 1)), static_cast<uint32_t>(args.integer(5, 0, UINT32_MAX - 1)));
  }
  const bool require_end = args.boolean(6);
  const bool gzip = args.boolean(7);
  if (!args.ok) return nullptr;
  if (!root) return throw_failure(env, fail("fcntl"));

  auto extractor = std::make_unique<Extractor>(std::move(options), std::move(root), std::move(lowers), require_end, gzip);
  try {
    extractor->start();
  } catch (const std::system_error& error) {
    return throw_failure(env, {error.code().value(), "pthread_create", {}, {}});
  }
  napi_value object = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr);
  const auto release = [](napi_env, void* data, void*) { delete static_cast<Extractor*>(data); };
  if (napi_wrap(env, object, extractor.get(), release, nullptr, nullptr) != napi_ok) return nullptr;
  extractor.release();
  return object;
}

napi_value write(napi_env env, napi_callback_info info) {
  Extractor* extractor = self(env, info);
  if (extractor == nullptr) return nullptr;
  const Arguments args(env, info);
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_buffer_info(env, args[0], &data, &size) != napi_ok) return throw_type_error(env, "argument 0 must be a Buffer");
  try {
    extractor->write(static_cast<const uint8_t*>(data), size);
  } catch (const LayerError& error) {
    return throw_layer_error(env, error);
  }
  return nullptr;
}

napi_value finish(napi_env env, napi_callback_info info) {
  Extractor* extractor = self(env, info);
  if (extractor == nullptr) return nullptr;
  try {
    extractor->finish();
  } catch (const LayerError& error) {
    return throw_layer_error(env, error);
  }
  napi_value facts = make_digests(env, extractor->tar_digest, extractor->tree_digest, extractor->size(), extractor->entries());
  if (facts == nullptr) return nullptr;
  const std::vector<std::string> implied = extractor->writer().implied();
  napi_value paths = nullptr;
  napi_create_array_with_length(env, implied.size(), &paths);
  for (size_t at = 0; at < implied.size(); at++) {
    napi_value path = nullptr;
    napi_create_buffer_copy(env, implied[at].size(), implied[at].data(), nullptr, &path);
    napi_set_element(env, paths, static_cast<uint32_t>(at), path);
  }
  set_property(env, facts, "implied", paths);
  napi_value hides_all = nullptr;
  napi_get_boolean(env, extractor->writer().hides_all(), &hides_all);
  set_property(env, facts, "hidesAll", hides_all);
  return facts;
}

napi_value js_adopt_attributes(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  TreeWriterOptions options;
  options.root = args.fd(0);
  options.overlay_prefix = args.path(1) + ".overlay.";
  std::vector<UniqueFd> lowers;
  if (!duplicate_fds(env, args[2], &lowers)) return nullptr;
  for (const UniqueFd& lower : lowers) options.lowers.push_back(lower.get());
  if (!args.ok) return nullptr;
  uint32_t count = 0;
  if (napi_get_array_length(env, args[3], &count) != napi_ok) return throw_type_error(env, "argument 3 must be an array");
  std::vector<std::string> paths;
  for (uint32_t at = 0; at < count; at++) {
    napi_value element = nullptr;
    void* data = nullptr;
    size_t size = 0;
    napi_get_element(env, args[3], at, &element);
    if (napi_get_buffer_info(env, element, &data, &size) != napi_ok) return throw_type_error(env, "argument 3 must hold Buffers");
    std::string path;
    if (!clean_path(std::string(static_cast<const char*>(data), size), &path)) return throw_type_error(env, "a path leads out of the root");
    paths.push_back(std::move(path));
  }
  LayerError error;
  const auto adopt = [&] { TreeWriter(options).adopt(paths); };
  if (!run_guarded(adopt, &error)) return throw_layer_error(env, error);
  return nullptr;
}

napi_value cancel(napi_env env, napi_callback_info info) {
  if (Extractor* extractor = self(env, info)) extractor->stop();
  return nullptr;
}

}  // namespace
}  // namespace tsbuild

void register_extractor(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      {"write", nullptr, tsbuild::write, nullptr, nullptr, nullptr, napi_default_method, nullptr},
      {"finish", nullptr, tsbuild::finish, nullptr, nullptr, nullptr, napi_default_method, nullptr},
      {"cancel", nullptr, tsbuild::cancel, nullptr, nullptr, nullptr, napi_default_method, nullptr},
  };
  napi_value constructor = nullptr;
  napi_define_class(env, "Extractor", NAPI_AUTO_LENGTH, tsbuild::construct, nullptr, sizeof methods / sizeof *methods, methods, &constructor);
  tsbuild::set_property(env, exports, "Extractor", constructor);
  tsbuild::export_function(env, exports, "adoptAttributes", tsbuild::js_adopt_attributes);
}
