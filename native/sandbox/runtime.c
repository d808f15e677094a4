#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "kernel.h"
#include "status.h"
#include "supervise.h"

enum { FAILED = 125 };

/* Cuts the list at the next ";" and answers what comes behind it; NULL: there is none. */
static char **next_command(char **arguments) {
  for (; *arguments != NULL; arguments++) {
    if (strcmp(*arguments, ";") != 0) continue;
    *arguments = NULL;
    return arguments + 1;
  }
  return NULL;
}

/* Answers the exit status. `quiet`: it has the command's outputs nowhere to write to. */
static int run(char **arguments, const sigset_t *signals_before, bool quiet) {
  pid_t pid = fork();
  if (pid == 0) {
    signals_restore(signals_before);
    int nowhere = quiet ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    for (int fd = 0; nowhere >= 0 && fd <= 2; fd++) (void)dup2(nowhere, fd);
    execv(arguments[0], arguments);
    _exit(errno == ENOENT ? 127 : 126);
  }
  int status;
  if (pid < 0 || RETRY(waitpid(pid, &status, 0)) < 0) return FAILED;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static pid_t read_pid(const char *file) {
  char text[32] = "";
  int fd = RETRY(open(file, O_RDONLY | O_CLOEXEC));
  int count = fd < 0 ? -1 : RETRY(read(fd, text, sizeof text - 1));
  if (fd >= 0) close(fd);
  return count > 0 ? (pid_t)strtol(text, NULL, 10) : -1;
}

/* The container's first process is ours to wait for: the runtime that made it has ended. */
static int wait_for(pid_t container, int status) {
  sigset_t set;
  signals_watched(&set);
  for (;;) {
    int result;
    pid_t ended;
    while ((ended = waitpid(-1, &result, WNOHANG)) > 0) {
      if (ended != container) continue;
      return status_ended(status, result);
    }
    siginfo_t info;
    int number = sigwaitinfo(&set, &info);
    if (number > 0) signal_passed_on(number, info.si_code, container);
  }
}

int runtime_main(int status_fd, const char *pid_file, char **commands) {
  struct failure failure = {.stage = "runtime"};
  sigset_t before;
  char **start = next_command(commands), **removal = start == NULL ? NULL : next_command(start);
  k_close_range(3, ~0u, K_CLOSE_RANGE_CLOEXEC);
  signals_block(&before);
  /* The builder decides what Ctrl-C means. Its death ends the container, after which the runtime still has to clear up. */
  (void)setsid();
  if (removal == NULL || prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0) < 0 || !adopt_orphans()) {
    failed(&failure, "runtime", "");
    status_failed(status_fd, &failure);
    return FAILED;
  }
  int exit_status = run(commands, &before, false);
  pid_t container = exit_status == 0 ? read_pid(pid_file) : -1;
  if (container <= 0) {
    failed_with(&failure, "runtime", 0, "create", "");
  } else if (run(start, &before, true) != 0) {
    failed_with(&failure, "runtime", 0, "start", "");
    kill(container, SIGKILL);
    container = -1;
  }
  exit_status = container > 0 ? wait_for(container, status_fd) : FAILED;
  (void)run(removal, &before, true);
  end_children();
  if (container <= 0) status_failed(status_fd, &failure);
  return exit_status;
}
