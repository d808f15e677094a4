#include "layer/tree_writer.h"

#include "kernel.h"
#include "layer/tree_names.h"
#include "remove.h"

#include <algorithm>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace tsbuild {
namespace {

constexpr std::string_view kWhiteoutPrefix = ".wh.";  // image-spec layer.md
constexpr std::string_view kOpaqueName = ".wh..wh..opq";
// Names that aufs kept for itself (".wh..wh.plnk", ...): mean nothing to anybody else.
constexpr std::string_view kMetaPrefix = ".wh..wh.";
constexpr size_t kMostCachedDirectories = 64;
constexpr mode_t kImplicitMode = 0755;

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

timespec time_of(const ArchiveEntry& entry) {
  timespec time = {};
  time.tv_sec = static_cast<time_t>(entry.mtime_seconds);
  time.tv_nsec = static_cast<long>(entry.mtime_nanoseconds);
  return time;
}

[[noreturn]] void throw_escape(const std::string& entry, const std::string& reason) {
  throw LayerError{LayerFault::kEscape, entry, reason, {}};
}

// An attribute of the archive that must not reach the disk: it would steer the overlay, or is our own note.
bool is_foreign_xattr(std::string_view name) {
  return starts_with(name, "user.overlay.") || starts_with(name, "trusted.overlay.") || name == "security.selinux" || name == kOverrideStat;
}

// Attributes that only some users and file systems can have.
bool is_privileged_xattr(std::string_view name) {
  return starts_with(name, "trusted.") || starts_with(name, "security.") || starts_with(name, "system.");
}

bool cannot_have_xattr(int error) { return error == EPERM || error == ENOTSUP || error == EACCES || error == EINVAL; }

// ids outside this user namespace's map, and ids without the privilege to give files away
bool cannot_own(int error) { return error == EINVAL || error == EPERM; }

}  // namespace

bool clean_path(const std::string& raw, std::string* out) {
  std::vector<std::string_view> parts;
  const std::string_view text = raw;
  for (size_t at = 0; at < text.size();) {
    const size_t slash = std::min(text.find('/', at), text.size());
    const std::string_view part = text.substr(at, slash - at);
    at = slash + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return false;
    } else {
      parts.pop_back();
    }
  }
  out->clear();
  for (const std::string_view part : parts) {
    if (!out->empty()) out->push_back('/');
    out->append(part);
  }
  return true;
}

void TreeWriter::begin(const ArchiveEntry& found) {
  entries_++;
  entry_ = found;
  if (options_.owner) {
    entry_.uid = options_.owner->first;
    entry_.gid = options_.owner->second;
  }
  std::string path;
  if (entry_.name.empty()) throw_invalid(entry_.name, "an entry has no name");
  if (!clean_path(entry_.name, &path)) throw_escape(entry_.name, "its name leads out of the root directory");
  if (path.empty()) return root_entry(entry_);

  const size_t name_at = path.rfind('/') + 1;
  if (is_layer_) {
    for (size_t at = 0; at < name_at; at = path.find('/', at) + 1) {
      if (starts_with(std::string_view(path).substr(at), kWhiteoutPrefix)) throw_invalid(entry_.name, "it lies below a whiteout");
    }
    if (starts_with(std::string_view(path).substr(name_at), kWhiteoutPrefix)) return whiteout(entry_, slot(path));
  }
  const Slot at = slot(rooted(path));
  begin_record(path, entry_);
  switch (entry_.type) {
    case '0': return file(entry_, at);
    case '1': return hard_link(entry_, at);
    case '2': return symlink(entry_, at);
    case '5': return subdirectory(entry_, at);
    default: return special(entry_, at);
  }
}

void TreeWriter::content(uint64_t offset, const uint8_t* data, size_t size) {
  // Data of a whiteout goes nowhere.
  if (!file_) return;
  if (recording_ && recorded_.has_content && listener_ != nullptr) listener_->file_content(data, size);
  while (size > 0) {
    const ssize_t written = retry_eintr([&] { return pwrite(file_.get(), data, size, static_cast<off_t>(offset)); });
    if (written < 0) throw_system("pwrite", path_);
    data += written;
    size -= static_cast<size_t>(written);
    offset += static_cast<uint64_t>(written);
  }
}

void TreeWriter::end() {
  if (file_) finish_file();
  end_record();
}

// --- parents ---------------------------------------------------------------------------------------------------------------------

TreeWriter::Slot TreeWriter::slot(const std::string& path) { return {directory(parent_of(path)), name_of(path), path}; }

int TreeWriter::directory(const std::string& path) {
  if (path.empty()) return options_.root;
  const auto cached = directories_.find(path);
  if (cached != directories_.end()) return cached->second.get();
  UniqueFd fd(open_directory(path));
  if (!fd) {
    if (errno != ENOENT && errno != ENOTDIR) throw_system("openat2", path);
    make_parents(path);
    fd.reset(open_directory(path));
    if (!fd) throw_system("openat2", path);
  }
  // The caller's slot may hold one more descriptor of the cache at most (a hard link's other end), so it is never cleared in use.
  if (directories_.size() >= kMostCachedDirectories) directories_.clear();
  return directories_.emplace(path, std::move(fd)).first->second.get();
}

int TreeWriter::open_directory(const std::string& path) {
  const int fd = open_at2(options_.root, path.c_str(), O_PATH | O_DIRECTORY, 0, kInRoot);
  if (fd >= 0) return fd;
  if (errno == ELOOP) throw_invalid(entry_.name, "the links above it go in a circle");
  if (errno == ENAMETOOLONG) throw_invalid(entry_.name, "its name is too long");
  return -1;
}

void TreeWriter::make_parents(const std::string& path) {
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    UniqueFd fd(open_directory(part));
    if (!fd) {
      if (errno != ENOENT && errno != ENOTDIR) throw_system("openat2", part);
      const std::string above = parent_of(part);
      const UniqueFd parent(above.empty() ? fcntl(options_.root, F_DUPFD_CLOEXEC, 3) : open_directory(above));
      if (!parent) throw_system("openat2", above);
      const Slot at{parent.get(), name_of(part), part};
      struct stat status;
      const bool exists = status_at(at.parent, at.name, part, &status);
      const bool over_whiteout = exists && is_layer_ && is_whiteout(status);
      if (exists && !over_whiteout) throw_invalid(entry_.name, "\"" + part + "\" above it is not a directory");
      if (over_whiteout) remove(at, status);
      if (mkdirat(at.parent, at.name.c_str(), kImplicitMode) != 0) throw_system("mkdirat", part);
      copy_lower_attributes(at);
      implied_.insert(part);
      // The whiteout hid what was there below; the new directory must go on hiding it.
      if (over_whiteout) set_opaque(at.parent, at.name, part);
    }
    if (end == std::string::npos) return;
  }
}

void TreeWriter::copy_lower_attributes(const Slot& at) {
  ArchiveEntry like;
  like.type = '5';
  like.mode = kImplicitMode;
  const char* path = at.path.empty() ? "." : at.path.c_str();
  for (const int lower : options_.lowers) {
    const UniqueFd fd(open_at2(lower, path, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    if (!fd && errno == ENOENT) continue;
    struct stat status;
    // Anything but a directory hides what lies deeper.
    if (!fd || fstat(fd.get(), &status) != 0 || !S_ISDIR(status.st_mode)) break;
    like.mode = status.st_mode & 07777;
    like.uid = status.st_uid;
    like.gid = status.st_gid;
    like.mtime_seconds = status.st_mtim.tv_sec;
    like.mtime_nanoseconds = static_cast<uint32_t>(status.st_mtim.tv_nsec);
    std::vector<std::string> names;
    if (!list_xattrs(fd.get(), &names)) throw_system("listxattr", at.path);
    for (const std::string& name : names) {
      std::string value;
      if (!get_xattr(fd.get(), name.c_str(), &value)) throw_system("getxattr", at.path);
      if (name == kOverrideStat) {
        if (const std::optional<OverrideStat> over = parse_override_stat(value)) {
          like.uid = over->uid;
          like.gid = over->gid;
        }
      } else if (is_layer_xattr(name)) {
        like.xattrs.emplace_back(name, value);
      }
    }
    break;
  }
  set_directory_meta(at.parent, at.path.empty() ? "." : at.name, like, at.path, false);
}

// --- entries ---------------------------------------------------------------------------------------------------------------------

void TreeWriter::root_entry(const ArchiveEntry& found) {
  // A root that became a link would send everything after it elsewhere (CVE-2021-29136).
  if (found.type != '5') throw_invalid(found.name, "the root entry is not a directory");
  begin_record({}, found);
  has_root_entry_ = true;
  const int at = directory(options_.prefix);
  set_directory_meta(at, ".", found, options_.prefix, false);
}

void TreeWriter::whiteout(const ArchiveEntry& found, const Slot& at) {
  if (at.name == kOpaqueName) {
    const std::string above = parent_of(at.path);
    mark_record('o', above);
    if (above.empty()) {
      root_is_opaque_ = true;
    } else {
      set_opaque(at.parent, ".", above);
    }
    return;
  }
  if (starts_with(at.name, kMetaPrefix)) return;
  const std::string hidden = at.name.substr(kWhiteoutPrefix.size());
  if (hidden.empty() || hidden == "." || hidden == "..") throw_invalid(found.name, "it is a whiteout of nothing");
  const std::string above = parent_of(at.path);
  const std::string path = above.empty() ? hidden : above + "/" + hidden;
  mark_record('w', path);
  struct stat status;
  if (!status_at(at.parent, hidden, path, &status)) {
    make_whiteout(at.parent, hidden, path);
    has_whiteouts_ = true;
  } else if (S_ISDIR(status.st_mode)) {
    // An entry of this same layer, which a whiteout never removes: only what lies below it goes.
    set_opaque(at.parent, hidden, path);
  }
}

void TreeWriter::make_whiteout(int parent, const std::string& name, const std::string& path) {
  if (!options_.fifo_whiteouts) {
    // Allowed to everybody since Linux 5.8: device 0:0 opens nothing.
    if (mknodat(parent, name.c_str(), S_IFCHR, makedev(0, 0)) != 0) throw_system("mknodat", path);
    return;
  }
  if (mknodat(parent, name.c_str(), S_IFIFO | 0600, 0) != 0) throw_system("mknodat", path);
  if (chmod_nofollow(parent, name.c_str(), kMarkMode) != 0) throw_system("fchmodat", path);
  const timespec times[2] = {kMarkTime, kMarkTime};
  if (utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) throw_system("utimensat", path);
}

template <typename Make>
int TreeWriter::replacing(const Slot& at, const char* syscall, Make make) {
  int result = retry_eintr(make);
  if (result >= 0) return result;
  if (errno == ENAMETOOLONG) throw_invalid(entry_.name, "its name is too long");
  if (errno != EEXIST) throw_system(syscall, at.path);
  struct stat status;
  if (status_at(at.parent, at.name, at.path, &status)) remove(at, status);
  result = retry_eintr(make);
  if (result < 0) throw_system(syscall, at.path);
  return result;
}

void TreeWriter::remove(const Slot& at, const struct stat& status) {
  if (!S_ISDIR(status.st_mode)) {
    if (unlinkat(at.parent, at.name.c_str(), 0) != 0) throw_system("unlinkat", at.path);
    // A cached directory may have been reached through this link.
    if (!S_ISLNK(status.st_mode)) return;
  } else if (const Failure failure = remove_tree(at.parent, at.name, at.path)) {
    throw LayerError{LayerFault::kSystem, entry_.name, {}, failure};
  }
  // Only the descriptor of this entry's own parent stays in use.
  for (auto cached = directories_.begin(); cached != directories_.end();) {
    cached = cached->second.get() == at.parent ? std::next(cached) : directories_.erase(cached);
  }
}

void TreeWriter::file(const ArchiveEntry& found, const Slot& at) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  // Nobody else is to open a file that has not got its owner yet.
  const mode_t mode = is_ours(found) ? found.mode & 0777 : 0600;
  file_.reset(replacing(at, "openat", [&] { return openat(at.parent, at.name.c_str(), flags, mode); }));
  path_ = at.path;
  if (found.sparse && ftruncate(file_.get(), static_cast<off_t>(found.size)) != 0) throw_system("ftruncate", path_);
}

void TreeWriter::finish_file() {
  const int fd = file_.get();
  // Most files are made as they should be; changing an inode to what it is costs as much as changing it.
  struct stat made;
  if (fstat(fd, &made) != 0) throw_system("fstat", path_);
  const bool is_set = is_ours(entry_) && made.st_uid == own_uid_ && made.st_gid == own_gid_;
  const bool owned = is_set || set_owner(fd, "", entry_, path_);
  if (!is_set || (made.st_mode & 07777) != entry_.mode) {
    if (fchmod(fd, entry_.mode) != 0) throw_system("fchmod", path_);
  }
  set_xattrs(fd, entry_.xattrs, path_);
  if (!owned) record_override(fd, entry_, path_);
  const timespec times[2] = {time_of(entry_), time_of(entry_)};
  if (futimens(fd, times) != 0) throw_system("futimens", path_);
  file_.reset();
}

void TreeWriter::subdirectory(const ArchiveEntry& found, const Slot& at) {
  const auto make = [&] {
    if (mkdirat(at.parent, at.name.c_str(), 0700) == 0) return true;
    if (errno == ENAMETOOLONG) throw_invalid(entry_.name, "its name is too long");
    if (errno != EEXIST) throw_system("mkdirat", at.path);
    return false;
  };
  bool is_new = make();
  bool was_whiteout = false;
  struct stat status;
  if (!is_new && status_at(at.parent, at.name, at.path, &status) && !S_ISDIR(status.st_mode)) {
    was_whiteout = is_layer_ && is_whiteout(status);
    remove(at, status);
    is_new = make();
  }
  if (was_whiteout) set_opaque(at.parent, at.name, at.path);
  set_directory_meta(at.parent, at.name, found, at.path, is_new);
  implied_.erase(at.path);
}

void TreeWriter::symlink(const ArchiveEntry& found, const Slot& at) {
  if (found.link_name.empty()) throw_invalid(found.name, "a symbolic link has no target");
  replacing(at, "symlinkat", [&] { return symlinkat(found.link_name.c_str(), at.parent, at.name.c_str()); });
  if (fchownat(at.parent, at.name.c_str(), static_cast<uid_t>(found.uid), static_cast<gid_t>(found.gid), AT_SYMLINK_NOFOLLOW) != 0 &&
      !cannot_own(errno)) {
    // A link cannot carry user.* attributes: an owner that cannot be set is lost.
    throw_system("fchownat", at.path);
  }
  const timespec times[2] = {time_of(found), time_of(found)};
  if (utimensat(at.parent, at.name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) throw_system("utimensat", at.path);
}

void TreeWriter::hard_link(const ArchiveEntry& found, const Slot& at) {
  std::string target;
  if (!clean_path(found.link_name, &target)) throw_escape(found.name, "the target of its hard link leads out of the root directory");
  if (target.empty()) throw_invalid(found.name, "a hard link has no target");
  target = rooted(target);
  // Its own descriptor: the cache may drop the one of `at` otherwise.
  const std::string above = parent_of(target);
  const UniqueFd parent(above.empty() ? fcntl(options_.root, F_DUPFD_CLOEXEC, 3) : open_directory(above));
  struct stat status;
  const bool exists = parent && status_at(parent.get(), name_of(target), target, &status);
  if (!exists || is_whiteout(status)) throw_invalid(found.name, "it is a hard link to \"" + found.link_name + "\", which is not there");
  if (S_ISDIR(status.st_mode)) throw_invalid(found.name, "it is a hard link to the directory \"" + found.link_name + "\"");
  struct stat present;
  // The same file under the same or another name: there is nothing to do, and removing it first would lose it.
  if (status_at(at.parent, at.name, at.path, &present) && present.st_dev == status.st_dev && present.st_ino == status.st_ino) return;
  replacing(at, "linkat", [&] { return linkat(parent.get(), name_of(target).c_str(), at.parent, at.name.c_str(), 0); });
}

void TreeWriter::special(const ArchiveEntry& found, const Slot& at) {
  const bool is_device = found.type != '6';
  if (found.type == '3' && found.major == 0 && found.minor == 0) throw_invalid(found.name, "character device 0:0 means a removed file to the kernel");
  const mode_t type = found.type == '6' ? S_IFIFO : found.type == '3' ? S_IFCHR : S_IFBLK;
  bool made = true;
  const int result = replacing(at, "mknodat", [&] {
    const int status = mknodat(at.parent, at.name.c_str(), type | 0600, is_device ? makedev(found.major, found.minor) : 0);
    if (status == 0 || !is_device || errno != EPERM) return status;
    // No devices in a user namespace: an empty file that says what it should be.
    made = false;
    return openat(at.parent, at.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  });
  const UniqueFd placeholder(made ? -1 : result);
  // Like a symbolic link, a fifo cannot carry user.* attributes: an owner that cannot be set is lost.
  if (made) set_owner(at.parent, at.name.c_str(), found, at.path);
  if (chmod_nofollow(at.parent, at.name.c_str(), found.mode) != 0) throw_system("fchmodat", at.path);
  if (!made) record_override(placeholder.get(), found, at.path);
  const timespec times[2] = {time_of(found), time_of(found)};
  if (utimensat(at.parent, at.name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) throw_system("utimensat", at.path);
}

// --- attributes ------------------------------------------------------------------------------------------------------------------

void TreeWriter::set_directory_meta(int parent, const std::string& name, const ArchiveEntry& found, const std::string& path, bool is_new) {
  const UniqueFd fd = open_nofollow(parent, name, O_PATH | O_DIRECTORY, path);
  const bool owned = set_owner(fd.get(), "", found, path);
  if (chmod_nofollow(fd.get(), "", found.mode) != 0) throw_system("fchmodat", path);
  set_xattrs(fd.get(), found.xattrs, path);
  if (!owned) {
    record_override(fd.get(), found, path);
  } else if (!is_new && remove_xattr(fd.get(), kOverrideStat) != 0) {
    throw_system("removexattr", path);
  }
  remember_time(path, time_of(found));
}

bool TreeWriter::set_owner(int fd, const char* name, const ArchiveEntry& found, const std::string& path) {
  const int flags = *name == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
  if (fchownat(fd, name, static_cast<uid_t>(found.uid), static_cast<gid_t>(found.gid), flags) == 0) return true;
  if (!cannot_own(errno)) throw_system("fchownat", path);
  return false;
}

void TreeWriter::set_xattrs(int fd, const Xattrs& xattrs, const std::string& path) {
  for (const auto& [name, value] : xattrs) {
    if (is_foreign_xattr(name)) continue;
    const std::string stored = name == "security.capability" ? portable_capability(value) : value;
    if (set_xattr(fd, name.c_str(), stored) != 0 && !(is_privileged_xattr(name) && cannot_have_xattr(errno))) throw_system("setxattr", path);
  }
}

void TreeWriter::record_override(int fd, const ArchiveEntry& found, const std::string& path) {
  OverrideStat over;
  over.uid = static_cast<uint32_t>(found.uid);
  over.gid = static_cast<uint32_t>(found.gid);
  over.mode = found.mode;
  over.device = found.type == '3' ? 'c' : found.type == '4' ? 'b' : 0;
  over.major = found.major;
  over.minor = found.minor;
  if (set_xattr(fd, kOverrideStat, format_override_stat(over)) != 0) throw_system("setxattr", path);
}

void TreeWriter::set_opaque(int parent, const std::string& name, const std::string& path) {
  const UniqueFd fd = open_nofollow(parent, name, O_PATH | O_DIRECTORY, path);
  if (set_xattr(fd.get(), (options_.overlay_prefix + "opaque").c_str(), "y") != 0) throw_system("setxattr", path);
  opaque_.insert(path);
}

}  // namespace tsbuild
