// Copy listed entries from one tree into another.
//
// Three phases, so that threads do not change the result: directories, links and special files in order; regular files on
// several threads; then hard links, and the metadata of directories from the last to the first (a directory's time changes
// whenever something is made in it). Of several entries for one target path only the last is made.

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <linux/fs.h>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <unordered_map>

#include "fence.h"
#include "kernel.h"
#include "module.h"
#include "override_stat.h"
#include "parallel.h"
#include "remove.h"

namespace tsbuild {
namespace {

constexpr size_t kBlock = 128 * 1024;

struct Entry {
  std::string from;
  std::string to;
  double mode = NAN;  // NaN: as the source
  double uid = NAN;
  double gid = NAN;
  bool has_time = false;
  int64_t time = 0;
  bool may_link = false;
  // Found in the first phase:
  struct stat status = {};
  bool dropped = false;              // another entry for the same target follows, or a socket
  size_t link_to = SIZE_MAX;         // entry that already has this file's content
};

struct Plan {
  int source = -1;
  int target = -1;
  int direct = -1;  // the directory in which `target`, an overlay, keeps what is written to it
  std::vector<Entry> entries;
  uint32_t mode_mask = 07777;
  bool xattrs = false;
  int earlier = -1;  // a tree with files of the same content at the same target paths, for entries that may be links
};

// What the target shall have; `stat.device` when an empty file stands for a device.
struct Metadata {
  OverrideStat stat;
  timespec mtime;
  std::vector<std::pair<std::string, std::string>> xattrs;
};

// Opens the parent directories of paths within a root and keeps the last one: lists come sorted. One per thread.
class Parents {
 public:
  explicit Parents(int root) : root_(root) {}

  // -1 and errno on failure; the descriptor stays ours.
  int open(const std::string& path) {
    std::string parent = parent_of(path);
    if (fd_ && parent == last_) return fd_.get();
    fd_.reset(open_at2(root_, parent.empty() ? "." : parent.c_str(), O_PATH | O_DIRECTORY, 0, kInRoot));
    last_ = std::move(parent);
    return fd_.get();
  }

  // After something was replaced: a name on the way may lead elsewhere now.
  void forget() { fd_.reset(); }

 private:
  const int root_;
  std::string last_;
  UniqueFd fd_;
};

// The parents of what is made. Below an overlay they are opened where it would make the file in the end, which spares a good part of the
// time a file takes. That is sound because nothing is looked up through the overlay afterwards: directories come first.
class Targets {
 public:
  explicit Targets(const Plan& plan) : plan_(plan), merged_(plan.target), direct_(plan.direct) {}

  // -1 and errno on failure; the descriptor stays ours.
  int open(const std::string& path) {
    if (plan_.direct < 0) return merged_.open(path);
    const int known = direct_.open(path);
    if (known >= 0) return known;
    const int parent = merged_.open(path);
    if (parent < 0) return -1;
    // A directory of a lower layer: any change of it copies it up.
    struct stat status;
    if (fstat(parent, &status) != 0 || chmod_nofollow(parent, "", status.st_mode & 07777) != 0) return -1;
    const int copied_up = direct_.open(path);
    // It may be reached through a link of a lower layer, which leads nowhere in the upper directory alone.
    return copied_up >= 0 ? copied_up : parent;
  }

  void forget() {
    merged_.forget();
    direct_.forget();
  }

 private:
  const Plan& plan_;
  Parents merged_;
  Parents direct_;
};

bool is_copied_xattr(const std::string& name) {
  if (name == kOverrideStat || name.compare(0, 13, "user.overlay.") == 0) return false;
  return name.compare(0, 5, "user.") == 0 || name == "security.capability";
}

bool same_request(const Entry& a, const Entry& b) {
  const auto same = [](double left, double right) { return left == right || (std::isnan(left) && std::isnan(right)); };
  return same(a.mode, b.mode) && same(a.uid, b.uid) && same(a.gid, b.gid) && a.has_time == b.has_time && a.time == b.time;
}

class Copier {
 public:
  explicit Copier(Plan* plan) : plan_(*plan) {}

  Failure run() {
    if (Failure failure = check_targets()) return failure;
    drop_overwritten();
    if (Failure failure = make_in_order()) return failure;
    if (Failure failure = copy_files()) return failure;
    if (Failure failure = make_links()) return failure;
    return finish_directories();
  }

 private:
  Plan& plan_;
  std::vector<size_t> files_;
  std::vector<size_t> links_;
  std::vector<size_t> directories_;
  // Calls that do not work between these two file systems are not tried again for each file.
  std::atomic<bool> can_clone_{true};
  std::atomic<bool> can_copy_range_{true};
  std::mutex taken_mutex_;
  std::set<std::pair<dev_t, ino_t>> taken_;

  Failure check_targets() {
    for (Entry& entry : plan_.entries) {
      while (!entry.to.empty() && entry.to.back() == '/') entry.to.pop_back();
      while (!entry.from.empty() && entry.from.back() == '/') entry.from.pop_back();
      const std::string name = name_of(entry.to);
      if (name == "." || name == ".." || (name.empty() && !entry.to.empty())) return {EINVAL, "copy", entry.to, {}};
    }
    return {};
  }

  void drop_overwritten() {
    std::unordered_map<std::string, size_t> last;
    for (size_t i = 0; i < plan_.entries.size(); i++) {
      const auto [found, fresh] = last.emplace(plan_.entries[i].to, i);
      if (fresh) continue;
      plan_.entries[found->second].dropped = true;
      found->second = i;
    }
  }

  // --- first phase ---

  Failure make_in_order() {
    Parents sources(plan_.source);
    Parents directories(plan_.target);
    Targets targets(plan_);
    std::map<std::pair<dev_t, ino_t>, size_t> inodes;
    for (size_t i = 0; i < plan_.entries.size(); i++) {
      Entry& entry = plan_.entries[i];
      if (entry.dropped) continue;
      if (Failure failure = stat_source(&sources, &entry)) return failure;
      switch (entry.status.st_mode & S_IFMT) {
        case S_IFSOCK:
          entry.dropped = true;
          break;
        case S_IFREG:
          if (targets.open(entry.to) < 0) return fail("openat2", entry.to);
          sort_file(i, &inodes);
          break;
        case S_IFDIR:
          if (Failure failure = make_directory(&directories, entry)) return failure;
          directories_.push_back(i);
          break;
        default:
          if (Failure failure = make_special(&sources, &targets, entry)) return failure;
      }
    }
    return {};
  }

  Failure stat_source(Parents* sources, Entry* entry) {
    if (entry->from.empty()) return fstat(plan_.source, &entry->status) == 0 ? Failure{} : fail("fstat", entry->from);
    const int parent = sources->open(entry->from);
    if (parent < 0) return fail("openat2", entry->from);
    return fstatat(parent, name_of(entry->from).c_str(), &entry->status, AT_SYMLINK_NOFOLLOW) == 0 ? Failure{} : fail("fstatat", entry->from);
  }

  void sort_file(size_t index, std::map<std::pair<dev_t, ino_t>, size_t>* inodes) {
    Entry& entry = plan_.entries[index];
    if (entry.status.st_nlink > 1) {
      const auto [found, fresh] = inodes->emplace(std::make_pair(entry.status.st_dev, entry.status.st_ino), index);
      if (!fresh && same_request(entry, plan_.entries[found->second])) {
        entry.link_to = found->second;
        links_.push_back(index);
        return;
      }
    }
    files_.push_back(index);
  }

  Failure make_directory(Parents* targets, const Entry& entry) {
    if (entry.to.empty()) return {};  // the root itself
    const int parent = targets->open(entry.to);
    if (parent < 0) return fail("openat2", entry.to);
    const std::string name = name_of(entry.to);
    // Only its owner until it has its metadata: nobody else sees it half done.
    if (mkdirat(parent, name.c_str(), 0700) == 0) return {};
    if (errno != EEXIST) return fail("mkdirat", entry.to);
    struct stat status;
    if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return fail("fstatat", entry.to);
    if (S_ISDIR(status.st_mode)) return {};
    if (unlinkat(parent, name.c_str(), 0) != 0) return fail("unlinkat", entry.to);
    if (mkdirat(parent, name.c_str(), 0700) != 0) return fail("mkdirat", entry.to);
    targets->forget();
    return {};
  }

  // A symbolic link, fifo or device.
  Failure make_special(Parents* sources, Targets* targets, const Entry& entry) {
    if (entry.from.empty() || entry.to.empty()) return {EISDIR, "copy", entry.to, {}};
    const int source_parent = sources->open(entry.from);
    if (source_parent < 0) return fail("openat2", entry.from);
    const int parent = targets->open(entry.to);
    if (parent < 0) return fail("openat2", entry.to);
    Metadata metadata = wanted(entry, -1);

    const std::string name = name_of(entry.to);
    bool replaced = false;
    Failure failure = make_replacing(parent, name, entry.to, &replaced, [&]() -> Failure {
      if (S_ISLNK(entry.status.st_mode)) return make_link(source_parent, parent, entry);
      const int made = mknodat(parent, name.c_str(), (entry.status.st_mode & S_IFMT) | 0600, entry.status.st_rdev);
      return made == 0 ? Failure{} : fail("mknodat", entry.to);
    });
    if (failure.error == EPERM && (S_ISCHR(entry.status.st_mode) || S_ISBLK(entry.status.st_mode))) {
      failure = make_stand_in(parent, entry, &metadata);
    } else if (!failure) {
      failure = set_special_metadata(parent, entry, metadata);
    }
    if (replaced) targets->forget();
    return failure;
  }

  Failure make_link(int source_parent, int parent, const Entry& entry) {
    std::string target(4096, '\0');  // PATH_MAX, the most a link can hold
    const ssize_t size = readlinkat(source_parent, name_of(entry.from).c_str(), target.data(), target.size());
    if (size < 0) return fail("readlinkat", entry.from);
    target.resize(static_cast<size_t>(size));
    return symlinkat(target.c_str(), parent, name_of(entry.to).c_str()) == 0 ? Failure{} : fail("symlinkat", entry.to);
  }

  // A device that may not be made: an empty file that says what it should be.
  Failure make_stand_in(int parent, const Entry& entry, Metadata* metadata) {
    UniqueFd fd;
    if (Failure failure = create_file(parent, entry.to, &fd)) return failure;
    metadata->stat.device = S_ISCHR(entry.status.st_mode) ? 'c' : 'b';
    metadata->stat.major = major(entry.status.st_rdev);
    metadata->stat.minor = minor(entry.status.st_rdev);
    return set_metadata(fd.get(), entry, *metadata);
  }

  Failure set_special_metadata(int parent, const Entry& entry, const Metadata& metadata) {
    const std::string name = name_of(entry.to);
    const bool is_link = S_ISLNK(entry.status.st_mode);
    // An owner that cannot be given is lost here: links and special files cannot have attributes of the `user.` family.
    if (fchownat(parent, name.c_str(), metadata.stat.uid, metadata.stat.gid, AT_SYMLINK_NOFOLLOW) != 0 && errno != EINVAL && errno != EPERM) {
      return fail("fchownat", entry.to);
    }
    if (!is_link && chmod_nofollow(parent, name.c_str(), metadata.stat.mode) != 0) return fail("fchmodat", entry.to);
    const timespec times[2] = {metadata.mtime, metadata.mtime};
    return utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0 ? Failure{} : fail("utimensat", entry.to);
  }

  // --- second phase ---

  Failure copy_files() {
    return parallel_for(files_.size(), [this] {
      return [this, sources = Parents(plan_.source), targets = Targets(plan_), block = std::vector<char>(kBlock)](size_t i) mutable {
        return copy_file(&sources, &targets, &block, plan_.entries[files_[i]]);
      };
    });
  }

  // A new name for the file that an earlier copy made, when its attributes are those wanted too. False: it has to be copied.
  bool link_earlier(int parent, const Entry& entry) {
    const UniqueFd from(open_at2(plan_.earlier, entry.to.c_str(), O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    struct stat found;
    if (!from || fstat(from.get(), &found) != 0 || !S_ISREG(found.st_mode)) return false;
    const Metadata metadata = wanted(entry, -1);
    const bool same = found.st_size == entry.status.st_size && (found.st_mode & 07777) == metadata.stat.mode &&
                      found.st_uid == metadata.stat.uid && found.st_gid == metadata.stat.gid &&
                      nanoseconds(found.st_mtim) == nanoseconds(metadata.mtime);
    if (!same || !take_inode(found)) return false;
    // Not by name: it may lead elsewhere by now. EMLINK and the like: a copy does as well.
    const std::string name = name_of(entry.to);
    return linkat(AT_FDCWD, proc_path(from.get()).c_str(), parent, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  }

  // Two files of this copy must not become one: each file of the earlier one is used once.
  bool take_inode(const struct stat& found) {
    if (found.st_nlink < 2) return true;
    const std::lock_guard<std::mutex> guard(taken_mutex_);
    return taken_.emplace(found.st_dev, found.st_ino).second;
  }

  Failure copy_file(Parents* sources, Targets* targets, std::vector<char>* block, const Entry& entry) {
    if (entry.from.empty() || entry.to.empty()) return {EISDIR, "copy", entry.to, {}};
    const int source_parent = sources->open(entry.from);
    if (source_parent < 0) return fail("openat2", entry.from);
    // O_NONBLOCK: should a fifo have taken the file's place, opening it must not wait.
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const UniqueFd source(retry_eintr([&] { return openat(source_parent, name_of(entry.from).c_str(), flags); }));
    if (!source) return fail("openat", entry.from);
    struct stat status;
    if (fstat(source.get(), &status) != 0) return fail("fstat", entry.from);
    if (!S_ISREG(status.st_mode)) return {EINVAL, "copy", entry.from, "it was replaced while it was copied"};

    const int parent = targets->open(entry.to);
    if (parent < 0) return fail("openat2", entry.to);
    if (entry.may_link && link_earlier(parent, entry)) return {};
    UniqueFd target;
    if (Failure failure = create_file(parent, entry.to, &target)) return failure;
    if (Failure failure = copy_content(source.get(), status, target.get(), block, entry)) return failure;
    return set_metadata(target.get(), entry, wanted(entry, source.get()));
  }

  // A new empty file in place of whatever has its name.
  Failure create_file(int parent, const std::string& to, UniqueFd* out) {
    const std::string name = name_of(to);
    bool replaced = false;
    return make_replacing(parent, name, to, &replaced, [&]() -> Failure {
      out->reset(retry_eintr([&] { return openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600); }));
      return *out ? Failure{} : fail("openat", to);
    });
  }

  // `make` fails with EEXIST when the name is taken: remove what is there, a tree too, and try again.
  template <typename Make>
  Failure make_replacing(int parent, const std::string& name, const std::string& path, bool* replaced, Make make) {
    Failure failure = make();
    if (failure.error != EEXIST) return failure;
    *replaced = true;
    if (Failure removal = remove_tree(parent, name, path)) return removal;
    return make();
  }

  Failure copy_content(int source, const struct stat& status, int target, std::vector<char>* block, const Entry& entry) {
    const off_t size = status.st_size;
    if (static_cast<size_t>(size) > kBlock && can_clone_) {
      if (ioctl(target, FICLONE, source) == 0) return {};
      can_clone_ = false;
    }
    // Fewer blocks than bytes: it has holes (or is compressed, where the search then finds none).
    const bool sparse = int64_t{status.st_blocks} * 512 < size;
    if (!sparse) return copy_range(source, target, 0, -1, block, entry);

    for (off_t data = 0; data < size;) {
      data = lseek(source, data, SEEK_DATA);
      if (data < 0 && errno == ENXIO) break;  // only a hole is left
      if (data < 0) return copy_range(source, target, 0, -1, block, entry);  // the file system cannot tell
      const off_t hole = lseek(source, data, SEEK_HOLE);
      if (hole < 0) return fail("lseek", entry.from);
      if (Failure failure = copy_range(source, target, data, hole, block, entry)) return failure;
      data = hole;
    }
    return ftruncate(target, size) == 0 ? Failure{} : fail("ftruncate", entry.to);
  }

  // The bytes from `at` up to `end` (-1: end of file), to the same place.
  Failure copy_range(int source, int target, off_t at, off_t end, std::vector<char>* block, const Entry& entry) {
    const auto left = [&] { return end < 0 ? SIZE_MAX >> 1 : static_cast<size_t>(end - at); };
    // Not for what one read and one write do: some file systems give 0 for files that are made on the fly.
    while (left() > kBlock && can_copy_range_) {
      off_t to = at;
      const ssize_t copied = copy_file_range(source, &at, target, &to, left() < (1u << 30) ? left() : 1u << 30, 0);
      if (copied > 0) continue;
      if (copied == 0) break;
      if (errno == EINTR) continue;
      if (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS) {
        can_copy_range_ = false;
        break;
      }
      return fail("copy_file_range", entry.to);
    }
    while (left() > 0) {
      const size_t wanted_bytes = left() < block->size() ? left() : block->size();
      const ssize_t size = retry_eintr([&] { return pread(source, block->data(), wanted_bytes, at); });
      if (size < 0) return fail("read", entry.from);
      if (size == 0) return {};
      for (ssize_t done = 0; done < size;) {
        const ssize_t written =
            retry_eintr([&] { return pwrite(target, block->data() + done, static_cast<size_t>(size - done), at + done); });
        if (written < 0) return fail("write", entry.to);
        done += written;
      }
      at += size;
    }
    return {};
  }

  // --- last phase ---

  Failure make_links() {
    Targets firsts(plan_);
    Targets targets(plan_);
    Parents sources(plan_.source);
    std::vector<char> block(kBlock);
    for (const size_t index : links_) {
      const Entry& entry = plan_.entries[index];
      const std::string& first = plan_.entries[entry.link_to].to;
      const int first_parent = firsts.open(first);
      if (first_parent < 0) return fail("openat2", first);
      const int parent = targets.open(entry.to);
      if (parent < 0) return fail("openat2", entry.to);
      const std::string name = name_of(entry.to);
      bool replaced = false;
      Failure failure = make_replacing(parent, name, entry.to, &replaced, [&]() -> Failure {
        return linkat(first_parent, name_of(first).c_str(), parent, name.c_str(), 0) == 0 ? Failure{} : fail("linkat", entry.to);
      });
      // The target's parts lie on different file systems, or the file has as many links as it can: a copy then.
      if (failure.error == EXDEV || failure.error == EMLINK) failure = copy_file(&sources, &targets, &block, entry);
      if (failure) return failure;
    }
    return {};
  }

  Failure finish_directories() {
    for (auto index = directories_.rbegin(); index != directories_.rend(); ++index) {
      const Entry& entry = plan_.entries[*index];
      const UniqueFd source(open_at2(plan_.source, entry.from.empty() ? "." : entry.from.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, kInRoot));
      if (!source) return fail("openat2", entry.from);
      const UniqueFd target(open_at2(plan_.target, entry.to.empty() ? "." : entry.to.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, kInRoot));
      if (!target) return fail("openat2", entry.to);
      if (Failure failure = set_metadata(target.get(), entry, wanted(entry, source.get()))) return failure;
    }
    return {};
  }

  // --- metadata ---

  // `source`: descriptor to read attributes from, -1 for kinds that have none.
  Metadata wanted(const Entry& entry, int source) {
    Metadata metadata = {};
    metadata.stat.uid = entry.status.st_uid;
    metadata.stat.gid = entry.status.st_gid;
    metadata.stat.mode = entry.status.st_mode & 07777;
    metadata.mtime = entry.status.st_mtim;
    if (plan_.xattrs && source >= 0) read_xattrs(source, &metadata);
    if (!std::isnan(entry.uid)) metadata.stat.uid = static_cast<uint32_t>(entry.uid);
    if (!std::isnan(entry.gid)) metadata.stat.gid = static_cast<uint32_t>(entry.gid);
    if (!std::isnan(entry.mode)) metadata.stat.mode = static_cast<uint32_t>(entry.mode);
    metadata.stat.mode &= plan_.mode_mask;
    if (entry.has_time) metadata.mtime = to_timespec(entry.time);
    return metadata;
  }

  // Attributes that cannot be read are left out, as those the file system does not have.
  static void read_xattrs(int source, Metadata* metadata) {
    std::vector<std::string> names;
    list_xattrs(source, &names);
    for (const std::string& name : names) {
      std::string value;
      if (name == kOverrideStat) {
        // The source's own attributes are those recorded there.
        if (!get_xattr(source, name.c_str(), &value)) continue;
        if (const auto recorded = parse_override_stat(value)) {
          const uint32_t mode = metadata->stat.mode;
          metadata->stat = *recorded;
          metadata->stat.mode = mode;
        }
      } else if (is_copied_xattr(name) && get_xattr(source, name.c_str(), &value)) {
        metadata->xattrs.emplace_back(name, std::move(value));
      }
    }
  }

  // For a regular file or directory; `fd` may be O_PATH. The order matters: a change of owner clears set-id bits and
  // capabilities, and every change but the last the time.
  Failure set_metadata(int fd, const Entry& entry, const Metadata& metadata) {
    const bool owned = fchownat(fd, "", metadata.stat.uid, metadata.stat.gid, AT_EMPTY_PATH) == 0;
    if (!owned && errno != EINVAL && errno != EPERM) return fail("fchownat", entry.to);
    if (chmod_nofollow(fd, "", metadata.stat.mode) != 0) return fail("fchmodat", entry.to);
    if (!owned || metadata.stat.device != 0) {
      if (set_xattr(fd, kOverrideStat, format_override_stat(metadata.stat)) != 0) return fail("setxattr", entry.to);
    } else if (S_ISDIR(entry.status.st_mode) && remove_xattr(fd, kOverrideStat) != 0 && errno != ENOTSUP) {
      return fail("removexattr", entry.to);  // of the directory that was there before
    }
    for (const auto& [name, value] : metadata.xattrs) {
      // The target's file system has no such attributes, or this user may not give a file capabilities.
      if (set_xattr(fd, name.c_str(), value) != 0 && errno != ENOTSUP && errno != EPERM) return fail("setxattr", entry.to);
    }
    const timespec times[2] = {metadata.mtime, metadata.mtime};
    return utimensat(fd, "", times, AT_EMPTY_PATH) == 0 ? Failure{} : fail("utimensat", entry.to);
  }
};

// A typed array's elements and their number; false when it is not of that type.
bool get_typed(napi_env env, napi_value value, napi_typedarray_type type, const void** data, size_t* length) {
  bool is_typed = false;
  napi_is_typedarray(env, value, &is_typed);
  napi_typedarray_type found = napi_int8_array;
  void* elements = nullptr;
  if (!is_typed || napi_get_typedarray_info(env, value, &found, length, &elements, nullptr, nullptr) != napi_ok) return false;
  *data = elements;
  return found == type;
}

// The next of the names that end in NUL; `at` goes behind it.
std::string next_name(const uint8_t* names, size_t size, size_t* at) {
  const auto* start = reinterpret_cast<const char*>(names) + *at;
  const size_t length = strnlen(start, size - *at);
  *at += length + 1;
  return {start, length};
}

napi_value js_copy_entries(napi_env env, napi_callback_info info) {
  constexpr uint8_t kHasTime = 1;
  constexpr uint8_t kMayLink = 2;
  Arguments args(env, info);
  auto plan = std::make_shared<Plan>();
  plan->source = args.fd(0);
  plan->target = args.fd(1);
  plan->mode_mask = static_cast<uint32_t>(args.integer(6, 0, 07777));
  plan->xattrs = args.boolean(7);
  if (!args.absent(8)) plan->earlier = args.fd(8);
  if (!args.absent(9)) plan->direct = args.fd(9);
  if (!args.ok) return nullptr;
  const void* names = nullptr;
  const void* numbers = nullptr;
  const void* times = nullptr;
  const void* flags = nullptr;
  size_t size = 0;
  size_t count = 0;
  if (!get_typed(env, args[2], napi_uint8_array, &names, &size) || !get_typed(env, args[5], napi_uint8_array, &flags, &count)) {
    return throw_type_error(env, "copyEntries takes columns");
  }
  size_t number_count = 0;
  size_t time_count = 0;
  const bool whole = get_typed(env, args[3], napi_float64_array, &numbers, &number_count) && get_typed(env, args[4], napi_bigint64_array, &times, &time_count);
  if (!whole || number_count != 3 * count || time_count != count) return throw_type_error(env, "copyEntries takes columns of the same length");
  plan->entries.resize(count);
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    if (at >= size) return throw_type_error(env, "copyEntries takes columns of the same length");
    Entry& entry = plan->entries[i];
    entry.from = next_name(static_cast<const uint8_t*>(names), size, &at);
    if (at >= size) return throw_type_error(env, "copyEntries takes columns of the same length");
    entry.to = next_name(static_cast<const uint8_t*>(names), size, &at);
    const auto* attributes = static_cast<const double*>(numbers) + 3 * i;
    entry.mode = attributes[0], entry.uid = attributes[1], entry.gid = attributes[2];
    entry.may_link = plan->earlier >= 0 && (static_cast<const uint8_t*>(flags)[i] & kMayLink) != 0;
    entry.has_time = (static_cast<const uint8_t*>(flags)[i] & kHasTime) != 0;
    entry.time = static_cast<const int64_t*>(times)[i];
  }
  // A thread of its own, because a fence cannot be taken down again.
  const auto work = [plan] {
    fence_thread({plan->source, plan->earlier}, {plan->target, plan->direct, plan->earlier});
    return Copier(plan.get()).run();
  };
  return run_on_own_thread(env, "tsbuild:copy", work, make_undefined);
}

}  // namespace
}  // namespace tsbuild

void register_copy(napi_env env, napi_value exports) {
  tsbuild::export_function(env, exports, "copyEntries", tsbuild::js_copy_entries);
}
