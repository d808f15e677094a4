#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kernel.h"
#include "answers.h"
#include "record.h"

enum { UNCHANGED = -1, MAX_GROUPS = 65536 /* NGROUPS_MAX, linux/limits.h */ };

static const struct credentials *present(const struct call *call) {
  return credentials_of(&call->supervisor->credentials, call->task);
}

static struct reply change(const struct call *call, struct credentials *wanted) {
  const struct credentials *now = present(call);
  /* What a change of user does to capabilities: security/commoncap.c, cap_emulate_setxuid. */
  bool was_root = now->uid[REAL] == 0 || now->uid[EFFECTIVE] == 0 || now->uid[SAVED] == 0;
  bool is_root = wanted->uid[REAL] == 0 || wanted->uid[EFFECTIVE] == 0 || wanted->uid[SAVED] == 0;
  if (was_root && !is_root && wanted->keep_capabilities == 0) wanted->permitted = wanted->effective = 0;
  if (now->uid[EFFECTIVE] == 0 && wanted->uid[EFFECTIVE] != 0) wanted->effective = 0;
  if (now->uid[EFFECTIVE] != 0 && wanted->uid[EFFECTIVE] == 0) wanted->effective = wanted->permitted;
  return reply_status(credentials_change(&call->supervisor->credentials, call->task, wanted));
}

/* -1, in the width of the call, leaves an id as it is. */
static uint32_t id_argument(const struct call *call, int index, bool narrow) {
  uint32_t id = (uint32_t)call->arguments[index];
  if (!narrow) return id;
  return (id & 0xffff) == 0xffff ? (uint32_t)UNCHANGED : id & 0xffff;
}

static uint32_t *ids_of(struct credentials *credentials, bool group) {
  return group ? credentials->gid : credentials->uid;
}

struct reply answer_get_id(const struct call *call, bool group, enum id_kind kind) {
  const struct credentials *now = present(call);
  return reply_value(group ? now->gid[kind] : now->uid[kind]);
}

static bool write_id(const struct call *call, uint64_t address, uint32_t id, bool narrow) {
  uint16_t half = id > 0xffff ? 65534 /* overflowuid */ : (uint16_t)id;
  return narrow ? call_write(call, address, &half, sizeof half) : call_write(call, address, &id, sizeof id);
}

struct reply answer_get_ids(const struct call *call, bool group, bool narrow) {
  const struct credentials *now = present(call);
  const uint32_t *ids = group ? now->gid : now->uid;
  bool written = write_id(call, call->arguments[0], ids[REAL], narrow) && write_id(call, call->arguments[1], ids[EFFECTIVE], narrow) &&
                 write_id(call, call->arguments[2], ids[SAVED], narrow);
  return reply_status(written ? 0 : EFAULT);
}

struct reply answer_get_groups(const struct call *call, bool narrow) {
  const struct credentials *now = present(call);
  int room = (int)call->arguments[0];
  if (room < 0) return reply_error(EINVAL);
  if (room > 0) {
    if ((size_t)room < now->group_count) return reply_error(EINVAL);
    for (size_t i = 0; i < now->group_count; i++)
      if (!write_id(call, call->arguments[1] + i * (narrow ? 2 : 4), now->groups[i], narrow)) return reply_error(EFAULT);
  }
  return reply_value((int64_t)now->group_count);
}

/* kernel/sys.c has the rules. */
static bool privileged(const struct credentials *credentials, bool group) {
  return credentials_have(credentials, group ? CAP_SETGID : CAP_SETUID);
}

static bool among(const uint32_t *ids, uint32_t id, unsigned kinds) {
  for (unsigned kind = 0; kind < ID_KINDS; kind++)
    if ((kinds >> kind & 1) != 0 && ids[kind] == id) return true;
  return false;
}

struct reply answer_set_id(const struct call *call, bool group, bool narrow) {
  struct credentials wanted = *present(call);
  uint32_t id = id_argument(call, 0, narrow), *ids = ids_of(&wanted, group);
  if (id == (uint32_t)UNCHANGED) return reply_error(EINVAL);
  if (privileged(&wanted, group)) {
    ids[REAL] = ids[SAVED] = id;
  } else if (!among(ids, id, 1u << REAL | 1u << SAVED)) {
    return reply_error(EPERM);
  }
  ids[EFFECTIVE] = ids[FILE_SYSTEM] = id;
  return change(call, &wanted);
}

struct reply answer_set_re(const struct call *call, bool group, bool narrow) {
  struct credentials wanted = *present(call), now = wanted;
  uint32_t real = id_argument(call, 0, narrow), effective = id_argument(call, 1, narrow);
  uint32_t *ids = ids_of(&wanted, group), *old = ids_of(&now, group);
  if (real != (uint32_t)UNCHANGED) {
    if (!privileged(&now, group) && !among(old, real, 1u << REAL | 1u << EFFECTIVE)) return reply_error(EPERM);
    ids[REAL] = real;
  }
  if (effective != (uint32_t)UNCHANGED) {
    if (!privileged(&now, group) && !among(old, effective, 1u << REAL | 1u << EFFECTIVE | 1u << SAVED)) return reply_error(EPERM);
    ids[EFFECTIVE] = effective;
  }
  if (real != (uint32_t)UNCHANGED || (effective != (uint32_t)UNCHANGED && effective != old[REAL])) ids[SAVED] = ids[EFFECTIVE];
  ids[FILE_SYSTEM] = ids[EFFECTIVE];
  return change(call, &wanted);
}

struct reply answer_set_res(const struct call *call, bool group, bool narrow) {
  struct credentials wanted = *present(call), now = wanted;
  uint32_t *ids = ids_of(&wanted, group), *old = ids_of(&now, group);
  for (int kind = REAL; kind <= SAVED; kind++) {
    uint32_t id = id_argument(call, kind, narrow);
    if (id == (uint32_t)UNCHANGED) continue;
    if (!privileged(&now, group) && !among(old, id, 1u << REAL | 1u << EFFECTIVE | 1u << SAVED)) return reply_error(EPERM);
    ids[kind] = id;
  }
  ids[FILE_SYSTEM] = ids[EFFECTIVE];
  return change(call, &wanted);
}

/* Answers the id before, also when it refuses. */
struct reply answer_set_file_system(const struct call *call, bool group, bool narrow) {
  struct credentials wanted = *present(call);
  uint32_t id = id_argument(call, 0, narrow), *ids = ids_of(&wanted, group), before = ids[FILE_SYSTEM];
  if (id != (uint32_t)UNCHANGED && (privileged(&wanted, group) || among(ids, id, ~0u))) {
    ids[FILE_SYSTEM] = id;
    /* CAP_FS_MASK of linux/capability.h; those among the first 32. */
    const uint32_t files = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | 1u << CAP_FSETID |
                           1u << CAP_LINUX_IMMUTABLE | 1u << CAP_MKNOD;
    if (!group && before == 0 && id != 0) wanted.effective &= ~files;
    if (!group && before != 0 && id == 0) wanted.effective |= wanted.permitted & files;
    credentials_change(&call->supervisor->credentials, call->task, &wanted);
  }
  return reply_value(before);
}

static int ascending(const void *a, const void *b) {
  uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
  return one < other ? -1 : one > other;
}

struct reply answer_set_groups(const struct call *call, bool narrow) {
  static uint32_t groups[MAX_GROUPS];
  struct credentials wanted = *present(call);
  uint64_t count = (uint32_t)call->arguments[0];
  if (!privileged(&wanted, true)) return reply_error(EPERM);
  if (count > MAX_GROUPS) return reply_error(EINVAL);
  if (narrow) {
    for (uint64_t i = 0; i < count; i++) {
      uint16_t half;
      if (!call_read(call, call->arguments[1] + 2 * i, &half, sizeof half)) return reply_error(EFAULT);
      groups[i] = half;
    }
  } else if (count > 0 && !call_read(call, call->arguments[1], groups, count * sizeof *groups)) {
    return reply_error(EFAULT);
  }
  /* As the kernel keeps and shows them. */
  qsort(groups, count, sizeof *groups, ascending);
  wanted.groups = groups;
  wanted.group_count = count;
  return change(call, &wanted);
}

/* The real capabilities stay: without them the one id that there is could not stand for the others. */
struct reply answer_capset(const struct call *call) {
  struct __user_cap_data_struct data;
  if (!call_read(call, call->arguments[1], &data, sizeof data)) return reply_error(EFAULT);
  struct credentials wanted = *present(call);
  if ((data.permitted & ~wanted.permitted & call->supervisor->capabilities) != 0) return reply_error(EPERM);
  wanted.permitted &= data.permitted;
  wanted.effective = data.effective & wanted.permitted;
  return reply_status(credentials_change(&call->supervisor->credentials, call->task, &wanted));
}

struct reply answer_keep_capabilities(const struct call *call) {
  struct credentials wanted = *present(call);
  wanted.keep_capabilities = call->arguments[1] == 1;
  credentials_change(&call->supervisor->credentials, call->task, &wanted);
  return reply_continue();
}

/* The kernel takes the bits of a program, not those of a script. */
static bool is_script(const struct supervisor *supervisor, int file) {
  char name[32], start[2] = "";
  snprintf(name, sizeof name, "fd/%d", file);
  int fd = RETRY(openat(supervisor->self, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  bool script = fd < 0 || (RETRY(read(fd, start, sizeof start)) == 2 && memcmp(start, "#!", 2) == 0);
  if (fd >= 0) close(fd);
  return script;
}

struct reply answer_exec(const struct call *call, int dir, uint64_t path, int flags) {
  const struct supervisor *supervisor = call->supervisor;
  char name[PATH_MAX];
  if (!call_read_path(call, path, name, sizeof name)) return reply_continue();
  int file = call_open(call, dir, name, (flags & AT_SYMLINK_NOFOLLOW) == 0, (flags & AT_EMPTY_PATH) != 0);
  if (file < 0) return reply_continue();
  struct credentials wanted = *present(call);
  struct stat status;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0111) != 0) {
    bool sets_user = (status.st_mode & S_ISUID) != 0, sets_group = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    if ((sets_user || sets_group) && !supervisor->no_new_privileges && !is_script(supervisor, file)) {
      struct record record = {.uid = 0};
      record_read(supervisor->self, file, &record);
      if (sets_user) wanted.uid[EFFECTIVE] = record.uid;
      if (sets_group) wanted.gid[EFFECTIVE] = record.gid;
    }
    wanted.uid[SAVED] = wanted.uid[FILE_SYSTEM] = wanted.uid[EFFECTIVE];
    wanted.gid[SAVED] = wanted.gid[FILE_SYSTEM] = wanted.gid[EFFECTIVE];
    /* capabilities(7): whoever is root gets what the bounding set leaves, everybody else nothing. */
    wanted.permitted = wanted.uid[REAL] == 0 || wanted.uid[EFFECTIVE] == 0 ? supervisor->capabilities : 0;
    wanted.effective = wanted.uid[EFFECTIVE] == 0 ? wanted.permitted : 0;
    wanted.keep_capabilities = 0;
    credentials_change(&call->supervisor->credentials, call->task, &wanted);
  }
  close(file);
  return reply_continue();
}
