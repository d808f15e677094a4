#pragma once
// The digest of one file after the other.

#include "napi_util.h"
#include "parents.h"
#include "sha256.h"

#include <string>
#include <vector>

namespace tsbuild {

// SHA-256 of a content's SHA-256 and of the extended attributes of the file `fd` that a copy keeps.
Sha256Digest digest_with_attributes(Sha256* content, int fd);

// Opens files with a directory as their root: links in their parents stay inside, a link in the last component is refused. One per thread.
class FileHasher {
 public:
  explicit FileHasher(int root) : root_(root), parents_(root), block_(kBlock) {}

  // As digest_with_attributes.
  Failure hash(const std::string& path, Sha256Digest* digest);
  // Whether a directory has attributes that a copy keeps.
  Failure look_for_attributes(const std::string& path, bool* found) const;

 private:
  static constexpr size_t kBlock = 128 * 1024;
  const int root_;
  Parents parents_;
  std::vector<char> block_;
};

}  // namespace tsbuild
