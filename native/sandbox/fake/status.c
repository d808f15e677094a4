#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../kernel.h"
#include "answers.h"
#include "record.h"

/* Only what has a record is answered here; everything else the kernel knows best. */
static bool recorded(const struct call *call, int file, struct record *record) {
  return file >= 0 && record_read(call->supervisor->self, file, record);
}

static struct reply show(const struct call *call, int file, uint64_t buffer) {
  struct record record;
  struct stat status;
  if (!recorded(call, file, &record) || fstat(file, &status) < 0) return reply_continue();
  status.st_uid = record.uid;
  status.st_gid = record.gid;
  if (record.device != 0) {
    status.st_mode = record.device | (status.st_mode & 07777);
    status.st_rdev = makedev(record.major, record.minor);
  }
  return reply_status(call_write(call, buffer, &status, sizeof status) ? 0 : EFAULT);
}

struct reply answer_stat(const struct call *call, int dir, uint64_t path, uint64_t buffer, int flags) {
  char name[PATH_MAX];
  if (!call_read_path(call, path, name, sizeof name)) return reply_continue();
  int file = call_open(call, dir, name, (flags & AT_SYMLINK_NOFOLLOW) == 0, (flags & AT_EMPTY_PATH) != 0);
  if (file < 0) return reply_continue();
  struct reply reply = show(call, file, buffer);
  close(file);
  return reply;
}

struct reply answer_fstat(const struct call *call) {
  int file = call_open_descriptor(call, (int)call->arguments[0]);
  if (file < 0) return reply_continue();
  struct reply reply = call_is_pending(call) ? show(call, file, call->arguments[1]) : reply_continue();
  close(file);
  return reply;
}

struct reply answer_statx(const struct call *call) {
  char name[PATH_MAX] = "";
  int flags = (int)call->arguments[2];
  /* From Linux 6.11 on a null path is the empty one. */
  if (call->arguments[1] != 0 && !call_read_path(call, call->arguments[1], name, sizeof name)) return reply_continue();
  int file = call_open(call, (int)call->arguments[0], name, (flags & AT_SYMLINK_NOFOLLOW) == 0, (flags & AT_EMPTY_PATH) != 0);
  struct record record;
  struct statx status;
  struct reply reply = reply_continue();
  if (recorded(call, file, &record) && statx(file, "", AT_EMPTY_PATH | (flags & AT_STATX_SYNC_TYPE), (unsigned)call->arguments[3], &status) == 0) {
    status.stx_uid = record.uid;
    status.stx_gid = record.gid;
    if (record.device != 0) {
      status.stx_mode = (uint16_t)(record.device | (status.stx_mode & 07777));
      status.stx_rdev_major = record.major;
      status.stx_rdev_minor = record.minor;
    }
    reply = reply_status(call_write(call, call->arguments[4], &status, sizeof status) ? 0 : EFAULT);
  }
  if (file >= 0) close(file);
  return reply;
}
