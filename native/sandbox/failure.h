/* What went wrong, in the parts a caller can act on. Only status.c turns one into text. */
#ifndef TSBUILD_FAILURE_H
#define TSBUILD_FAILURE_H

#include <limits.h>
#include <stdbool.h>

struct failure {
  const char *stage; /* one of the stage names of docs/launcher.md */
  int error;         /* errno, 0 when the kernel was not asked */
  char path[PATH_MAX];
  char detail[512]; /* what the kernel or the launcher can say beyond errno; may be empty */
};

/* Record errno, the stage and the path; always false, so that a phase can `return failed(...)`. */
bool failed(struct failure *failure, const char *stage, const char *path);

/* The same for a fault errno does not describe well. */
bool failed_with(struct failure *failure, const char *stage, int error, const char *path, const char *detail);

#endif
