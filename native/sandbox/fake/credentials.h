/*
 * Who the processes of a sandbox with one id believe to be. Every task has one of a few sets of credentials; which one is kept where the
 * kernel itself hands it on at fork and exec, so that no process can be mistaken for another, whatever it does with its children.
 */
#ifndef TSBUILD_FAKE_CREDENTIALS_H
#define TSBUILD_FAKE_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum id_kind { REAL, EFFECTIVE, SAVED, FILE_SYSTEM, ID_KINDS };

struct credentials {
  uint32_t uid[ID_KINDS], gid[ID_KINDS];
  const uint32_t *groups; /* supplementary */
  size_t group_count;
  /* Of the first 32 capabilities; what the ids above them would leave. The task's real ones never change. */
  uint32_t permitted, effective;
  uint32_t keep_capabilities; /* PR_SET_KEEPCAPS */
};

struct credentials_table {
  int proc; /* /proc that shows the tasks */
  struct credentials *sets;
  size_t count; /* the first one is what a sandbox starts with */
};

/* False when there is no memory. */
bool credentials_start(struct credentials_table *table, int proc, const struct credentials *first);

/* Those of a task; valid until the next change. */
const struct credentials *credentials_of(const struct credentials_table *table, pid_t task);

/* Give a task other ones. 0, or a positive errno. */
int credentials_change(struct credentials_table *table, pid_t task, const struct credentials *wanted);

bool credentials_have(const struct credentials *credentials, int capability);
bool credentials_have_group(const struct credentials *credentials, uint32_t gid);

#endif
