#include "supervise.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "status.h"

static const int FORWARDED[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void watched(sigset_t *set) {
  sigemptyset(set);
  for (size_t i = 0; i < sizeof FORWARDED / sizeof FORWARDED[0]; i++) sigaddset(set, FORWARDED[i]);
  sigaddset(set, SIGCHLD);
  sigaddset(set, SIGUSR1);
}

void signals_block(sigset_t *before) {
  sigset_t set;
  watched(&set);
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

/* A signal of the terminal went to the whole process group already, the command included; only what a process sent is passed on. */
static void forward(const siginfo_t *info, pid_t target) {
  if (info->si_code <= 0) kill(target, info->si_signo);
}

int supervise_sandbox(pid_t init, int status) {
  sigset_t set;
  watched(&set);
  for (;;) {
    int result;
    pid_t ended = waitpid(init, &result, WNOHANG);
    if (ended == init) {
      if (WIFEXITED(result)) return WEXITSTATUS(result);
      status_signaled(status, WTERMSIG(result));
      return 128 + WTERMSIG(result);
    }
    siginfo_t info;
    int number = sigwaitinfo(&set, &info);
    if (number == SIGUSR1) {
      kill(init, SIGKILL);
    } else if (number > 0 && number != SIGCHLD) {
      forward(&info, init);
    }
  }
}

_Noreturn void supervise_command(pid_t command, int status) {
  sigset_t set;
  watched(&set);
  for (;;) {
    int result;
    pid_t ended;
    while ((ended = waitpid(-1, &result, WNOHANG)) > 0) {
      if (ended != command) continue;
      if (WIFEXITED(result)) {
        status_exited(status, WEXITSTATUS(result));
        _exit(WEXITSTATUS(result));
      }
      status_signaled(status, WTERMSIG(result));
      _exit(128 + WTERMSIG(result));
    }
    siginfo_t info;
    int number = sigwaitinfo(&set, &info);
    if (number > 0 && number != SIGCHLD) forward(&info, command);
  }
}
