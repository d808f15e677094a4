#include "mount_points.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "kernel.h"
#include "mounts.h"

enum { MAX_LINKS = 40 }; /* as many as the kernel follows, path_resolution(7) */

static const char STAGE[] = "mount-point";

/* ---- find ------------------------------------------------------------------------------------------------------------------ */

static void drop_last(char *place) {
  char *slash = strrchr(place, '/');
  if (slash != NULL) *slash = '\0';
}

/*
 * Where `wanted` is once every link is followed inside `root`. Unlike openat2 this also answers for a path whose end is missing, as
 * that of a dangling /etc/resolv.conf link is. `root` must not change meanwhile: it is a read-only mount, or ours alone.
 */
static bool resolve(int root, const char *wanted, bool links_refused, char *place, bool *missing) {
  char todo[PATH_MAX], component[NAME_MAX + 1];
  int links = 0;
  if (snprintf(todo, sizeof todo, "%s", wanted) >= (int)sizeof todo) {
    errno = ENAMETOOLONG;
    return false;
  }
  place[0] = '\0';
  *missing = false;
  for (;;) {
    char *start = todo + strspn(todo, "/");
    size_t length = strcspn(start, "/");
    if (length == 0) return true;
    if (length > NAME_MAX) {
      errno = ENAMETOOLONG;
      return false;
    }
    memcpy(component, start, length);
    component[length] = '\0';
    memmove(todo, start + length, strlen(start + length) + 1);
    if (strcmp(component, ".") == 0) continue;
    if (strcmp(component, "..") == 0) {
      drop_last(place);
      continue;
    }
    size_t used = strlen(place);
    if (used + 1 + length >= PATH_MAX) {
      errno = ENAMETOOLONG;
      return false;
    }
    snprintf(place + used, PATH_MAX - used, "/%s", component);
    if (*missing) continue;

    int fd = k_openat2(root, place, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_MAGICLINKS);
    if (fd < 0) {
      if (errno != ENOENT) return false;
      *missing = true;
      continue;
    }
    char target[PATH_MAX];
    struct stat status;
    ssize_t target_length = 0;
    int error = 0;
    if (fstat(fd, &status) < 0) {
      error = errno;
    } else if (S_ISLNK(status.st_mode)) {
      target_length = readlinkat(fd, "", target, sizeof target - 1);
      if (target_length < 0) error = errno;
      if (links_refused || ++links > MAX_LINKS) error = ELOOP;
    } else if (todo[strspn(todo, "/")] != '\0' && !S_ISDIR(status.st_mode)) {
      error = ENOTDIR;
    }
    close(fd);
    if (error != 0) {
      errno = error;
      return false;
    }
    if (!S_ISLNK(status.st_mode)) continue;
    target[target_length] = '\0';
    char rest[PATH_MAX];
    if (snprintf(rest, sizeof rest, "%s/%s", target, todo) >= (int)sizeof rest) {
      errno = ENAMETOOLONG;
      return false;
    }
    memcpy(todo, rest, strlen(rest) + 1);
    if (target[0] == '/') {
      place[0] = '\0';
    } else {
      drop_last(place);
    }
  }
}

static bool is_beneath(const char *place, const char *directory) {
  size_t length = strlen(directory);
  return strncmp(place, directory, length) == 0 && place[length] == '/';
}

static bool check_kind(const struct mount_point *point, int root, struct failure *failure) {
  struct stat status;
  int fd = open_without_links(root, point->place);
  if (fd < 0) return failed(failure, STAGE, point->wanted);
  int result = fstat(fd, &status);
  close(fd);
  if (result < 0) return failed(failure, STAGE, point->wanted);
  if (point->directory && !S_ISDIR(status.st_mode)) return failed_with(failure, STAGE, ENOTDIR, point->wanted, "the image has a file there");
  if (!point->directory && S_ISDIR(status.st_mode))
    return failed_with(failure, STAGE, EISDIR, point->wanted, "the image has a directory there");
  return true;
}

bool mount_points_find(struct mount_point *points, size_t count, int root, struct failure *failure) {
  for (size_t i = 0; i < count; i++) {
    char place[PATH_MAX];
    if (!resolve(root, points[i].wanted, points[i].links_refused, place, &points[i].missing))
      return failed_with(failure, STAGE, errno, points[i].wanted, errno == ELOOP ? "a symbolic link is refused there" : "");
    if (place[0] == '\0') return failed_with(failure, STAGE, EINVAL, points[i].wanted, "nothing can be mounted on the root itself");
    if (is_beneath(place, "/proc") || (!points[i].links_refused && strcmp(place, "/proc") == 0))
      return failed_with(failure, STAGE, EPERM, points[i].wanted, "nothing can be mounted on /proc");
    points[i].place = strdup(place);
    if (points[i].place == NULL) return failed(failure, STAGE, points[i].wanted);
  }
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count && !points[i].inside_a_mount; j++)
      points[i].inside_a_mount = is_beneath(points[i].place, points[j].place);
  for (size_t i = 0; i < count; i++)
    if (!points[i].missing && !points[i].inside_a_mount && !check_kind(&points[i], root, failure)) return false;
  return true;
}

/* ---- stub ------------------------------------------------------------------------------------------------------------------ */

/* Extended attributes of a directory that is copied up come from its topmost lower: the stub. */
static void copy_xattrs(int from, int to) {
  char names[8192], value[16384];
  ssize_t length = flistxattr(from, names, sizeof names);
  for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
    ssize_t size = fgetxattr(from, name, value, sizeof value);
    /* Before Linux 6.6 a tmpfs has no user.* attributes; then a parent that is copied up loses its own, which the kernel forces. */
    if (size >= 0) (void)fsetxattr(to, name, value, (size_t)size, 0);
  }
}

/* Make `stub`/place look as `image`/place does; nothing to do when the image does not have it. */
static bool copy_attributes(int stub, int image, const char *place) {
  int from = k_openat2(image, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_SYMLINKS);
  if (from < 0) return errno == ENOENT;
  int to = k_openat2(stub, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_SYMLINKS);
  struct stat status;
  bool copied = false;
  if (to >= 0 && fstat(from, &status) == 0) {
    /* EINVAL: the owner has no id in this namespace, so a copy-up could not keep it either. */
    copied = (fchown(to, status.st_uid, status.st_gid) == 0 || errno == EINVAL) && fchmod(to, status.st_mode & 07777) == 0;
    if (copied) {
      copy_xattrs(from, to);
      struct timespec times[2] = {status.st_atim, status.st_mtim};
      copied = futimens(to, times) == 0;
    }
  }
  int error = errno;
  close(from);
  if (to >= 0) close(to);
  errno = error;
  return copied;
}

static bool make_directory(int stub, const char *path, struct owner owner) {
  if (mkdirat(stub, path, 0755) < 0) return errno == EEXIST;
  return fchownat(stub, path, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Make the directories above `place`, and `place` itself, as far as they are missing. */
static bool make_place(int stub, const char *place, bool directory, struct owner owner) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", place + 1);
  for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (!make_directory(stub, path, owner)) return false;
    *slash = '/';
  }
  if (directory) return make_directory(stub, path, owner);
  int fd = RETRY(openat(stub, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (fd < 0) return false;
  bool given = fchown(fd, owner.uid, owner.gid) == 0;
  close(fd);
  return given;
}

bool mount_points_stub(const struct mount_point *points, size_t count, int stub, int image, struct owner owner, struct failure *failure) {
  for (size_t i = 0; i < count; i++)
    if (points[i].missing && !points[i].inside_a_mount && !make_place(stub, points[i].place, points[i].directory, owner))
      return failed(failure, STAGE, points[i].wanted);
  /* In a second pass, because each entry made changes the time of its directory. */
  if (!copy_attributes(stub, image, "/")) return failed(failure, STAGE, "/");
  for (size_t i = 0; i < count; i++) {
    if (!points[i].missing || points[i].inside_a_mount) continue;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", points[i].place);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
      *slash = '\0';
      if (!copy_attributes(stub, image, path)) return failed(failure, STAGE, path);
      *slash = '/';
    }
  }
  return true;
}

/* ---- make and remove ------------------------------------------------------------------------------------------------------- */

static int mount_number(int fd) {
  struct statx status;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0) return -1;
  return (int)status.stx_mnt_id;
}

static bool note(struct made_entries *made, int parent, const char *name, const struct stat *status, const struct timespec *before) {
  struct stat above;
  if (fstat(parent, &above) < 0) return false;
  struct made_entry *items = realloc(made->items, (made->count + 1) * sizeof *items);
  if (items == NULL) return false;
  made->items = items;
  char *copy = strdup(name);
  if (copy == NULL) return false;
  items[made->count++] = (struct made_entry){.parent = parent,
                                             .name = copy,
                                             .device = status->st_dev,
                                             .inode = status->st_ino,
                                             .directory = S_ISDIR(status->st_mode),
                                             .before = *before,
                                             .after = above.st_mtim};
  return true;
}

static int make_entry(int parent, const char *name, bool directory) {
  if (directory) {
    if (mkdirat(parent, name, 0755) < 0) return -1;
    return openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }
  return RETRY(openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
}

/*
 * Make the place of `point` inside `root` component by component and note each new entry in `made`, when there is one. With `only_beyond` set,
 * nothing is made in the mount that `root` itself is.
 */
static bool make_in(int root, const struct mount_point *point, bool only_beyond, struct made_entries *made) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", point->place);
  int parent = open_in_root(root, "/");
  for (char *name = path + 1; parent >= 0; ) {
    char *slash = strchr(name, '/');
    if (slash != NULL) *slash = '\0';
    int entry = open_in_root(root, path);
    if (entry < 0 && errno == ENOENT) {
      if (only_beyond && mount_number(parent) == mount_number(root)) break;
      struct stat status, above;
      if (fstat(parent, &above) < 0) {
        close(parent);
        parent = -1;
        break;
      }
      entry = make_entry(parent, name, slash != NULL || point->directory);
      if (entry >= 0 && made != NULL) {
        /* The list keeps the parent's descriptor: the name is later removed there and nowhere else. */
        int kept = fcntl(parent, F_DUPFD_CLOEXEC, 3);
        if (kept < 0 || fstat(entry, &status) < 0 || !note(made, kept, name, &status, &above.st_mtim)) {
          close(entry);
          entry = -1;
        }
      }
    }
    int error = errno;
    close(parent);
    errno = error;
    parent = entry;
    if (slash == NULL) break;
    *slash = '/';
    name = slash + 1;
  }
  if (parent < 0) return false;
  close(parent);
  return true;
}

bool mount_points_make(const struct mount_point *points, size_t count, int root, struct made_entries *made, struct failure *failure) {
  for (size_t i = 0; i < count; i++)
    if (points[i].missing && !points[i].inside_a_mount && !make_in(root, &points[i], false, made))
      return failed(failure, STAGE, points[i].wanted);
  return true;
}

void mount_points_remove(const struct made_entries *made) {
  for (size_t i = made->count; i-- > 0;) {
    const struct made_entry *entry = &made->items[i];
    struct stat status;
    if (fstatat(entry->parent, entry->name, &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (status.st_dev != entry->device || status.st_ino != entry->inode) continue;
    if (!entry->directory && status.st_size > 0) continue;
    struct stat above;
    bool untouched = fstat(entry->parent, &above) == 0 && above.st_mtim.tv_sec == entry->after.tv_sec && above.st_mtim.tv_nsec == entry->after.tv_nsec;
    if (unlinkat(entry->parent, entry->name, entry->directory ? AT_REMOVEDIR : 0) < 0 || !untouched) continue;
    /* A copied root file system is compared with what it was copied from. The descriptor is O_PATH, which futimens refuses. */
    char parent[sizeof "/proc/self/fd/" + 3 * sizeof(int)];
    snprintf(parent, sizeof parent, "/proc/self/fd/%d", entry->parent);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry->before};
    (void)utimensat(AT_FDCWD, parent, times, 0);
  }
}

int mount_point_open(int root, const struct mount_point *point, struct failure *failure) {
  int fd = open_in_root(root, point->place);
  if (fd < 0 && errno == ENOENT && point->inside_a_mount && make_in(root, point, true, NULL)) fd = open_in_root(root, point->place);
  if (fd < 0) failed(failure, STAGE, point->wanted);
  return fd;
}
