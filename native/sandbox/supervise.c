#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "status.h"

static const int FORWARDED[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

void signals_watched(sigset_t *set) {
  sigemptyset(set);
  for (size_t i = 0; i < sizeof FORWARDED / sizeof FORWARDED[0]; i++) sigaddset(set, FORWARDED[i]);
  sigaddset(set, SIGCHLD);
  sigaddset(set, SIGUSR1);
}

void signals_block(sigset_t *before) {
  sigset_t set;
  signals_watched(&set);
  sigprocmask(SIG_BLOCK, &set, before);
  /* An ignored SIGCHLD, which a parent may hand down, would make the kernel reap for us. */
  signal(SIGCHLD, SIG_DFL);
}

void signals_restore(const sigset_t *before) {
  /* Node ignores SIGPIPE and an ignored signal stays ignored across exec: `yes | head` would never end. */
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, before, NULL);
}

bool die_with_parent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return false;
  /* It may have died before the line above. */
  return parent == 0 || getppid() == parent;
}

bool adopt_orphans(void) {
  return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

void end_children(void) {
  char name[64], list[4096];
  snprintf(name, sizeof name, "/proc/self/task/%d/children", (int)gettid());
  for (;;) {
    /* Those of a killed one become ours, so this is done until there are none; each round waits for at least one to end. */
    int fd = RETRY(open(name, O_RDONLY | O_CLOEXEC));
    int length = fd < 0 ? 0 : RETRY(read(fd, list, sizeof list - 1));
    if (fd >= 0) close(fd);
    list[length < 0 ? 0 : length] = '\0';
    char *end = list;
    for (char *at = list; *at != '\0'; at = end) {
      long pid = strtol(at, &end, 10);
      if (end == at) break;
      /* The last number may be cut off; it is whole in the next round. */
      if (pid > 0 && *end != '\0') kill((pid_t)pid, SIGKILL);
    }
    if (RETRY(waitpid(-1, NULL, 0)) < 0) return;
  }
}

/* A signal of the terminal went to the whole process group already, the command included; only what a process sent is passed on. */
static void forward(int number, int code, pid_t target) {
  if (code <= 0) kill(target, number);
}

int sandbox_ended(pid_t init, int status) {
  int result;
  if (waitpid(init, &result, WNOHANG) != init) return -1;
  /* One that exited has told its end itself. */
  return WIFEXITED(result) ? WEXITSTATUS(result) : status_ended(status, result);
}

int container_ended(pid_t init, int status) {
  int result;
  pid_t ended;
  while ((ended = waitpid(-1, &result, WNOHANG)) > 0)
    if (ended == init) return status_ended(status, result);
  return -1;
}

void signal_passed_on(int number, int code, pid_t init) {
  if (number == SIGUSR1) {
    kill(init, SIGKILL);
  } else if (number != SIGCHLD) {
    forward(number, code, init);
  }
}

int supervise(pid_t init, int status, end_check *ended) {
  sigset_t set;
  signals_watched(&set);
  for (;;) {
    int exit_status = ended(init, status);
    if (exit_status >= 0) return exit_status;
    siginfo_t info;
    int number = sigwaitinfo(&set, &info);
    if (number > 0) signal_passed_on(number, info.si_code, init);
  }
}

_Noreturn void supervise_command(pid_t command, int status, bool alone) {
  sigset_t set;
  signals_watched(&set);
  for (;;) {
    int result;
    pid_t ended;
    while ((ended = waitpid(-1, &result, WNOHANG)) > 0) {
      if (ended != command) continue;
      if (!alone) end_children();
      _exit(status_ended(status, result));
    }
    siginfo_t info;
    int number = sigwaitinfo(&set, &info);
    if (number > 0 && number != SIGCHLD && number != SIGUSR1) forward(number, info.si_code, command);
  }
}
