#include "failure.h"

#include <errno.h>
#include <stdio.h>

bool failed(struct failure *failure, const char *stage, const char *path) {
  return failed_with(failure, stage, errno, path, "");
}

bool failed_with(struct failure *failure, const char *stage, int error, const char *path, const char *detail) {
  failure->stage = stage;
  failure->error = error;
  snprintf(failure->path, sizeof failure->path, "%s", path);
  snprintf(failure->detail, sizeof failure->detail, "%s", detail);
  return false;
}
