// A whole tree, or one directory, as columns in one buffer; the layout is described at PackedEntries in src/sys/addon.ts.

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unordered_set>

#include "directory.h"
#include "kernel.h"
#include "module.h"
#include "parallel.h"

namespace tsbuild {
namespace {

struct Directory;

struct Entry {
  std::string name;
  std::string link;
  struct statx status;
  std::unique_ptr<Directory> below;  // what a directory holds; null for the rest, and when it is not to be read
};

// In the order of whole paths' bytes a directory's name and its content are two things: "a", then "a-b", then "a/c".
struct Step {
  size_t entry;
  bool descend;
};

struct Directory {
  std::string path;  // relative to the root of the walk, empty for itself
  std::vector<Entry> entries;
  std::vector<Step> order;
};

std::string join(const std::string& directory, const std::string& name) { return directory.empty() ? name : directory + "/" + name; }

bool before(const Directory& directory, const Step& a, const Step& b) {
  const std::string& left = directory.entries[a.entry].name;
  const std::string& right = directory.entries[b.entry].name;
  const size_t common = std::min(left.size(), right.size());
  if (const int order = memcmp(left.data(), right.data(), common)) return order < 0;
  // What follows the common part: the rest of the name, then the slash of what it holds, then nothing.
  const auto next = [common](const std::string& name, const Step& step) {
    if (name.size() > common) return static_cast<int>(static_cast<unsigned char>(name[common]));
    return step.descend ? static_cast<int>('/') : -1;
  };
  return next(left, a) < next(right, b);
}

void sort_steps(Directory* directory) {
  for (size_t i = 0; i < directory->entries.size(); i++) {
    directory->order.push_back({i, false});
    if (directory->entries[i].below != nullptr) directory->order.push_back({i, true});
  }
  std::sort(directory->order.begin(), directory->order.end(), [directory](const Step& a, const Step& b) { return before(*directory, a, b); });
}

Failure read_link(int dir, const std::string& path, Entry* entry) {
  char target[4096];  // PATH_MAX, the most a link can hold
  const ssize_t size = readlinkat(dir, entry->name.c_str(), target, sizeof target);
  if (size >= 0) {
    entry->link.assign(target, static_cast<size_t>(size));
    return {};
  }
  return errno == ENOENT || errno == EINVAL ? Failure{} : fail("readlinkat", path);  // gone or replaced meanwhile
}

// The entries of the open directory `fd`, unsorted; those that vanish are left out.
Failure read_entries(int fd, Directory* directory) {
  Failure failure;
  const bool complete = for_each_name(fd, [&](const char* name, unsigned char) {
    if (failure) return;
    Entry entry;
    entry.name = name;
    if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &entry.status) != 0) {
      if (errno != ENOENT) failure = fail("statx", join(directory->path, name));
      return;
    }
    if (S_ISLNK(entry.status.stx_mode)) failure = read_link(fd, join(directory->path, name), &entry);
    directory->entries.push_back(std::move(entry));
  });
  if (!complete && !failure) failure = fail("getdents64", directory->path);
  return failure;
}

UniqueFd open_directory(int root, const std::string& path, uint64_t resolve) {
  return UniqueFd(open_at2(root, path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, resolve));
}

using Pruned = std::unordered_set<std::string>;

Failure read_tree(int root, const Pruned& pruned, Directory* top) {
  WorkQueue<Directory*> queue;
  queue.add(top);
  return queue.drain([&](Directory* directory) -> Failure {
    // From the root and without links each time: a directory that is swapped for a link meanwhile leads nowhere else.
    const UniqueFd fd = open_directory(root, directory->path, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (!fd) {
      const bool vanished = directory != top && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP);
      return vanished ? Failure{} : fail("openat2", directory->path);
    }
    if (Failure failure = read_entries(fd.get(), directory)) return failure;
    for (Entry& entry : directory->entries) {
      if (!S_ISDIR(entry.status.stx_mode)) continue;
      std::string path = join(directory->path, entry.name);
      if (pruned.count(path) != 0) continue;
      entry.below = std::make_unique<Directory>();
      entry.below->path = std::move(path);
    }
    // Sorted before its directories are handed on: from then on other threads change what `below` points to, never the entries.
    sort_steps(directory);
    for (Entry& entry : directory->entries) {
      if (entry.below != nullptr) queue.add(entry.below.get());
    }
    return {};
  });
}

struct Packed {
  size_t count = 0;
  std::vector<char> data;
};

struct Size {
  size_t count = 0;
  size_t bytes = 0;
};

void measure(const Directory& directory, Size* size) {
  const size_t prefix = directory.path.empty() ? 0 : directory.path.size() + 1;
  for (const Entry& entry : directory.entries) {
    size->count++;
    size->bytes += prefix + entry.name.size() + entry.link.size();
    if (entry.below != nullptr) measure(*entry.below, size);
  }
}

// Writes entry after entry into the columns.
class Packer {
 public:
  Packer(Packed* out, Size size)
      : count_(size.count),
        times_(reinterpret_cast<int64_t*>(out->data.data())),
        doubles_(reinterpret_cast<double*>(out->data.data() + 16 * count_)),
        words_(reinterpret_cast<uint32_t*>(out->data.data() + 40 * count_)),
        bytes_(out->data.data() + 76 * count_) {}

  void add_all(const Directory& directory) {
    for (const Step& step : directory.order) {
      const Entry& entry = directory.entries[step.entry];
      if (step.descend) {
        add_all(*entry.below);
      } else {
        add(directory.path, entry);
      }
    }
  }

 private:
  void add(const std::string& directory, const Entry& entry) {
    const struct statx& status = entry.status;
    const auto time = [](const statx_timestamp& stamp) { return stamp.tv_sec * 1'000'000'000 + stamp.tv_nsec; };
    times_[next_] = time(status.stx_mtime);
    times_[count_ + next_] = time(status.stx_ctime);
    doubles_[next_] = static_cast<double>(status.stx_size);
    doubles_[count_ + next_] = static_cast<double>(makedev(status.stx_dev_major, status.stx_dev_minor));
    doubles_[2 * count_ + next_] = static_cast<double>(status.stx_ino);
    const size_t start = used_;
    if (!directory.empty()) append(directory), append("/");
    append(entry.name);
    const size_t path_length = used_ - start;
    append(entry.link);
    const size_t words[] = {status.stx_mode,       status.stx_uid, status.stx_gid, status.stx_nlink,  status.stx_rdev_major,
                            status.stx_rdev_minor, start,          path_length,    entry.link.size()};
    for (size_t column = 0; column < 9; column++) words_[column * count_ + next_] = static_cast<uint32_t>(words[column]);
    next_++;
  }

  void append(const std::string& text) {
    memcpy(bytes_ + used_, text.data(), text.size());
    used_ += text.size();
  }

  const size_t count_;
  int64_t* const times_;
  double* const doubles_;
  uint32_t* const words_;
  char* const bytes_;
  size_t next_ = 0;
  size_t used_ = 0;
};

Failure pack(const Directory& top, Packed* out) {
  Size size;
  measure(top, &size);
  if (size.bytes > UINT32_MAX) return {EOVERFLOW, "walk", top.path, "the paths of this tree exceed 4 GiB"};
  out->count = size.count;
  out->data.resize(76 * size.count + size.bytes);
  Packer(out, size).add_all(top);
  return {};
}

napi_value make_packed(napi_env env, const Packed& packed) {
  napi_value buffer = nullptr;
  void* data = nullptr;
  if (napi_create_arraybuffer(env, packed.data.size(), &data, &buffer) != napi_ok) return nullptr;
  if (!packed.data.empty()) memcpy(data, packed.data.data(), packed.data.size());
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "count", make_number(env, static_cast<double>(packed.count)));
  set_property(env, result, "data", buffer);
  return result;
}

napi_value js_walk(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = args.fd(0);
  std::vector<std::string> paths;
  if (!args.ok || !get_paths(env, args[1], &paths)) return nullptr;
  auto packed = std::make_shared<Packed>();
  const auto work = [dir, packed, pruned = Pruned(paths.begin(), paths.end())]() -> Failure {
    Directory top;
    if (Failure failure = read_tree(dir, pruned, &top)) return failure;
    return pack(top, packed.get());
  };
  return run_on_pool(env, "tsbuild:walk", work, [packed](napi_env calling) { return make_packed(calling, *packed); });
}

napi_value js_read_directory(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int dir = args.fd(0);
  const std::string path = args.path(1);
  if (!args.ok) return nullptr;
  const UniqueFd fd = open_directory(dir, path, kInRoot);
  if (!fd) return throw_failure(env, fail("openat2", path));
  Directory directory;
  if (const Failure failure = read_entries(fd.get(), &directory)) return throw_failure(env, failure);
  sort_steps(&directory);
  Packed packed;
  if (const Failure failure = pack(directory, &packed)) return throw_failure(env, failure);
  return make_packed(env, packed);
}

}  // namespace
}  // namespace tsbuild

void register_walk(napi_env env, napi_value exports) {
  using namespace tsbuild;
  export_function(env, exports, "walk", js_walk);
  export_function(env, exports, "readDirectory", js_read_directory);
}
