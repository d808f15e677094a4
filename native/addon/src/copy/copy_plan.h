#pragma once
// What is to be copied, from where and to where.

#include "sha256.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace tsbuild {

struct CopyEntry {
  std::string from;
  std::string to;
  double mode = NAN;  // NaN: as the source
  double uid = NAN;
  double gid = NAN;
  bool has_time = false;
  int64_t time = 0;
  bool may_link = false;
  bool is_plain = false;  // known to be a regular file with one name
  bool wants_digest = false;
  // Found in the first phase:
  struct stat status = {};
  bool fresh = false;                // a directory that was not there before
  bool dropped = false;              // another entry for the same target follows, or a socket
  size_t link_to = SIZE_MAX;         // entry that already has this file's content
  // Of a regular file that wants one, over the very bytes that were copied (hash_file.h); zeros as long as there is none.
  Sha256Digest digest = {};
};

struct CopyPlan {
  int source = -1;
  int target = -1;
  int direct = -1;  // the directory in which `target`, an overlay, keeps what is written to it
  std::vector<CopyEntry> entries;
  uint32_t mode_mask = 07777;
  bool xattrs = false;
  bool verbatim = false;  // with marks of overlays and recorded owners as they are: what a layer is to an overlay
  int earlier = -1;  // a tree with files of the same content at the same target paths, for entries that may be links
};

}  // namespace tsbuild
