#pragma once
// Makes the entries of an archive real below a root directory. Every name is taken for hostile: parents are resolved with that
// directory as the root, and the last component is never followed.

#include "layer_error.h"
#include "override_stat.h"
#include "tar_parser.h"
#include "tree_digest.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace tsbuild {

struct TreeWriterOptions {
  int root = -1;
  // "user.overlay." or "trusted.overlay.": `.wh.` names become whiteouts and opaque directories of an overlay layer, and the
  // content digest is added up. Empty: a plain archive, whose `.wh.` names are names.
  std::string overlay_prefix;
  // A layer that no overlay will show, on a file system that may not take whiteouts: what stands for one is a fifo of kMarkMode and kMarkTime.
  bool fifo_whiteouts = false;
  // Directories under this layer, top first: where a parent that the archive leaves out gets its attributes.
  std::vector<int> lowers;
  // Directory inside the root that entries go to, "" for the root; made when missing.
  std::string prefix;
  // Instead of the owners in the archive.
  std::optional<std::pair<uint32_t, uint32_t>> owner;
};

// Lexically clean path without leading slash: "./a//b/../c/" is "a/c". False when ".." leads above the root.
bool clean_path(const std::string& raw, std::string* out);

// Hears of the bytes that count for the content digest, while they are there.
class ContentListener {
 public:
  virtual ~ContentListener() = default;
  virtual void file_begins() = 0;
  virtual void file_content(const uint8_t* data, size_t size) = 0;
};

class TreeWriter : public ArchiveSink {
 public:
  // `options` must outlive the writer, and `listener`, which is told of the files of a layer.
  explicit TreeWriter(const TreeWriterOptions& options, ContentListener* listener = nullptr)
      : options_(options), listener_(listener), is_layer_(!options.overlay_prefix.empty()) {}

  void begin(const ArchiveEntry& entry) override;
  void content(uint64_t offset, const uint8_t* data, size_t size) override;
  void end() override;

  // What can only be done when all entries are there: whiteouts that an opaque directory makes superfluous, times of directories.
  void finish();

  // Directories the archive had no entry for, the root ("") among them: with layers under this one that were not there yet, their
  // attributes are still to be taken over, by `adopt`.
  std::vector<std::string> implied() const;
  // Instead of entries: give these directories, as far as they are there, the attributes they have in the layers below.
  void adopt(const std::vector<std::string>& paths);
  // True when the layer hides everything below its root, which takes to know what is below.
  bool hides_all() const { return root_is_opaque_; }

  // Close every descriptor but the options' own; nothing else may be called then.
  void close();

  // `contents`: of each file that the listener heard of.
  Sha256Digest tree_digest(const std::vector<Sha256Digest>& contents);
  uint64_t entries() const { return entries_; }

 private:
  // Where an entry goes: an open parent inside the root, and a name in it.
  struct Slot {
    int parent;
    std::string name;
    std::string path;  // from the root
  };
  struct Recorded {
    std::string key;
    Sha256Digest record;
    bool has_content;
    size_t content;  // which one of the files
  };

  std::string rooted(const std::string& path) const { return options_.prefix.empty() ? path : path.empty() ? options_.prefix : options_.prefix + "/" + path; }
  Slot slot(const std::string& path);
  // Descriptor of a directory inside the root, made when missing; owned by the cache.
  int directory(const std::string& path);
  int open_directory(const std::string& path);
  void make_parents(const std::string& path);
  void copy_lower_attributes(const Slot& at);

  void root_entry(const ArchiveEntry& entry);
  void whiteout(const ArchiveEntry& entry, const Slot& at);
  void make_whiteout(int parent, const std::string& name, const std::string& path);
  void file(const ArchiveEntry& entry, const Slot& at);
  void subdirectory(const ArchiveEntry& entry, const Slot& at);
  void symlink(const ArchiveEntry& entry, const Slot& at);
  void hard_link(const ArchiveEntry& entry, const Slot& at);
  void special(const ArchiveEntry& entry, const Slot& at);
  void finish_file();

  // Run `make`, which says EEXIST when something stands there; that is then removed and `make` run again.
  template <typename Make>
  int replacing(const Slot& at, const char* syscall, Make make);
  void remove(const Slot& at, const struct stat& status);
  void set_opaque(int parent, const std::string& name, const std::string& path);
  // `is_new`: made for this entry just now.
  void set_directory_meta(int parent, const std::string& name, const ArchiveEntry& entry, const std::string& path, bool is_new);
  // Whether what this thread makes belongs to whom the entry does, as far as file system and parent do not decide otherwise.
  bool is_ours(const ArchiveEntry& entry) const {
    return entry.uid == static_cast<int64_t>(own_uid_) && entry.gid == static_cast<int64_t>(own_gid_);
  }
  // Sets the owner, or says false when this user namespace cannot.
  bool set_owner(int fd, const char* name, const ArchiveEntry& entry, const std::string& path);
  void set_xattrs(int fd, const Xattrs& xattrs, const std::string& path);
  void record_override(int fd, const ArchiveEntry& entry, const std::string& path);
  void remember_time(const std::string& path, const struct timespec& time) { times_[path] = time; }

  void drop_hidden_whiteouts();
  void drop_whiteouts_below(int directory, const std::string& path);
  void hide_lower_roots();
  void set_times();

  void begin_record(const std::string& path, const ArchiveEntry& entry);
  void mark_record(char type, const std::string& path);
  void begin_recorded(const std::string& record, std::string path, std::string key);
  void end_record();

  const TreeWriterOptions& options_;
  ContentListener* const listener_;
  const bool is_layer_;
  const uid_t own_uid_ = geteuid();
  const gid_t own_gid_ = getegid();
  std::unordered_map<std::string, UniqueFd> directories_;
  std::map<std::string, timespec> times_;
  std::set<std::string> opaque_;
  std::set<std::string> implied_;
  bool has_whiteouts_ = false;
  bool has_root_entry_ = false;
  bool root_is_opaque_ = false;

  UniqueFd file_;
  ArchiveEntry entry_;
  std::string path_;

  uint64_t entries_ = 0;
  bool recording_ = false;
  Recorded recorded_;
  std::string record_path_;
  size_t files_ = 0;
  std::unordered_map<std::string, Recorded> records_;
};

}  // namespace tsbuild
