#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

static const char DEFAULT_PATH[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *search_path(const struct plan *plan) {
  for (size_t i = 0; i < plan->environment.count; i++)
    if (strncmp(plan->environment.items[i], "PATH=", 5) == 0) return plan->environment.items[i] + 5;
  return DEFAULT_PATH;
}

/* Try each directory of the path; answers the errno to report, ENOENT when the name is nowhere. */
static int run_from_path(const struct plan *plan, const char *name) {
  int found = ENOENT;
  char candidate[PATH_MAX];
  for (const char *at = search_path(plan);;) {
    size_t length = strcspn(at, ":");
    /* An empty entry is the working directory, as for execvp(3). */
    int written = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, at, length > 0 ? "/" : "", name);
    if (written < (int)sizeof candidate) {
      execve(candidate, plan->arguments.items, plan->environment.items);
      if (errno != ENOENT && errno != ENOTDIR && found == ENOENT) found = errno;
      /* ENOENT from a file that exists: its interpreter or loader does not. */
      if (errno == ENOENT && access(candidate, F_OK) == 0) found = ENOEXEC;
    }
    if (at[length] == '\0') return found;
    at += length + 1;
  }
}

static const char *describe(int error, bool searched, bool exists) {
  switch (error) {
    case ENOENT:
      if (exists) return "its interpreter or dynamic loader does not exist in the image";
      return searched ? "not found in PATH" : "no such file in the image";
    case ENOEXEC:
      return "not a program of this architecture, or its interpreter does not exist in the image";
    default:
      return strerror(error);
  }
}

_Noreturn void command_run(const struct plan *plan) {
  const char *name = plan->arguments.items[0];
  bool searched = strchr(name, '/') == NULL;
  int error;
  if (searched) {
    error = name[0] == '\0' ? ENOENT : run_from_path(plan, name);
  } else {
    execve(name, plan->arguments.items, plan->environment.items);
    error = errno;
  }
  char message[PATH_MAX + 128];
  bool exists = !searched && access(name, F_OK) == 0;
  int length = snprintf(message, sizeof message, "tsbuild: cannot run \"%s\": %s\n", name, describe(error, searched, exists));
  if (length > (int)sizeof message) length = (int)sizeof message;
  (void)RETRY(write(STDERR_FILENO, message, (size_t)length));
  _exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
}
