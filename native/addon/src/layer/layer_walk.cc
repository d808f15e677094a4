#include "layer/layer_walk.h"

#include "kernel.h"
#include "override_stat.h"

#include <algorithm>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/sysmacros.h>

namespace tsbuild {
namespace {

[[noreturn]] void throw_unsupported(const std::string& path, const std::string& reason) {
  throw LayerError{LayerFault::kUnsupported, path, reason, {}};
}

[[noreturn]] void throw_marked(const std::string& path) {
  throw_unsupported(path, "\"" + path + "\" begins with \".wh.\", which in a layer means a removed file");
}

bool is_overlay_xattr(const std::string& name) { return name.rfind("user.overlay.", 0) == 0 || name.rfind("trusted.overlay.", 0) == 0; }

std::vector<std::string> xattr_names(int fd, const std::string& path) {
  std::vector<std::string> names;
  if (!list_xattrs(fd, &names)) throw_system("listxattr", path);
  std::sort(names.begin(), names.end());
  return names;
}

std::string xattr_value(int fd, const std::string& name, const std::string& path) {
  std::string value;
  if (!get_xattr(fd, name.c_str(), &value)) throw_system("getxattr", path);
  return value;
}

bool is_whiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

struct stat status_at(int directory, const std::string& name, const std::string& path) {
  struct stat status;
  if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) throw_system("fstatat", path);
  return status;
}

UniqueFd open_at(int directory, const std::string& name, int flags, const std::string& path) {
  UniqueFd fd(retry_eintr([&] { return openat(directory, name.c_str(), flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC); }));
  if (!fd) throw_system("openat", path);
  return fd;
}

void fill_ids(TarEntry* entry, const struct stat& status) {
  entry->mode = status.st_mode & 07777;
  entry->uid = status.st_uid;
  entry->gid = status.st_gid;
}

}  // namespace

void LayerWalk::run() {
  root();
  if (options_.list && options_.added_from < 0) {
    walk_list();
  } else {
    if (options_.list) {
      for (const ListedEntry& wanted : *options_.list) {
        const std::string parent = parent_of(wanted.to);
        added_[parent.empty() ? parent : parent + "/"].push_back(&wanted);
      }
    }
    UniqueFd directory = open_at(options_.upper, ".", O_DIRECTORY, {});
    walk(directory.get(), {}, false);
  }
  put_zeros(2 * kTarBlock);
  publish();
}

void LayerWalk::walk(int directory, const std::string& prefix, bool opaque) {
  for (const Child& child : list(directory, prefix)) {
    const std::string path = prefix + child.name;
    if (child.name.rfind(kWhiteoutPrefix, 0) == 0) {
      throw_marked(path);
    }
    if (child.added != nullptr) {
      listed(parents_.open(child.added->from), name_of(child.added->from), *child.added);
      continue;
    }
    switch (child.kind) {
      case Kind::kWhiteout:
        // Nothing below shows through an opaque directory, so there is nothing to hide one by one.
        if (!opaque) mark('w', path);
        break;
      case Kind::kFile: file(directory, child.name, path); break;
      case Kind::kDirectory: subdirectory(directory, child.name, path); break;
      case Kind::kSymlink: symlink(directory, child.name, path); break;
      case Kind::kSpecial: special(directory, child.name, path); break;
      case Kind::kSocket: break;  // means nothing once its process is gone
    }
  }
}

void LayerWalk::walk_list() {
  std::vector<std::pair<std::string, const ListedEntry*>> order;
  for (const ListedEntry& wanted : *options_.list) {
    char type = wanted.kind == ListedEntry::Kind::kWhiteout ? 'w' : wanted.kind == ListedEntry::Kind::kOpaque ? 'o' : 'f';
    if (type == 'f') {
      const struct stat status = status_at(parents_.open(wanted.from), name_of(wanted.from), wanted.from);
      if (S_ISSOCK(status.st_mode)) continue;
      if (S_ISDIR(status.st_mode)) type = 'd';
    }
    order.emplace_back(order_key({type, wanted.to, 0, 0, 0, 0, 0, 0, {}, {}}), &wanted);
  }
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [key, wanted] : order) {
    if (name_of(wanted->to).rfind(kWhiteoutPrefix, 0) == 0) throw_marked(wanted->to);
    if (wanted->kind == ListedEntry::Kind::kFile) {
      listed(parents_.open(wanted->from), name_of(wanted->from), *wanted);
    } else {
      mark(wanted->kind == ListedEntry::Kind::kOpaque ? 'o' : 'w', wanted->to);
    }
  }
}

int LayerWalk::ListedParents::open(const std::string& from) {
  std::string path = parent_of(from);
  if (!fd_ || path != path_) {
    fd_.reset(open_at2(root_, path.empty() ? "." : path.c_str(), O_PATH | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    if (!fd_) throw_system("openat2", from);
    path_ = std::move(path);
  }
  return fd_.get();
}

void LayerWalk::listed(int directory, const std::string& name, const ListedEntry& wanted) {
  wanted_ = &wanted;
  switch (kind_of(directory, name, DT_UNKNOWN, wanted.from)) {
    case Kind::kFile: file(directory, name, wanted.to); break;
    case Kind::kDirectory: directory_entry(open_at(directory, name, O_DIRECTORY, wanted.from).get(), wanted.to); break;
    case Kind::kSymlink: symlink(directory, name, wanted.to); break;
    case Kind::kSpecial:
    case Kind::kWhiteout: special(directory, name, wanted.to); break;
    case Kind::kSocket: break;
  }
  wanted_ = nullptr;
}

void LayerWalk::override_ids(TarEntry* entry) const {
  if (wanted_ == nullptr) return;
  if (!std::isnan(wanted_->mode) && entry->type != '2') entry->mode = static_cast<uint32_t>(wanted_->mode);
  if (!std::isnan(wanted_->uid)) entry->uid = static_cast<uint64_t>(wanted_->uid);
  if (!std::isnan(wanted_->gid)) entry->gid = static_cast<uint64_t>(wanted_->gid);
}

std::vector<LayerWalk::Child> LayerWalk::list(int directory, const std::string& prefix) const {
  // A descriptor of its own: closedir closes it, and reading starts at the beginning.
  UniqueFd copy = open_at(directory, ".", O_DIRECTORY, prefix);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(copy.get()), closedir);
  if (!stream) throw_system("fdopendir", prefix);
  copy.steal();
  std::vector<Child> children;
  errno = 0;
  while (const dirent* found = readdir(stream.get())) {
    const std::string name = found->d_name;
    if (name == "." || name == "..") continue;
    Child child{name, {}, kind_of(directory, name, found->d_type, prefix + name), nullptr};
    const char type = child.kind == Kind::kDirectory ? 'd' : child.kind == Kind::kWhiteout ? 'w' : 'f';
    child.key = order_key({type, name, 0, 0, 0, 0, 0, 0, {}, {}});
    children.push_back(std::move(child));
    errno = 0;
  }
  if (errno != 0) throw_system("readdir", prefix);
  if (const auto added = added_.find(prefix); added != added_.end()) {
    for (const ListedEntry* wanted : added->second) children.push_back({name_of(wanted->to), name_of(wanted->to), Kind::kFile, wanted});
  }
  std::sort(children.begin(), children.end(), [](const Child& a, const Child& b) { return a.key < b.key; });
  return children;
}

LayerWalk::Kind LayerWalk::kind_of(int directory, const std::string& name, unsigned char type, const std::string& path) const {
  switch (type) {
    case DT_REG: return Kind::kFile;
    case DT_DIR: return Kind::kDirectory;
    case DT_LNK: return Kind::kSymlink;
    case DT_SOCK: return Kind::kSocket;
    default: break;
  }
  const struct stat status = status_at(directory, name, path);
  if (is_whiteout(status)) return Kind::kWhiteout;
  switch (status.st_mode & S_IFMT) {
    case S_IFREG: return Kind::kFile;
    case S_IFDIR: return Kind::kDirectory;
    case S_IFLNK: return Kind::kSymlink;
    case S_IFSOCK: return Kind::kSocket;
    default: return Kind::kSpecial;
  }
}

void LayerWalk::root() {
  const UniqueFd directory = open_at(options_.upper, ".", O_DIRECTORY, {});
  struct stat status;
  if (fstat(directory.get(), &status) != 0) throw_system("fstat", {});
  TarEntry found = read_meta(directory.get(), status, {}).entry;
  if (found.mode == options_.root_mode && found.uid == options_.root_uid && found.gid == options_.root_gid) return;
  found.name = "./";
  found.type = '5';
  entry(found);
}

void LayerWalk::file(int directory, const std::string& name, const std::string& path) {
  // O_NONBLOCK: should a fifo stand here by now, opening it must not wait.
  const UniqueFd fd = open_at(directory, name, O_NONBLOCK | O_NOCTTY, path);
  struct stat status;
  if (fstat(fd.get(), &status) != 0) throw_system("fstat", path);
  if (!S_ISREG(status.st_mode)) throw_changed(path);
  TarEntry found = read_meta(fd.get(), status, path).entry;
  found.name = path;
  if (hard_link(status, path, found)) return;
  if (found.type != '0') return entry(found);  // an empty file that stands for a device
  found.size = static_cast<uint64_t>(status.st_size);
  entry(found);
  content(fd.get(), status, path);
}

void LayerWalk::subdirectory(int directory, const std::string& name, const std::string& path) {
  const UniqueFd fd = open_at(directory, name, O_DIRECTORY, path);
  const bool opaque = directory_entry(fd.get(), path);
  if (opaque && hidden_below(path)) mark('o', path);
  walk(fd.get(), path + "/", opaque);
}

bool LayerWalk::directory_entry(int fd, const std::string& path) {
  struct stat status;
  if (fstat(fd, &status) != 0) throw_system("fstat", path);
  Meta meta = read_meta(fd, status, path);
  meta.entry.name = path + "/";
  meta.entry.type = '5';
  entry(meta.entry);
  return meta.opaque;
}

void LayerWalk::symlink(int directory, const std::string& name, const std::string& path) {
  const struct stat status = status_at(directory, name, path);
  if (!S_ISLNK(status.st_mode)) throw_changed(path);
  TarEntry found;
  fill_ids(&found, status);
  found.mode = 0777;
  found.name = path;
  found.type = '2';
  found.mtime_seconds = mtime_of(status);
  // Some file systems give no length; the kernel's own limit is a page.
  found.link_name.resize(4096);
  const ssize_t length = readlinkat(directory, name.c_str(), found.link_name.data(), found.link_name.size());
  if (length < 0) throw_system("readlinkat", path);
  found.link_name.resize(static_cast<size_t>(length));
  override_ids(&found);
  if (!hard_link(status, path, found)) entry(found);
}

void LayerWalk::special(int directory, const std::string& name, const std::string& path) {
  const struct stat status = status_at(directory, name, path);
  TarEntry found;
  fill_ids(&found, status);
  found.name = path;
  found.type = S_ISFIFO(status.st_mode) ? '6' : S_ISBLK(status.st_mode) ? '4' : '3';
  found.mtime_seconds = mtime_of(status);
  if (found.type != '6') {
    found.major = major(status.st_rdev);
    found.minor = minor(status.st_rdev);
  }
  override_ids(&found);
  if (!hard_link(status, path, found)) entry(found);
}

LayerWalk::Meta LayerWalk::read_meta(int fd, const struct stat& status, const std::string& path) const {
  Meta meta;
  TarEntry& entry = meta.entry;
  fill_ids(&entry, status);
  entry.mtime_seconds = mtime_of(status);
  for (const std::string& name : xattr_names(fd, path)) {
    if (name == kOverrideStat) {
      const std::optional<OverrideStat> over = parse_override_stat(xattr_value(fd, name, path));
      if (!over) throw_unsupported(path, "\"" + path + "\" has a malformed attribute " + kOverrideStat);
      entry.uid = over->uid;
      entry.gid = over->gid;
      entry.major = over->major;
      entry.minor = over->minor;
      if (over->device != 0) entry.type = over->device == 'b' ? '4' : '3';
    } else if (is_overlay_xattr(name)) {
      if (name == options_.overlay_prefix + "opaque") meta.opaque = xattr_value(fd, name, path) == "y";
    } else if (is_layer_xattr(name)) {
      if (name.find('=') != std::string::npos) {
        throw_unsupported(path, "\"" + path + "\" has the attribute \"" + name + "\", whose \"=\" a tar record cannot hold");
      }
      std::string value = xattr_value(fd, name, path);
      entry.xattrs.emplace_back(name, name == "security.capability" ? portable_capability(value) : std::move(value));
    }
  }
  override_ids(&entry);
  return meta;
}

int64_t LayerWalk::mtime_of(const struct stat& status) const {
  if (options_.force_seconds) return *options_.force_seconds;
  // tv_nsec counts upwards before 1970 too, so leaving it out is floor.
  const int64_t seconds = status.st_mtim.tv_sec;
  return options_.clamp_seconds ? std::min(seconds, *options_.clamp_seconds) : seconds;
}

bool LayerWalk::hidden_below(const std::string& path) const {
  if (!options_.lowers) return true;
  for (const int lower : *options_.lowers) {
    const UniqueFd fd(open_at2(lower, path.c_str(), O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    if (fd) {
      struct stat status;
      // Anything else there, a whiteout too, hides what lies deeper.
      return fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode);
    }
    if (errno == ENOTDIR || errno == ELOOP) return false;
    if (errno != ENOENT) throw_system("openat2", path);
  }
  return false;
}

bool LayerWalk::hard_link(const struct stat& status, const std::string& path, TarEntry found) {
  if (status.st_nlink < 2) return false;
  const auto [first, is_new] = links_.emplace(std::make_pair(status.st_dev, status.st_ino), path);
  if (is_new) return false;
  found.name = path;
  found.type = '1';
  found.link_name = first->second;
  found.size = 0;
  found.major = 0;
  found.minor = 0;
  found.xattrs.clear();
  entry(found);
  return true;
}

}  // namespace tsbuild
