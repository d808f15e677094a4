// Fuzz target: whiteouts and everything else that makes a layer's entries real below a root. Entries are made of few names, so that
// links, whiteouts and directories meet each other; beside the root lies what no entry may touch.
//
// Byte 0 of an input: bit 0 layer or plain archive, bit 1 whiteouts as fifos, bit 2 a prefix. Then entry by entry: type, name, link.

#include "kernel.h"
#include "remove.h"
#include "layer/tree_writer.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace tsbuild;

void demand(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "TreeWriter: %s\n", what);
  abort();
}

struct Input {
  const uint8_t* data;
  size_t size;
  uint8_t next() { return size == 0 ? 0 : (size--, *data++); }
};

// The place of all runs: DIRECTORY/root, DIRECTORY/lower and DIRECTORY/outside with one file. A shell of its own session removes it when this
// process ends, for a finding and a signal run no destructor.
struct Place {
  std::string directory;
  int top = -1, root = -1, lower = -1, outside = -1;
  struct stat before[2];

  Place() {
    char name[] = "/dev/shm/tsbuild-fuzz-XXXXXX";
    demand(mkdtemp(name) != nullptr, "no directory in /dev/shm");
    directory = name;
    const std::string after = "exec setsid sh -c 'cat; chmod -R u+rwx \"$0\"; rm -rf \"$0\"' " + directory + " >/dev/null 2>&1";
    demand(popen(after.c_str(), "we") != nullptr, "nobody to clean up");
    top = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    root = make("root");
    lower = make("lower");
    outside = make("outside");
    demand(mkdirat(lower, "a", 0700) == 0 && mkdirat(lower, "b", 0711) == 0, "mkdir");
    const int file = openat(outside, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    demand(file >= 0 && write(file, "untouched", 9) == 9, "write");
    close(file);
    look(before);
  }

  int make(const char* name) const {
    demand(mkdirat(top, name, 0755) == 0, "mkdir");
    return openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  void look(struct stat* status) const {
    demand(fstat(outside, &status[0]) == 0 && fstatat(outside, "f", &status[1], AT_SYMLINK_NOFOLLOW) == 0, "something outside was removed");
  }
  void check_outside() const {
    struct stat now[2];
    look(now);
    for (int i = 0; i < 2; i++) {
      const struct stat &old = before[i], &found = now[i];
      demand(old.st_ino == found.st_ino && old.st_mode == found.st_mode && old.st_nlink == found.st_nlink && old.st_size == found.st_size &&
                 old.st_uid == found.st_uid && memcmp(&old.st_mtim, &found.st_mtim, sizeof old.st_mtim) == 0 &&
                 memcmp(&old.st_ctim, &found.st_ctim, sizeof old.st_ctim) == 0,
             "something outside was changed");
    }
    int names = 0;
    const int copy = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = fdopendir(copy);
    while (const dirent* entry = readdir(stream)) names += entry->d_name[0] != '.';
    closedir(stream);
    demand(names == 3, "something was made beside the root");
  }
};

std::string make_path(Input* input) {
  static const char* const parts[] = {"a", "b", "c", "f", "..", ".", "", "outside", "root", ".wh.a", ".wh.b", ".wh..wh..opq", ".wh.", ".wh..", ".wh...", ".wh..wh.plnk"};
  const uint8_t shape = input->next();
  std::string path = shape & 0x40 ? "/" : "";
  for (int i = shape & 3; i >= 0; i--) path += parts[input->next() % 16] + std::string(i > 0 ? "/" : "");
  return path + (shape & 0x80 ? "/" : "");
}

void check_names(int parent, const char* name) {
  const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  DIR* stream = fdopendir(fd);
  while (const dirent* entry = readdir(stream)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    demand(strncmp(entry->d_name, ".wh.", 4) != 0, "the name of a whiteout is on the disk");
    if (entry->d_type == DT_DIR) check_names(fd, entry->d_name);
  }
  closedir(stream);
}

void empty(int directory) {
  const int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = fdopendir(copy);
  while (const dirent* entry = readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") demand(!remove_tree(directory, name, name), "cannot clean up");
  }
  closedir(stream);
}

void write_entries(Input* input, const TreeWriterOptions& options, const Place& place) {
  static const char types[] = "0001122555346";
  TreeWriter writer(options);
  for (int count = 0; input->size > 0 && count < 24; count++) {
    ArchiveEntry entry;
    const uint8_t kind = input->next();
    entry.type = types[kind % (sizeof types - 1)];
    entry.mode = (kind & 0x80) != 0 ? 0 : 0755;
    entry.name = make_path(input);
    if (entry.type == '1' || entry.type == '2') {
      entry.link_name = make_path(input);
      if (kind & 0x40) entry.link_name = place.directory + "/outside" + (kind & 0x20 ? "/f" : "");
    }
    if (entry.type == '0') entry.size = 1;
    writer.begin(entry);
    if (entry.type == '0') writer.content(0, reinterpret_cast<const uint8_t*>("x"), 1);
    writer.end();
  }
  writer.finish();
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Place place;
  Input input{data, size};
  const uint8_t how = input.next();
  TreeWriterOptions options;
  options.root = place.root;
  const bool is_layer = how & 1;
  if (is_layer) options.overlay_prefix = "user.overlay.";
  options.fifo_whiteouts = how & 2;
  options.lowers = {place.lower};
  if (!is_layer && (how & 4)) options.prefix = "a/b";
  try {
    write_entries(&input, options, place);
  } catch (const LayerError& error) {
    // ELOOP and the like are answers too; a fault of ours would say something else.
    demand(error.fault != LayerFault::kUnsupported && error.fault != LayerFault::kChanged, "an error of another part");
    demand(error.system.error != EBADF && error.system.error != EFAULT, "a descriptor or an address was wrong");
  }
  place.check_outside();
  // An entry for the root itself may have closed it to its owner.
  demand(fchmod(place.root, 0755) == 0, "fchmod");
  if (is_layer) check_names(place.root, ".");
  empty(place.root);
  return 0;
}
