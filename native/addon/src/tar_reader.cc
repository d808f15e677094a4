// TarReader: the tar stream of an upper directory, read block by block from JavaScript, with both digests at its end.
//   new TarReader(upper, trusted, lowers | undefined, rootMode, rootUid, rootGid, clampSeconds | undefined, forceSeconds | undefined,
//                 names | undefined, kinds, numbers, addedFrom | undefined, memory,
//                 blob | undefined)
//     names: instead of all of the upper directory, FROM NUL TO NUL of each entry; kinds: a byte each, ListedEntry::Kind; numbers: mode,
//     uid and gid each, NaN for the file's own. addedFrom: they lie in this directory, and come in addition to the upper one
//     memory: a Buffer of at least two blocks of BlockRing::kBlockSize bytes, which the stream goes through one after the other
//     blob: a BlobWriter whose bytes are hashed along with those of the tar
//   next(): bytes in the next block, 0 at the end; waits for it. The one before may be filled again then
//   finish(): {diffId, contentDigest (hex), bytes, entries}; call it after next gave 0
//   cancel(): stops the threads and closes the descriptors; to be called in the end too. A later call throws ECANCELED

#include "hash_block.h"
#include "layer_script.h"
#include "lent_memory.h"
#include "layer/blob_stream.h"
#include "layer/layer_walk.h"
#include "module.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>

namespace tsbuild {
namespace {

enum Reader : size_t { kHash, kScript, kReaders };

class TarReader {
 public:
  TarReader(LayerWalkOptions options, UniqueFd upper, UniqueFd added_from, std::vector<UniqueFd> lowers, LentMemory memory, std::shared_ptr<BlobStream> blob)
      : upper_(std::move(upper)), added_from_(std::move(added_from)), lowers_(std::move(lowers)), options_(std::move(options)), memory_(std::move(memory)), ring_(memory_.blocks(), kReaders, memory_.data()), walk_(options_, &ring_), blob_(std::move(blob)) {}

  ~TarReader() { stop(); }

  void start() {
    threads_.emplace_back([this] { produce(); });
    threads_.emplace_back([this] { hash(); });
  }

  // Throws LayerError.
  size_t next() {
    if (is_reading_) ring_.release(kScript);
    const Block* block = ring_.next(kScript);
    is_reading_ = block != nullptr;
    if (ring_.cancelled()) throw_reason();
    return is_reading_ ? block->length : 0;
  }

  void finish() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    if (ring_.cancelled()) throw_reason();
  }

  // The descriptors go at once: one of a detached mount would keep it mounted until the garbage collector comes by.
  void stop() {
    ring_.cancel();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    upper_.reset();
    added_from_.reset();
    lowers_.clear();
    memory_.give_back();
    blob_.reset();
  }

  Sha256Digest tar_digest{};
  Sha256Digest tree_digest{};
  const LayerWalk& walked() const { return walk_; }

 private:
  void produce() {
    LayerError error;
    if (run_guarded([this] { walk_.run(); }, &error)) {
      ring_.close();
      return;
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      error_ = std::move(error);
      failed_ = true;
    }
    ring_.cancel();
  }

  void hash() {
    Sha256 tar;
    TreeDigest tree;
    while (const Block* block = ring_.next(kHash)) {
      const auto begin = [&](const TreePart& part) { tree.begin(block->records.data() + part.offset, part.length); };
      hash_block(*block, &tar, tree.content(), begin, blob_.get());
      ring_.release(kHash);
    }
    tar_digest = tar.finish();
    tree_digest = tree.finish();
  }

  [[noreturn]] void throw_reason() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failed_) throw error_;
    throw LayerError{LayerFault::kSystem, {}, {}, {ECANCELED, "read", {}, {}}};
  }

  UniqueFd upper_;
  UniqueFd added_from_;
  std::vector<UniqueFd> lowers_;
  LayerWalkOptions options_;
  LentMemory memory_;
  BlockRing ring_;
  LayerWalk walk_;
  std::shared_ptr<BlobStream> blob_;
  std::vector<std::thread> threads_;
  bool is_reading_ = false;  // a block is with JavaScript
  std::mutex mutex_;
  LayerError error_;
  bool failed_ = false;
};

TarReader* self(napi_env env, napi_callback_info info) {
  napi_value object = nullptr;
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr);
  if (napi_unwrap(env, object, &data) != napi_ok) {
    throw_type_error(env, "not a TarReader");
    return nullptr;
  }
  return static_cast<TarReader*>(data);
}

// Arguments 8 to 10. False when the columns do not fit each other.
bool read_list(napi_env env, Arguments& args, std::vector<ListedEntry>* list) {
  const std::string names = args.bytes(8);
  const std::string kinds = args.bytes(9);
  bool is_typed = false;
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* numbers = nullptr;
  napi_is_typedarray(env, args[10], &is_typed);
  if (!args.ok || !is_typed || napi_get_typedarray_info(env, args[10], &type, &length, &numbers, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_float64_array || length != 3 * kinds.size()) return false;
  size_t at = 0;
  const auto next = [&](std::string* out) {
    const size_t end = names.find('\0', at);
    if (end == std::string::npos) return false;
    *out = names.substr(at, end - at);
    at = end + 1;
    return true;
  };
  for (size_t i = 0; i < kinds.size(); i++) {
    ListedEntry entry;
    const auto kind = static_cast<uint8_t>(kinds[i]);
    if (!next(&entry.from) || !next(&entry.to) || kind > static_cast<uint8_t>(ListedEntry::Kind::kOpaque)) return false;
    entry.kind = static_cast<ListedEntry::Kind>(kind);
    const double* own = static_cast<const double*>(numbers) + 3 * i;
    entry.mode = own[0], entry.uid = own[1], entry.gid = own[2];
    list->push_back(std::move(entry));
  }
  return at == names.size();
}

napi_value construct(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  LayerWalkOptions options;
  // Own descriptors: the caller may close its own at once.
  UniqueFd upper(fcntl(args.fd(0), F_DUPFD_CLOEXEC, 3));
  options.upper = upper.get();
  options.overlay_prefix = args.boolean(1) ? "trusted.overlay." : "user.overlay.";
  std::vector<UniqueFd> lowers;
  if (!args.absent(2)) {
    if (!duplicate_fds(env, args[2], &lowers)) return nullptr;
    options.lowers.emplace();
    for (const UniqueFd& lower : lowers) options.lowers->push_back(lower.get());
  }
  options.root_mode = static_cast<uint32_t>(args.integer(3, 0, 07777));
  options.root_uid = static_cast<uint32_t>(args.integer(4, 0, UINT32_MAX));
  options.root_gid = static_cast<uint32_t>(args.integer(5, 0, UINT32_MAX));
  if (!args.absent(6)) options.clamp_seconds = args.integer(6);
  if (!args.absent(7)) options.force_seconds = args.integer(7);
  if (!args.absent(8)) {
    options.list.emplace();
    if (!read_list(env, args, &*options.list)) return throw_type_error(env, "a list of entries takes names, kinds and numbers of one length");
  }
  UniqueFd added_from;
  if (!args.absent(11)) {
    added_from.reset(fcntl(args.fd(11), F_DUPFD_CLOEXEC, 3));
    if (!added_from) return throw_failure(env, fail("fcntl"));
    options.added_from = added_from.get();
  }
  if (!args.ok) return nullptr;
  if (!upper) return throw_failure(env, fail("fcntl"));
  LentMemory memory;
  if (!memory.borrow(env, args[12])) return nullptr;

  std::shared_ptr<BlobStream> blob;
  if (!args.absent(13)) {
    const auto* shared = blob_stream_of(env, args[13]);
    if (shared == nullptr) return nullptr;
    blob = *shared;
  }

  auto reader = std::make_unique<TarReader>(std::move(options), std::move(upper), std::move(added_from), std::move(lowers), std::move(memory), std::move(blob));
  try {
    reader->start();
  } catch (const std::system_error& error) {
    return throw_failure(env, {error.code().value(), "pthread_create", {}, {}});
  }
  napi_value object = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr);
  const auto release = [](napi_env, void* data, void*) { delete static_cast<TarReader*>(data); };
  if (napi_wrap(env, object, reader.get(), release, nullptr, nullptr) != napi_ok) return nullptr;
  reader.release();
  return object;
}

napi_value next(napi_env env, napi_callback_info info) {
  TarReader* reader = self(env, info);
  if (reader == nullptr) return nullptr;
  try {
    return make_number(env, static_cast<double>(reader->next()));
  } catch (const LayerError& error) {
    return throw_layer_error(env, error);
  }
}

napi_value finish(napi_env env, napi_callback_info info) {
  TarReader* reader = self(env, info);
  if (reader == nullptr) return nullptr;
  try {
    reader->finish();
  } catch (const LayerError& error) {
    return throw_layer_error(env, error);
  }
  return make_digests(env, reader->tar_digest, reader->tree_digest, reader->walked().bytes(), reader->walked().entries());
}

napi_value cancel(napi_env env, napi_callback_info info) {
  if (TarReader* reader = self(env, info)) reader->stop();
  return nullptr;
}

}  // namespace
}  // namespace tsbuild

void register_tar_reader(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      {"next", nullptr, tsbuild::next, nullptr, nullptr, nullptr, napi_default_method, nullptr},
      {"finish", nullptr, tsbuild::finish, nullptr, nullptr, nullptr, napi_default_method, nullptr},
      {"cancel", nullptr, tsbuild::cancel, nullptr, nullptr, nullptr, napi_default_method, nullptr},
  };
  napi_value constructor = nullptr;
  napi_define_class(env, "TarReader", NAPI_AUTO_LENGTH, tsbuild::construct, nullptr, sizeof methods / sizeof *methods, methods, &constructor);
  tsbuild::set_property(env, exports, "TarReader", constructor);
}
