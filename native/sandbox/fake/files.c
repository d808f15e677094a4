#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../kernel.h"
#include "answers.h"
#include "record.h"

static const struct credentials *present(const struct call *call) {
  return credentials_of(&call->supervisor->credentials, call->task);
}

/* ---- owners -------------------------------------------------------------------------------------------------------------------- */

/* Who may give a file away: fs/attr.c. */
static bool may_change_owner(const struct credentials *who, const struct record *now, uint32_t uid, uint32_t gid) {
  uint32_t user = who->uid[FILE_SYSTEM];
  if (credentials_have(who, CAP_CHOWN)) return true;
  if (user != now->uid || (uid != UINT32_MAX && uid != now->uid)) return false;
  return gid == UINT32_MAX || gid == now->gid || credentials_have_group(who, gid);
}

static struct reply change_owner(const struct call *call, int file, uint32_t uid, uint32_t gid) {
  struct supervisor *supervisor = call->supervisor;
  struct record record = {.uid = 0};
  bool recorded = record_read(supervisor->self, file, &record);
  if (!may_change_owner(present(call), &record, uid, gid)) return reply_error(EPERM);
  if (uid != UINT32_MAX) record.uid = uid;
  if (gid != UINT32_MAX) record.gid = gid;
  if (!recorded && record.uid == 0 && record.gid == 0) return reply_continue();
  /* What the kernel does at every change of owner: copies the file up, clears set-id bits and capabilities, changes the time. */
  struct stat status;
  if (fchownat(file, "", 0, 0, AT_EMPTY_PATH) < 0 || fstat(file, &status) < 0) return reply_error(errno);
  return reply_status(record_write(supervisor->self, file, status.st_mode, &record));
}

static uint32_t owner_argument(uint64_t value, bool narrow) {
  uint32_t id = (uint32_t)value;
  if (!narrow) return id;
  return (id & 0xffff) == 0xffff ? UINT32_MAX : id & 0xffff;
}

struct reply answer_chown(const struct call *call, int dir, uint64_t path, uint64_t uid, uint64_t gid, int flags, bool narrow) {
  char name[PATH_MAX];
  if (!call_read_path(call, path, name, sizeof name)) return reply_continue();
  int file = call_open(call, dir, name, (flags & AT_SYMLINK_NOFOLLOW) == 0, (flags & AT_EMPTY_PATH) != 0);
  if (file < 0) return reply_continue();
  struct reply reply = change_owner(call, file, owner_argument(uid, narrow), owner_argument(gid, narrow));
  close(file);
  return reply;
}

struct reply answer_fchown(const struct call *call, bool narrow) {
  int file = call_open_descriptor(call, (int)call->arguments[0]);
  if (file < 0 || !call_is_pending(call)) {
    if (file >= 0) close(file);
    return reply_continue();
  }
  struct reply reply = change_owner(call, file, owner_argument(call->arguments[1], narrow), owner_argument(call->arguments[2], narrow));
  close(file);
  return reply;
}

/* ---- new files ----------------------------------------------------------------------------------------------------------------- */

/* Where something new will be, and whose. */
struct place {
  int parent;
  char name[NAME_MAX + 1];
  struct record owner;
};

/*
 * False when the kernel shall act by itself: the owner will be root, which is what it does anyway, or there is something of that name,
 * or the place cannot be found safely.
 */
static bool find_place(const struct call *call, int dir, uint64_t path, bool whoever, struct place *place) {
  char name[PATH_MAX];
  struct stat parent, status;
  if (!call_read_path(call, path, name, sizeof name)) return false;
  place->parent = call_open_parent(call, dir, name, place->name, sizeof place->name);
  if (place->parent < 0) return false;
  const struct credentials *who = present(call);
  place->owner = (struct record){.uid = who->uid[FILE_SYSTEM], .gid = who->gid[FILE_SYSTEM]};
  if (fstat(place->parent, &parent) == 0 && (parent.st_mode & S_ISGID) != 0) {
    /* The group of what is made in such a directory is the directory's. */
    struct record above = {.uid = 0};
    record_read(call->supervisor->self, place->parent, &above);
    place->owner.gid = above.gid;
  }
  if ((whoever || place->owner.uid != 0 || place->owner.gid != 0) &&
      fstatat(place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
    return true;
  close(place->parent);
  return false;
}

static struct reply record_new(const struct call *call, const struct place *place) {
  int file = RETRY(openat(place->parent, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  int error = 0;
  /* That somebody took it away, or put something else there, is theirs to do. */
  if (file >= 0 && fstat(file, &status) == 0 && !S_ISLNK(status.st_mode))
    error = record_write(call->supervisor->self, file, status.st_mode, &place->owner);
  if (file >= 0) close(file);
  return reply_status(error);
}

struct reply answer_mknod(const struct call *call, int dir, uint64_t path, uint64_t mode, uint64_t device) {
  mode_t type = (mode_t)mode & S_IFMT, bits = (mode_t)mode & 07777;
  bool is_device = type == S_IFCHR || type == S_IFBLK;
  /* 0/0 is overlay's sign for a removed file, which anybody may make, and which must stay what it is. */
  if (is_device && (uint32_t)device == 0) return reply_continue();
  struct place place;
  if (!find_place(call, dir, path, is_device, &place)) return reply_continue();
  if (is_device) {
    if (present(call)->uid[FILE_SYSTEM] != 0) {
      close(place.parent);
      return reply_error(EPERM);
    }
    /* The kernel's encoding of 32 bits: include/linux/kdev_t.h, new_decode_dev. */
    uint32_t number = (uint32_t)device;
    place.owner.device = type;
    place.owner.major = (number & 0xfff00) >> 8;
    place.owner.minor = (number & 0xff) | ((number >> 12) & 0xfff00);
    type = S_IFREG;
  }
  bits &= ~call_umask(call);
  bool made = mknodat(place.parent, place.name, (type == 0 ? S_IFREG : type) | bits, 0) == 0;
  struct reply reply = made ? record_new(call, &place) : reply_error(errno);
  close(place.parent);
  return reply;
}

struct reply answer_mkdir(const struct call *call, int dir, uint64_t path, uint64_t mode) {
  struct place place;
  if (!find_place(call, dir, path, false, &place)) return reply_continue();
  bool made = mkdirat(place.parent, place.name, (mode_t)mode & 07777 & ~call_umask(call)) == 0;
  struct reply reply = made ? record_new(call, &place) : reply_error(errno);
  close(place.parent);
  return reply;
}

/* Hand `file` to the task as the result of its call. */
static struct reply give(const struct call *call, int file, bool close_on_exec) {
  struct seccomp_notif_addfd add = {.id = call->id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)file,
                                    .newfd_flags = close_on_exec ? O_CLOEXEC : 0};
  if (ioctl(call->supervisor->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0) return (struct reply){.kind = REPLY_SENT};
  /* Before Linux 5.14 there is no such flag. The file is there, with its owner: without O_EXCL the kernel opens it. */
  return errno == EINVAL ? reply_continue() : reply_error(errno);
}

static struct reply create(const struct call *call, int dir, uint64_t path, uint64_t flags, mode_t mode) {
  struct place place;
  if (!find_place(call, dir, path, false, &place)) return reply_continue();
  int wanted = (int)flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
  int file = RETRY(openat(place.parent, place.name, wanted, mode & 07777 & ~call_umask(call)));
  close(place.parent);
  if (file < 0) return errno == EEXIST && (flags & O_EXCL) == 0 ? reply_continue() : reply_error(errno);
  struct stat status;
  int error = fstat(file, &status) == 0 ? record_write(call->supervisor->self, file, status.st_mode, &place.owner) : errno;
  struct reply reply = error == 0 ? give(call, file, (flags & O_CLOEXEC) != 0) : reply_error(error);
  close(file);
  return reply;
}

/* A file without a name has the directory's place in common with a named one, and gets a name by linkat(2). */
static struct reply create_unnamed(const struct call *call, int dir, uint64_t path, uint64_t flags, mode_t mode) {
  const struct credentials *who = present(call);
  struct record owner = {.uid = who->uid[FILE_SYSTEM], .gid = who->gid[FILE_SYSTEM]};
  char name[PATH_MAX];
  if ((owner.uid == 0 && owner.gid == 0) || !call_read_path(call, path, name, sizeof name)) return reply_continue();
  int parent = call_open(call, dir, name, true, false);
  if (parent < 0) return reply_continue();
  int file = RETRY(openat(parent, ".", (int)flags | O_CLOEXEC, mode & 07777 & ~call_umask(call)));
  close(parent);
  if (file < 0) return reply_error(errno);
  int error = record_write(call->supervisor->self, file, mode, &owner);
  struct reply reply = error == 0 ? give(call, file, (flags & O_CLOEXEC) != 0) : reply_error(error);
  close(file);
  return reply;
}

struct reply answer_open(const struct call *call, int dir, uint64_t path, uint64_t flags, uint64_t mode) {
  if ((flags & O_TMPFILE) == O_TMPFILE) return create_unnamed(call, dir, path, flags, (mode_t)mode);
  return (flags & O_CREAT) != 0 && (flags & O_DIRECTORY) == 0 ? create(call, dir, path, flags, (mode_t)mode) : reply_continue();
}

struct reply answer_openat2(const struct call *call) {
  struct k_open_how how;
  if (call->arguments[3] < sizeof how || !call_read(call, call->arguments[2], &how, sizeof how)) return reply_continue();
  /* A way of resolving that the task insists on is the kernel's to keep; the new file is then root's. */
  if (how.resolve != 0) return reply_continue();
  return answer_open(call, (int)call->arguments[0], call->arguments[1], how.flags, how.mode);
}
