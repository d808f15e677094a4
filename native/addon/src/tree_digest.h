#pragma once
// The content digest: one sha256 over what a layer holds, without its times. docs/layer-format.md defines it byte by byte.

#include "sha256.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tsbuild {

// Sorted by name.
using Xattrs = std::vector<std::pair<std::string, std::string>>;

struct TreeRecord {
  // f file, d directory, l symbolic link, h hard link, c and b devices, p fifo, w whiteout, o opaque directory, s sparse file of
  // an archive (its map stands in `target`).
  char type = 'f';
  std::string path;  // without "./" and trailing slash; of a whiteout what it hides, of an opaque mark its directory
  uint32_t mode = 0;
  uint64_t uid = 0;
  uint64_t gid = 0;
  uint64_t size = 0;
  uint32_t major = 0;
  uint32_t minor = 0;
  std::string target;
  Xattrs xattrs;
};

// The bytes of a record.
std::string encode_record(const TreeRecord& record);

// Whether the digest of an entry's bytes stands behind that of its record.
inline bool has_content(char type) { return type == 'f' || type == 's'; }

// Where an entry stands: by the bytes of its name in the archive, the whiteouts of a directory before its other entries.
std::string order_key(const TreeRecord& record);

// True for an attribute that belongs to the layer: user.* but that of overlay and containers/storage, and security.capability.
bool is_layer_xattr(std::string_view name);

// security.capability of version 3 names a user namespace, which means nothing elsewhere: gives version 2.
std::string portable_capability(const std::string& value);

// Adds up the digests of entries in their order.
class TreeDigest {
 public:
  TreeDigest();
  // Begin an entry, ending the one before.
  void begin(const void* record, size_t length);
  // Where the bytes of the entry's file go.
  Sha256* content() { return &content_; }
  // A digest that is known already: of a record, or of the bytes behind it.
  void add(const Sha256Digest& digest) { total_.update(digest.data(), digest.size()); }
  Sha256Digest finish();

 private:
  void end();
  Sha256 total_;
  Sha256 content_;
  bool open_ = false;
};

std::string to_hex(const Sha256Digest& digest);

}  // namespace tsbuild
