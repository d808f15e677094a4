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
#include "terminal.h"

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

/* What a terminal is handed over by; the runtime is told the name by the builder. */
static const char CONSOLE[] = "console";

/* The first process of the container, which is ours when the runtime that made it has ended; -1: there is none, and `failure` tells. */
static pid_t create(char **command, const sigset_t *signals_before, int listener, int *master, struct failure *failure) {
  pid_t container = run(command, signals_before, false) == 0 ? read_pid("pid") : -1;
  if (container <= 0) {
    failed_with(failure, "runtime", 0, "create", "");
    return -1;
  }
  if (listener < 0 || (*master = terminal_accept(listener)) >= 0) return container;
  failed_with(failure, "runtime", 0, "terminal", "");
  kill(container, SIGKILL);
  return -1;
}

int runtime_main(int status_fd, const char *bundle, bool terminal, char **commands) {
  struct failure failure = {.stage = "runtime"};
  sigset_t before;
  char **start = next_command(commands), **removal = start == NULL ? NULL : next_command(start);
  k_close_range(3, ~0u, K_CLOSE_RANGE_CLOEXEC);
  signals_block(&before);
  /* The builder decides what Ctrl-C means; with a terminal it is a character, and the size of the caller's is for its own session. Its death ends
     the container, after which the runtime still has to clear up. In the bundle, since the name of a socket must be short. */
  if (!terminal) (void)setsid();
  int listener = -1, master = -1;
  if (removal == NULL || prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0) < 0 || !adopt_orphans() || chdir(bundle) < 0 ||
      (terminal && (listener = terminal_listen(CONSOLE)) < 0)) {
    failed(&failure, "runtime", "");
    status_failed(status_fd, &failure);
    return FAILED;
  }
  pid_t container = create(commands, &before, listener, &master, &failure);
  if (container > 0 && run(start, &before, true) != 0) {
    failed_with(&failure, "runtime", 0, "start", "");
    kill(container, SIGKILL);
    container = -1;
  }
  int exit_status = FAILED;
  if (container > 0)
    exit_status = terminal ? supervise_terminal(container, status_fd, master, container_ended) : supervise(container, status_fd, container_ended);
  (void)run(removal, &before, true);
  end_children();
  if (container <= 0) status_failed(status_fd, &failure);
  return exit_status;
}
