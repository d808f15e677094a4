// TreeWriter: what can only be done when all entries are there.

#include "layer/tree_writer.h"

#include "kernel.h"
#include "layer/tree_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <memory>

namespace tsbuild {
namespace {

std::vector<std::string> names_in(int directory, const std::string& path) {
  UniqueFd copy = open_nofollow(directory, ".", O_RDONLY | O_DIRECTORY, path);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(copy.get()), closedir);
  if (!stream) throw_system("fdopendir", path);
  copy.steal();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* found = readdir(stream.get())) {
    const std::string name = found->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  if (errno != 0) throw_system("readdir", path);
  return names;
}

}  // namespace

void TreeWriter::finish() {
  entry_ = {};
  // An archive without entries leaves an empty directory.
  directory(options_.prefix);
  if (is_layer_ && !has_root_entry_) copy_lower_attributes({options_.root, ".", {}});
  if (root_is_opaque_) hide_lower_roots();
  if (has_whiteouts_) drop_hidden_whiteouts();
  set_times();
}

std::vector<std::string> TreeWriter::implied() const {
  std::vector<std::string> paths(implied_.begin(), implied_.end());
  if (is_layer_ && !has_root_entry_) paths.emplace_back();
  return paths;
}

void TreeWriter::adopt(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path.empty()) {
      copy_lower_attributes({options_.root, ".", {}});
      continue;
    }
    const std::string above = parent_of(path);
    const UniqueFd parent(above.empty() ? fcntl(options_.root, F_DUPFD_CLOEXEC, 3) : open_directory(above));
    struct stat status;
    // A later entry of the layer may have put something else there, or above it.
    if (!parent || !status_at(parent.get(), name_of(path), path, &status) || !S_ISDIR(status.st_mode)) continue;
    copy_lower_attributes({parent.get(), name_of(path), path});
  }
  set_times();
}

void TreeWriter::close() {
  directories_.clear();
  file_.reset();
}

// The kernel always merges the roots of layers, so what an opaque root hides is hidden name by name.
void TreeWriter::hide_lower_roots() {
  for (const int lower : options_.lowers) {
    for (const std::string& name : names_in(lower, {})) {
      struct stat status;
      if (!status_at(options_.root, name, name, &status)) {
        make_whiteout(options_.root, name, name);
      } else if (S_ISDIR(status.st_mode)) {
        set_opaque(options_.root, name, name);
      }
    }
  }
}

// In a directory that merges with nothing the kernel lists whiteouts as what they are: broken devices.
void TreeWriter::drop_hidden_whiteouts() {
  const auto is_below_opaque = [this](std::string path) {
    while (!(path = parent_of(path)).empty()) {
      if (opaque_.count(path) != 0) return true;
    }
    return false;
  };
  for (const std::string& path : opaque_) {
    if (is_below_opaque(path)) continue;
    const UniqueFd fd(open_directory(path));
    if (fd) drop_whiteouts_below(fd.get(), path);
  }
}

void TreeWriter::drop_whiteouts_below(int directory, const std::string& path) {
  for (const std::string& name : names_in(directory, path)) {
    struct stat status;
    if (!status_at(directory, name, path, &status)) continue;
    if (is_whiteout(status) && unlinkat(directory, name.c_str(), 0) != 0) throw_system("unlinkat", path + "/" + name);
    if (S_ISDIR(status.st_mode)) {
      const UniqueFd below = open_nofollow(directory, name, O_PATH | O_DIRECTORY, path);
      drop_whiteouts_below(below.get(), path + "/" + name);
    }
  }
}

void TreeWriter::set_times() {
  for (const auto& [path, time] : times_) {
    // Links on the way to the prefix were followed; nothing in the archive can have replaced it.
    const bool is_prefix = path == options_.prefix;
    const std::string above = is_prefix ? path : parent_of(path);
    const UniqueFd parent(above.empty() ? fcntl(options_.root, F_DUPFD_CLOEXEC, 3) : open_directory(above));
    const std::string name = is_prefix ? "." : name_of(path);
    struct stat status;
    // A later entry may have put something else there, or above it.
    if (!parent || !status_at(parent.get(), name, path, &status) || !S_ISDIR(status.st_mode)) continue;
    const timespec times[2] = {time, time};
    if (utimensat(parent.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) throw_system("utimensat", path);
  }
}

}  // namespace tsbuild
