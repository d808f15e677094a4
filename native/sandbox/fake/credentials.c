#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel.h"

/*
 * The number of a task's set is what its timer slack has beyond the default: the one attribute that a child inherits, that an exec
 * keeps, that outsiders may set (proc_pid_timerslack_ns(5)), and whose least significant microseconds nobody notices. A table by
 * process id cannot be right: a child may act only after its parent has changed identity, or ended, and ids are used again.
 */
enum { DEFAULT_SLACK_NS = 50000, MAX_SETS = 20000 };

static bool open_slack(const struct credentials_table *table, pid_t task, int flags, int *fd) {
  char name[48];
  snprintf(name, sizeof name, "%d/timerslack_ns", task);
  *fd = RETRY(openat(table->proc, name, flags | O_CLOEXEC));
  return *fd >= 0;
}

static bool same(const struct credentials *a, const struct credentials *b) {
  return memcmp(a->uid, b->uid, sizeof a->uid) == 0 && memcmp(a->gid, b->gid, sizeof a->gid) == 0 && a->group_count == b->group_count &&
         a->permitted == b->permitted && a->effective == b->effective && a->keep_capabilities == b->keep_capabilities &&
         (a->group_count == 0 || memcmp(a->groups, b->groups, a->group_count * sizeof *a->groups) == 0);
}

static bool add(struct credentials_table *table, const struct credentials *wanted) {
  struct credentials *sets = realloc(table->sets, (table->count + 1) * sizeof *sets);
  if (sets == NULL) return false;
  table->sets = sets;
  uint32_t *groups = NULL;
  if (wanted->group_count > 0) {
    groups = malloc(wanted->group_count * sizeof *groups);
    if (groups == NULL) return false;
    memcpy(groups, wanted->groups, wanted->group_count * sizeof *groups);
  }
  struct credentials *made = &table->sets[table->count++];
  *made = *wanted;
  made->groups = groups;
  return true;
}

bool credentials_start(struct credentials_table *table, int proc, const struct credentials *first) {
  *table = (struct credentials_table){.proc = proc};
  return add(table, first);
}

const struct credentials *credentials_of(const struct credentials_table *table, pid_t task) {
  /* As long as nobody has changed identity there is nothing to ask. */
  if (table->count == 1) return &table->sets[0];
  int fd;
  if (!open_slack(table, task, O_RDONLY, &fd)) return &table->sets[0];
  char text[32];
  int length = RETRY(read(fd, text, sizeof text - 1));
  close(fd);
  if (length <= 0) return &table->sets[0];
  text[length] = '\0';
  unsigned long long slack = strtoull(text, NULL, 10);
  return slack > DEFAULT_SLACK_NS && slack - DEFAULT_SLACK_NS < table->count ? &table->sets[slack - DEFAULT_SLACK_NS] : &table->sets[0];
}

int credentials_change(struct credentials_table *table, pid_t task, const struct credentials *wanted) {
  if (same(credentials_of(table, task), wanted)) return 0;
  size_t number = 0;
  while (number < table->count && !same(&table->sets[number], wanted)) number++;
  if (number == MAX_SETS) return EAGAIN;
  if (number == table->count && !add(table, wanted)) return ENOMEM;
  int fd;
  if (!open_slack(table, task, O_WRONLY, &fd)) return EAGAIN;
  char text[32];
  int length = snprintf(text, sizeof text, "%zu", DEFAULT_SLACK_NS + number);
  bool written = RETRY(write(fd, text, (size_t)length)) == length;
  close(fd);
  return written ? 0 : EAGAIN;
}

bool credentials_have(const struct credentials *credentials, int capability) {
  return (credentials->effective >> capability & 1) != 0;
}

bool credentials_have_group(const struct credentials *credentials, uint32_t gid) {
  if (credentials->gid[FILE_SYSTEM] == gid) return true;
  for (size_t i = 0; i < credentials->group_count; i++)
    if (credentials->groups[i] == gid) return true;
  return false;
}
