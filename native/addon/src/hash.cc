// SHA-256 of many files' content, on several threads.

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>

#include "kernel.h"
#include "module.h"
#include "parents.h"
#include "parallel.h"
#include "sha256.h"

namespace tsbuild {
namespace {

constexpr size_t kBlock = 128 * 1024;

// The attributes that a copy keeps, as bytes that differ when they do; src/context/file-digests.ts has the same for directories.
std::string kept_attributes(int fd) {
  std::vector<std::string> names;
  list_xattrs(fd, &names);
  std::string out;
  for (const std::string& name : names) {
    const bool kept = name == "security.capability" || (name.compare(0, 5, "user.") == 0 && name.compare(0, 13, "user.overlay.") != 0);
    if (!kept) continue;
    std::string value;
    get_xattr(fd, name.c_str(), &value);
    out += std::to_string(name.size()) + " " + std::to_string(value.size()) + " " + name + value;
  }
  return out;
}

// O_NONBLOCK: opening a fifo would wait for a writer; reading a regular file ignores it.
Failure hash_file(Parents* parents, const std::string& path, bool with_attributes, std::vector<char>* block, Sha256Digest* digest) {
  const int parent = parents->open(path);
  if (parent < 0) return fail("openat2", path);
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const UniqueFd fd(retry_eintr([&] { return openat(parent, name_of(path).c_str(), flags); }));
  if (!fd) return fail("openat", path);
  struct stat status;
  if (fstat(fd.get(), &status) != 0) return fail("fstat", path);
  if (!S_ISREG(status.st_mode)) return {EINVAL, "hash", path, "not a regular file"};
  Sha256 hash;
  for (off_t done = 0;;) {
    const ssize_t size = retry_eintr([&] { return read(fd.get(), block->data(), block->size()); });
    if (size < 0) return fail("read", path);
    if (size == 0) break;
    hash.update(block->data(), static_cast<size_t>(size));
    done += size;
    // The end, which a second read would only confirm. Files that are made on the fly may give less than is asked for, and say size 0.
    if (done == status.st_size && static_cast<size_t>(size) < block->size()) break;
  }
  *digest = hash.finish();
  if (!with_attributes) return {};
  Sha256 both;
  both.update(digest->data(), digest->size());
  const std::string attributes = kept_attributes(fd.get());
  both.update(attributes.data(), attributes.size());
  *digest = both.finish();
  return {};
}

napi_value js_hash_files(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = args.fd(0);
  const bool with_attributes = args.boolean(2);
  const std::string names = args.bytes(1);
  if (!args.ok) return nullptr;
  auto paths = std::make_shared<std::vector<std::string>>();
  for (size_t at = 0; at < names.size(); at += paths->back().size() + 1) paths->emplace_back(names.c_str() + at);
  auto digests = std::make_shared<std::vector<Sha256Digest>>(paths->size());
  const auto work = [dir, paths, digests, with_attributes] {
    return parallel_for(paths->size(), [&] {
      return [&, parents = Parents(dir), block = std::vector<char>(kBlock)](size_t i) mutable {
        return hash_file(&parents, (*paths)[i], with_attributes, &block, &(*digests)[i]);
      };
    });
  };
  return run_on_pool(env, "tsbuild:hash", work, [digests](napi_env calling) {
    return make_buffer(calling, digests->data(), digests->size() * sizeof(Sha256Digest));
  });
}

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

void register_hash(napi_env env, napi_value exports) {
  using namespace tsbuild;
  export_function(env, exports, "hashFiles", js_hash_files);
  export_function(env, exports, "sha256", js_sha256);
}
