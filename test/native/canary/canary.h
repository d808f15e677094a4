/*
 * What a hostile command tries in order to get out of its sandbox: canary OUTSIDE HOST-PID MARKER SOCKET PORT
 *   OUTSIDE   a directory of the host with a file "secret"      HOST-PID  a process of the host with MARKER in its command line
 *   SOCKET    name of an abstract socket somebody listens on, or "-" where the network is the host's own
 *   PORT      of TCP that somebody listens on at the host's loopback, or 0 where the network is the host's own
 * One line for each attempt: "held NAME" or "ESCAPED NAME". Nothing here does harm when it succeeds.
 */
#ifndef TSBUILD_CANARY_H
#define TSBUILD_CANARY_H

#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  ONCE = 1,    /* not again as root of a user namespace: allowed there, or tried there anyway */
  OF_INIT = 2, /* about PID 1, which is the canary itself in the container of a runtime */
};

struct attempt {
  const char *name;
  bool (*escapes)(void);
  int traits;
};

/* Each ends in an attempt without a name. */
extern const struct attempt process_attempts[], mount_attempts[], kernel_attempts[], device_attempts[];

extern const char *outside, *marker, *abstract;
extern pid_t host;
extern int port;

bool opens(const char *path, int flags);
/* A masked file opens and is empty. */
bool reads(const char *path);
bool sees_outside(const char *prefix);
/* Makes this process root of a user namespace and a mount namespace of its own; ends it, held, where that is refused. */
bool become_user_root(void);

#endif
