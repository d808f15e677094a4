/* One trapped system call, and what can safely be learned of the task that makes it. */
#ifndef TSBUILD_FAKE_CALL_H
#define TSBUILD_FAKE_CALL_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "credentials.h"

/* One for each sandbox. */
struct supervisor {
  int listener;
  int proc; /* /proc of this process's own pid namespace, where every task of the sandbox has a number */
  int self; /* and this process in it */
  struct credentials_table credentials;
  uint32_t capabilities;  /* of the command, and of whatever root starts in it */
  bool no_new_privileges; /* set-user-id programs change nothing */
};

struct call {
  struct supervisor *supervisor;
  uint64_t id;
  pid_t task;
  const uint64_t *arguments; /* six */
  bool compat;               /* of a 32-bit program */
};

/* What the task is told. */
struct reply {
  enum { REPLY_CONTINUE, REPLY_VALUE, REPLY_ERROR, REPLY_SENT } kind;
  int64_t value; /* result, or positive errno */
};

static inline struct reply reply_continue(void) {
  return (struct reply){.kind = REPLY_CONTINUE};
}

static inline struct reply reply_value(int64_t value) {
  return (struct reply){.kind = REPLY_VALUE, .value = value};
}

static inline struct reply reply_error(int error) {
  return (struct reply){.kind = REPLY_ERROR, .value = error};
}

/* 0 is success. */
static inline struct reply reply_status(int error) {
  return error == 0 ? reply_value(0) : reply_error(error);
}

/* Whether the task still waits for this call: what was opened by its number before this is its own, and of nobody who got the number later. */
bool call_is_pending(const struct call *call);

bool call_read(const struct call *call, uint64_t address, void *buffer, size_t size);
bool call_write(const struct call *call, uint64_t address, const void *buffer, size_t size);

/* A path, with its NUL. False also when it is longer than `size`. */
bool call_read_path(const struct call *call, uint64_t address, char *path, size_t size);

/*
 * What `path` is for the task: from its root, its working directory or its descriptor `dir`, as one of these processes would be led by
 * the kernel, and never out of the task's root. O_PATH descriptor, or -1: then the kernel shall answer by itself.
 *
 * `follow`: a link at the end is followed. `empty`: an empty path is `dir` itself.
 */
int call_open(const struct call *call, int dir, const char *path, bool follow, bool empty);

/* The directory that `path` is or will be in, and its last name, which may not exist. -1: the kernel shall answer. */
int call_open_parent(const struct call *call, int dir, const char *path, char *name, size_t size);

/* A descriptor of the task, O_PATH; -1 when it has none of that number. */
int call_open_descriptor(const struct call *call, int descriptor);

/* The task's umask; 022 when it cannot be told. */
mode_t call_umask(const struct call *call);

#endif
