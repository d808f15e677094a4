/*
 * The process that makes one id look like many. The kernel stops the calls that need a second id (chown, set*id, mknod of devices, and
 * those whose answer would tell) and hands them to this process, which keeps the owner in an attribute of the file and the identity with
 * the task. It has no way of its own to the files: it sees them through the root of the task that asks.
 */
#ifndef TSBUILD_FAKE_SUPERVISOR_H
#define TSBUILD_FAKE_SUPERVISOR_H

#include <linux/filter.h>

#include "../plan.h"

struct fake_ids {
  pid_t pid;  /* the supervisor, 0 when there is none */
  int socket; /* the command's end, -1 when there is none */
};

/* Outside the sandbox, before it is made. Without a /proc of this process's own pid namespace there is no supervisor. */
void fake_ids_start(const struct plan *plan, struct fake_ids *fake);

/* In the command, with no_new_privs set: install the filter and hand over its listener. False when the kernel has no such thing. */
bool fake_ids_install(const struct fake_ids *fake, const struct sock_fprog *program);

/* Outside, when the sandbox has ended. */
void fake_ids_end(const struct fake_ids *fake);

#endif
