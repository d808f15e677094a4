#include "copy/copier.h"

#include "copy/copy_content.h"
#include "copy/copy_metadata.h"
#include "copy/copy_parents.h"
#include "entries/hash_file.h"
#include "kernel.h"
#include "parallel.h"
#include "parents.h"
#include "remove.h"

#include <cerrno>
#include <cmath>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>

namespace tsbuild {
namespace {

bool same_request(const CopyEntry& a, const CopyEntry& b) {
  const auto same = [](double left, double right) { return left == right || (std::isnan(left) && std::isnan(right)); };
  return same(a.mode, b.mode) && same(a.uid, b.uid) && same(a.gid, b.gid) && a.has_time == b.has_time && a.time == b.time;
}

class Copier {
 public:
  explicit Copier(CopyPlan* plan) : plan_(*plan) {}

  Failure run() {
    if (Failure failure = check_targets()) return failure;
    drop_overwritten();
    if (Failure failure = make_in_order()) return failure;
    if (Failure failure = copy_files()) return failure;
    if (Failure failure = make_links()) return failure;
    return finish_directories();
  }

 private:
  CopyPlan& plan_;
  std::vector<size_t> files_;
  std::vector<size_t> links_;
  std::vector<size_t> directories_;
  std::unordered_set<std::string> fresh_;  // directories that were not there before
  ContentCopier contents_;
  std::mutex taken_mutex_;
  std::set<std::pair<dev_t, ino_t>> taken_;

  Failure check_targets() {
    for (CopyEntry& entry : plan_.entries) {
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
    Parents fresh(plan_.direct);
    for (size_t i = 0; i < plan_.entries.size(); i++) {
      CopyEntry& entry = plan_.entries[i];
      if (entry.dropped) continue;
      if (entry.is_plain) {
        if (targets.open(entry.to) < 0) return fail("openat2", entry.to);
        files_.push_back(i);
        continue;
      }
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
          if (Failure failure = make_directory(&directories, &fresh, &entry)) return failure;
          directories_.push_back(i);
          break;
        default:
          if (Failure failure = make_special(&sources, &targets, entry)) return failure;
      }
    }
    return {};
  }

  Failure stat_source(Parents* sources, CopyEntry* entry) {
    if (entry->from.empty()) return fstat(plan_.source, &entry->status) == 0 ? Failure{} : fail("fstat", entry->from);
    const int parent = sources->open(entry->from);
    if (parent < 0) return fail("openat2", entry->from);
    return fstatat(parent, name_of(entry->from).c_str(), &entry->status, AT_SYMLINK_NOFOLLOW) == 0 ? Failure{} : fail("fstatat", entry->from);
  }

  void sort_file(size_t index, std::map<std::pair<dev_t, ino_t>, size_t>* inodes) {
    CopyEntry& entry = plan_.entries[index];
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

  Failure make_directory(Parents* targets, Parents* fresh, CopyEntry* entry) {
    if (entry->to.empty()) return {};  // the root itself
    const std::string name = name_of(entry->to);
    // Only its owner until it has its metadata: nobody else sees it half done.
    const auto make = [&](int directory) { return mkdirat(directory, name.c_str(), 0700) == 0; };
    // In a directory that was made just now an overlay has nothing to hide or to copy up.
    const int direct = plan_.direct >= 0 && fresh_.count(parent_of(entry->to)) != 0 ? fresh->open(entry->to) : -1;
    if (direct >= 0 && make(direct)) return remember_fresh(entry);
    const int parent = targets->open(entry->to);
    if (parent < 0) return fail("openat2", entry->to);
    if (make(parent)) return remember_fresh(entry);
    if (errno != EEXIST) return fail("mkdirat", entry->to);
    struct stat status;
    if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return fail("fstatat", entry->to);
    if (S_ISDIR(status.st_mode)) return {};
    if (unlinkat(parent, name.c_str(), 0) != 0) return fail("unlinkat", entry->to);
    if (!make(parent)) return fail("mkdirat", entry->to);
    targets->forget();
    return {};
  }

  Failure remember_fresh(CopyEntry* entry) {
    entry->fresh = true;
    fresh_.insert(entry->to);
    return {};
  }

  // A symbolic link, fifo or device.
  Failure make_special(Parents* sources, Targets* targets, const CopyEntry& entry) {
    if (entry.from.empty() || entry.to.empty()) return {EISDIR, "copy", entry.to, {}};
    const int source_parent = sources->open(entry.from);
    if (source_parent < 0) return fail("openat2", entry.from);
    const int parent = targets->open(entry.to);
    if (parent < 0) return fail("openat2", entry.to);
    CopyMetadata metadata = wanted_metadata(plan_, entry, -1);

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

  Failure make_link(int source_parent, int parent, const CopyEntry& entry) {
    std::string target(4096, '\0');  // PATH_MAX, the most a link can hold
    const ssize_t size = readlinkat(source_parent, name_of(entry.from).c_str(), target.data(), target.size());
    if (size < 0) return fail("readlinkat", entry.from);
    target.resize(static_cast<size_t>(size));
    return symlinkat(target.c_str(), parent, name_of(entry.to).c_str()) == 0 ? Failure{} : fail("symlinkat", entry.to);
  }

  // A device that may not be made: an empty file that says what it should be.
  Failure make_stand_in(int parent, const CopyEntry& entry, CopyMetadata* metadata) {
    UniqueFd fd;
    if (Failure failure = create_file(parent, entry.to, 0600, &fd)) return failure;
    metadata->stat.device = S_ISCHR(entry.status.st_mode) ? 'c' : 'b';
    metadata->stat.major = major(entry.status.st_rdev);
    metadata->stat.minor = minor(entry.status.st_rdev);
    return set_metadata(fd.get(), entry, *metadata);
  }

  Failure set_special_metadata(int parent, const CopyEntry& entry, const CopyMetadata& metadata) {
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
      return [this, sources = Parents(plan_.source), targets = Targets(plan_), block = std::vector<char>(ContentCopier::kBlock)](size_t i) mutable {
        return copy_file(&sources, &targets, &block, &plan_.entries[files_[i]]);
      };
    });
  }

  // A new name for the file that an earlier copy made, when its attributes are those wanted too. False: it has to be copied.
  bool link_earlier(int parent, const CopyEntry& entry) {
    const UniqueFd from(open_at2(plan_.earlier, entry.to.c_str(), O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    struct stat found;
    if (!from || fstat(from.get(), &found) != 0 || !S_ISREG(found.st_mode)) return false;
    const CopyMetadata metadata = wanted_metadata(plan_, entry, -1);
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

  Failure copy_file(Parents* sources, Targets* targets, std::vector<char>* block, CopyEntry* wanted) {
    CopyEntry& entry = *wanted;
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
    if (entry.is_plain) entry.status = status;

    const int parent = targets->open(entry.to);
    if (parent < 0) return fail("openat2", entry.to);
    if (entry.may_link && link_earlier(parent, entry)) return {};
    const CopyMetadata metadata = wanted_metadata(plan_, entry, source.get());
    UniqueFd target;
    if (Failure failure = create_file(parent, entry.to, mode_to_begin_with(metadata), &target)) return failure;
    Sha256 content;
    if (Failure failure = contents_.copy({entry, source.get(), target.get(), block, entry.wants_digest ? &content : nullptr}, status)) return failure;
    if (entry.wants_digest) entry.digest = digest_with_attributes(&content, source.get());
    return set_file_metadata(target.get(), entry, metadata);
  }

  // A new empty file in place of whatever has its name.
  Failure create_file(int parent, const std::string& to, mode_t mode, UniqueFd* out) {
    const std::string name = name_of(to);
    bool replaced = false;
    return make_replacing(parent, name, to, &replaced, [&]() -> Failure {
      out->reset(retry_eintr([&] { return openat(parent, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode); }));
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

  // --- last phase ---

  Failure make_links() {
    Targets firsts(plan_);
    Targets targets(plan_);
    Parents sources(plan_.source);
    std::vector<char> block(ContentCopier::kBlock);
    for (const size_t index : links_) {
      CopyEntry& entry = plan_.entries[index];
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
      if (failure.error == EXDEV || failure.error == EMLINK) failure = copy_file(&sources, &targets, &block, &entry);
      else if (entry.wants_digest) entry.digest = plan_.entries[entry.link_to].digest;
      if (failure) return failure;
    }
    return {};
  }

  // Those that were there before first, one after the other: an overlay copies them up, which makes an entry in the directory above.
  Failure finish_directories() {
    std::vector<size_t> fresh;
    for (auto index = directories_.rbegin(); index != directories_.rend(); ++index) {
      if (plan_.entries[*index].fresh) {
        fresh.push_back(*index);
      } else if (Failure failure = finish_directory(plan_.entries[*index], plan_.target)) {
        return failure;
      }
    }
    const int made_in = plan_.direct >= 0 ? plan_.direct : plan_.target;
    return parallel_for(fresh.size(), [&] {
      return [&](size_t i) {
        Failure failure = finish_directory(plan_.entries[fresh[i]], made_in);
        // It may have been reached through a link of a lower layer.
        if (failure.error != 0 && made_in != plan_.target) failure = finish_directory(plan_.entries[fresh[i]], plan_.target);
        return failure;
      };
    });
  }

  Failure finish_directory(const CopyEntry& entry, int root) {
    const int flags = O_DIRECTORY | O_NOFOLLOW;
    const char* from = entry.from.empty() ? "." : entry.from.c_str();
    UniqueFd source(open_at2(plan_.source, from, O_RDONLY | flags, 0, kInRoot));
    // One that may not be listed still has attributes.
    if (!source && errno == EACCES) source.reset(open_at2(plan_.source, from, O_PATH | flags, 0, kInRoot));
    if (!source) return fail("openat2", entry.from);
    const UniqueFd target(open_at2(root, entry.to.empty() ? "." : entry.to.c_str(), O_PATH | flags, 0, kInRoot));
    if (!target) return fail("openat2", entry.to);
    return set_metadata(target.get(), entry, wanted_metadata(plan_, entry, source.get()));
  }
};

}  // namespace

Failure copy_entries(CopyPlan* plan) { return Copier(plan).run(); }

}  // namespace tsbuild
