#pragma once
// Makes a layer's tar stream, from all of the upper directory of an overlay or from a list of files: the producer of the layer writer.

#include "block_ring.h"
#include "layer_error.h"
#include "napi_util.h"
#include "tar_format.h"

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace tsbuild {

// One entry of a layer that is written from a list.
struct ListedEntry {
  enum class Kind : uint8_t { kFile, kWhiteout, kOpaque };  // kFile: whatever lies at `from`
  Kind kind = Kind::kFile;
  std::string from;  // below the upper directory; its parents are no links
  std::string to;    // in the layer
  double mode = NAN;  // NaN: as the file
  double uid = NAN;
  double gid = NAN;
};

struct LayerWalkOptions {
  int upper = -1;
  // Instead of everything below `upper`, or with `added_from` files of that directory in addition to it.
  std::optional<std::vector<ListedEntry>> list;
  int added_from = -1;
  // "user.overlay." or "trusted.overlay.": the family the overlay was mounted with.
  std::string overlay_prefix;
  // Directories under the upper one, top first; an opaque directory that hides nothing there is not marked. Absent: not known.
  std::optional<std::vector<int>> lowers;
  // What the root directory was before: it becomes an entry only when it differs now.
  uint32_t root_mode = 0;
  uint32_t root_uid = 0;
  uint32_t root_gid = 0;
  std::optional<int64_t> clamp_seconds;
  std::optional<int64_t> force_seconds;
};

class LayerWalk {
 public:
  LayerWalk(const LayerWalkOptions& options, BlockRing* ring)
      : options_(options), ring_(ring), parents_(options.added_from >= 0 ? options.added_from : options.upper) {}

  // Fill the ring to the end of the archive. Throws LayerError, or Cancelled when the ring is.
  void run();
  uint64_t bytes() const { return bytes_; }
  uint64_t entries() const { return entries_; }

 private:
  static constexpr char kWhiteoutPrefix[] = ".wh.";  // image-spec layer.md
  enum class Kind { kFile, kDirectory, kSymlink, kSpecial, kWhiteout, kSocket };
  struct Child {
    std::string name;
    std::string key;
    Kind kind;
    const ListedEntry* added = nullptr;  // lies elsewhere
  };
  // Opens the parents of listed entries and keeps the last one: lists come in the order of a tree.
  class ListedParents {
   public:
    explicit ListedParents(int root) : root_(root) {}
    int open(const std::string& from);

   private:
    const int root_;
    std::string path_;
    UniqueFd fd_;
  };
  // Status and attributes of a file as the layer shows it: override_stat applied.
  struct Meta {
    TarEntry entry;
    bool opaque = false;
  };

  [[noreturn]] static void throw_changed(const std::string& path);
  std::vector<Child> list(int directory, const std::string& prefix) const;
  Kind kind_of(int directory, const std::string& name, unsigned char type, const std::string& path) const;
  void walk(int directory, const std::string& prefix, bool opaque);
  void walk_list();
  void listed(int directory, const std::string& name, const ListedEntry& wanted);
  void file(int directory, const std::string& name, const std::string& path);
  void subdirectory(int directory, const std::string& name, const std::string& path);
  // The entry itself, without what the directory holds; gives whether it is opaque.
  bool directory_entry(int fd, const std::string& path);
  void symlink(int directory, const std::string& name, const std::string& path);
  void special(int directory, const std::string& name, const std::string& path);
  void root();

  // The attributes that the list asks for in place of the file's own.
  void override_ids(TarEntry* entry) const;
  Meta read_meta(int fd, const struct stat& status, const std::string& path) const;
  int64_t mtime_of(const struct stat& status) const;
  bool hidden_below(const std::string& path) const;
  // True when an earlier entry is the same file, which this one then links to.
  bool hard_link(const struct stat& status, const std::string& path, TarEntry entry);
  void mark(char type, const std::string& path);

  void entry(const TarEntry& entry);
  void record(const TreeRecord& record);
  void content(int fd, const struct stat& status, const std::string& path);
  void put(const void* data, size_t length);
  void put_zeros(size_t length);
  // The block to write into, with room in it.
  Block* room();
  void publish();

  const LayerWalkOptions& options_;
  BlockRing* ring_;
  Block* block_ = nullptr;
  const ListedEntry* wanted_ = nullptr;  // the entry of the list that is being written
  uint64_t bytes_ = 0;
  uint64_t entries_ = 0;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;
  ListedParents parents_;
  std::map<std::string, std::vector<const ListedEntry*>> added_;  // by directory, with its slash
};

}  // namespace tsbuild
