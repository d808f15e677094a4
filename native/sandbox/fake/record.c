#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "../kernel.h"

static const char NAME[] = "user.containers.override_stat";

/* An O_PATH descriptor has attributes only by its name in /proc; this process may have another root, so that name is relative. */
static bool name_file(int self, int file, char *name, size_t size) {
  snprintf(name, size, "fd/%d", file);
  return fchdir(self) == 0;
}

bool record_read(int self, int file, struct record *record) {
  char name[32], text[128], type[8];
  if (!name_file(self, file, name, sizeof name)) return false;
  ssize_t length = getxattr(name, NAME, text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = '\0';
  *record = (struct record){.uid = 0};
  int fields = sscanf(text, "%u:%u:%*o:%5[a-z]-%u-%u", &record->uid, &record->gid, type, &record->major, &record->minor);
  if (fields == 5) record->device = strcmp(type, "block") == 0 ? S_IFBLK : strcmp(type, "char") == 0 ? S_IFCHR : 0;
  return fields >= 2;
}

int record_write(int self, int file, mode_t mode, const struct record *record) {
  char name[32], text[128];
  if (!name_file(self, file, name, sizeof name)) return EIO;
  if (record->uid == 0 && record->gid == 0 && record->device == 0) {
    if (removexattr(name, NAME) == 0 || errno == ENODATA) return 0;
  } else {
    int length = snprintf(text, sizeof text, "%u:%u:%04o", record->uid, record->gid, mode & 07777);
    if (record->device != 0)
      length += snprintf(text + length, sizeof text - (size_t)length, ":%s-%u-%u", record->device == S_IFBLK ? "block" : "char",
                         record->major, record->minor);
    if (setxattr(name, NAME, text, (size_t)length, 0) == 0) return 0;
  }
  /* Links, pipes and sockets (EPERM), file systems without attributes: their owner is lost. */
  return errno == EROFS || errno == ENOSPC || errno == EDQUOT || errno == EIO ? errno : 0;
}
