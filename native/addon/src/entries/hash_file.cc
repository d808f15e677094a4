#include "entries/hash_file.h"

#include "kernel.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace tsbuild {
namespace {

// As bytes that differ when they do; src/context/file-digests.ts has the same for directories.
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

}  // namespace

Sha256Digest digest_with_attributes(Sha256* content, int fd) {
  const Sha256Digest digest = content->finish();
  Sha256 both;
  both.update(digest.data(), digest.size());
  const std::string attributes = kept_attributes(fd);
  both.update(attributes.data(), attributes.size());
  return both.finish();
}

// O_NONBLOCK: opening a fifo would wait for a writer; reading a regular file ignores it.
Failure FileHasher::hash(const std::string& path, Sha256Digest* digest) {
  const int parent = parents_.open(path);
  if (parent < 0) return fail("openat2", path);
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const UniqueFd fd(retry_eintr([&] { return openat(parent, name_of(path).c_str(), flags); }));
  if (!fd) return fail("openat", path);
  struct stat status;
  if (fstat(fd.get(), &status) != 0) return fail("fstat", path);
  if (!S_ISREG(status.st_mode)) return {EINVAL, "hash", path, "not a regular file"};
  Sha256 content;
  for (off_t done = 0;;) {
    const ssize_t size = retry_eintr([&] { return read(fd.get(), block_.data(), block_.size()); });
    if (size < 0) return fail("read", path);
    if (size == 0) break;
    content.update(block_.data(), static_cast<size_t>(size));
    done += size;
    // The end, which a second read would only confirm. Files that are made on the fly may give less than is asked for, and say size 0.
    if (done == status.st_size && static_cast<size_t>(size) < block_.size()) break;
  }
  *digest = digest_with_attributes(&content, fd.get());
  return {};
}

Failure FileHasher::look_for_attributes(const std::string& path, bool* found) const {
  const uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  const UniqueFd fd(open_at2(root_, path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, resolve));
  if (!fd) return fail("openat2", path);
  *found = !kept_attributes(fd.get()).empty();
  return {};
}

}  // namespace tsbuild
