#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "kernel.h"
#include "move_link.h"
#include "status.h"
#include "supervise.h"

enum { FAILED = 125, MAX_ARGUMENTS = 128, READY_MS = 10000 };

/* ---- the process whose namespaces they are ---------------------------------------------------------------------------------------- */

static bool write_text(const char *path, const char *text) {
  int fd = RETRY(open(path, O_WRONLY | O_CLOEXEC));
  if (fd < 0) return false;
  bool written = RETRY(write(fd, text, strlen(text))) == (int)strlen(text);
  close(fd);
  return written;
}

/*
 * For the helper, in a user namespace of its own: it may drop its capabilities before it opens the namespaces (pasta does), and then only has those
 * that the maker of a user namespace has in it. Commands would have them too, since they are the same user. So they get another namespace, which belongs
 * to the builder's user namespace, and the helper's interface is moved there.
 */
static bool make_namespaces_of_helper(void) {
  char map[64];
  snprintf(map, sizeof map, "0 %u 1\n", geteuid());
  char groups[64];
  snprintf(groups, sizeof groups, "0 %u 1\n", getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) return false;
  if (!write_text("/proc/self/setgroups", "deny") && errno != ENOENT && errno != EPERM) return false;
  return write_text("/proc/self/uid_map", map) && write_text("/proc/self/gid_map", groups);
}

static bool raise_loopback(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo"};
  if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) return false;
  request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
  bool raised = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  close(fd);
  return raised;
}

static bool make_namespace_of_commands(void) {
  return unshare(CLONE_NEWNET) == 0;
}

/* Tells 0 or an errno through `result`, and stays. */
static _Noreturn void hold_namespaces(bool (*make)(void), pid_t parent, int result) {
  int error = make() && raise_loopback() && die_with_parent(parent) ? 0 : errno;
  if (RETRY(write(result, &error, sizeof error)) != (int)sizeof error || error != 0) _exit(FAILED);
  for (;;) pause();
}

static pid_t start_holder(bool (*make)(void), struct failure *failure) {
  int result[2];
  if (pipe2(result, O_CLOEXEC) < 0) {
    failed(failure, "network", "");
    return -1;
  }
  pid_t parent = getpid(), holder = fork();
  if (holder == 0) hold_namespaces(make, parent, result[1]);
  close(result[1]);
  int error = errno;
  if (holder > 0 && RETRY(read(result[0], &error, sizeof error)) != (int)sizeof error) error = ECHILD;
  close(result[0]);
  if (holder > 0 && error == 0) return holder;
  errno = error;
  failed(failure, "network", "");
  return -1;
}

static int open_namespace(pid_t holder) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/net", (int)holder);
  return RETRY(open(path, O_RDONLY | O_CLOEXEC));
}

/* ---- the helper ------------------------------------------------------------------------------------------------------------------- */

struct words {
  int holder, ready;
  const char *file;
};

/* `text` with its %p, %r and %f replaced. */
static char *expand(const char *text, const struct words *words) {
  size_t size = strlen(text) + strlen(words->file) * 4 + 64, used = 0;
  char *out = calloc(size, 1);
  for (const char *at = text; out != NULL && *at != '\0' && used + strlen(words->file) + 16 < size; at++) {
    if (at[0] != '%' || strchr("prf", at[1]) == NULL || at[1] == '\0') {
      out[used++] = *at;
      continue;
    }
    at++;
    int count = *at == 'f' ? snprintf(out + used, size - used, "%s", words->file)
                           : snprintf(out + used, size - used, "%d", *at == 'p' ? words->holder : words->ready);
    used += (size_t)count;
  }
  return out;
}

static pid_t start_helper(char **helper, const struct words *words, const sigset_t *signals_before) {
  pid_t parent = getpid(), pid = fork();
  if (pid != 0) return pid;
  char *arguments[MAX_ARGUMENTS + 1] = {NULL};
  for (size_t i = 0; helper[i] != NULL && i < MAX_ARGUMENTS; i++)
    if ((arguments[i] = expand(helper[i], words)) == NULL) _exit(FAILED);
  if (!die_with_parent(parent)) _exit(FAILED);
  signals_restore(signals_before);
  if (fcntl(words->ready, F_SETFD, 0) == 0) execv(arguments[0], arguments);
  fprintf(stderr, "%s: %s\n", arguments[0], strerror(errno));
  _exit(FAILED);
}

/* Takes one signal; true when it means the end. */
static bool told_to_end(int signals, pid_t helper, bool *helper_ended) {
  struct signalfd_siginfo info;
  if (RETRY(read(signals, &info, sizeof info)) != (int)sizeof info) return false;
  if (info.ssi_signo != SIGCHLD) return true;
  int result;
  if (waitpid(helper, &result, WNOHANG) != helper) return false;
  *helper_ended = true;
  return true;
}

enum outcome { READY, TOLD_TO_END, HELPER_ENDED, TOO_SLOW };

/* Until the helper says it is ready, ends, takes too long, or all of it is to end. */
static enum outcome wait_until_ready(int ready, int signals, pid_t helper) {
  bool helper_ended = false;
  for (;;) {
    struct pollfd watched[] = {{.fd = ready, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    if (RETRY(poll(watched, 2, READY_MS)) <= 0) return TOO_SLOW;
    if ((watched[0].revents & POLLIN) != 0) return READY;
    if ((watched[1].revents & POLLIN) != 0 && told_to_end(signals, helper, &helper_ended)) return helper_ended ? HELPER_ENDED : TOLD_TO_END;
  }
}

/* The interface that the helper made goes from its namespace to that of the commands. */
static bool hand_over(pid_t of_helper, pid_t of_commands, struct failure *failure) {
  int from = open_namespace(of_helper), to = open_namespace(of_commands);
  bool moved = from >= 0 && to >= 0 ? move_link(from, to, failure) : failed(failure, "network", "");
  if (from >= 0) close(from);
  if (to >= 0) close(to);
  return moved;
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------------- */

static bool serve(int status, char **helper, int signals, const char *fifo, const sigset_t *signals_before, struct failure *failure) {
  /* Opened for both, so that neither side waits for the other. */
  int ready = mkfifo(fifo, 0600) < 0 ? -1 : RETRY(open(fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (ready < 0) return failed(failure, "network", fifo);
  pid_t of_helper = start_holder(make_namespaces_of_helper, failure), of_commands = start_holder(make_namespace_of_commands, failure);
  if (of_helper < 0 || of_commands < 0) return false;
  struct words words = {.holder = of_helper, .ready = ready, .file = fifo};
  pid_t pid = start_helper(helper, &words, signals_before);
  if (pid < 0) return failed(failure, "network", helper[0]);
  enum outcome outcome = wait_until_ready(ready, signals, pid);
  close(ready);
  unlink(fifo);
  if (outcome == TOLD_TO_END) return true;
  if (outcome == HELPER_ENDED) return failed_with(failure, "network", 0, helper[0], "it ended before the network was there");
  if (outcome == TOO_SLOW) return failed_with(failure, "network", 0, helper[0], "the network was not there after 10 seconds");
  if (!hand_over(of_helper, of_commands, failure)) return false;
  bool helper_ended = false;
  status_ready(status, of_commands);
  while (!told_to_end(signals, pid, &helper_ended)) continue;
  return !helper_ended || failed_with(failure, "network", 0, helper[0], "it ended while the network was used");
}

int network_main(int status_fd, pid_t parent, char **helper) {
  struct failure failure = {.stage = "network"};
  /* In /tmp, whatever TMPDIR says: the AppArmor profile that comes with pasta lets it write its file there. */
  char directory[] = "/tmp/tsbuild-network-XXXXXX", fifo[sizeof directory + 8];
  sigset_t before, set;
  k_close_range(3, ~0u, K_CLOSE_RANGE_CLOEXEC);
  signals_block(&before);
  signals_watched(&set);
  int signals = signalfd(-1, &set, SFD_CLOEXEC);
  /* What the terminal sends to the builder is not meant for this: commands that clear up still have their network. */
  (void)setsid();
  /* Not SIGKILL: the helper is not to outlive this, and some do whatever happens to their network. */
  if (signals < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0 || getppid() != parent || !adopt_orphans()) {
    failed(&failure, "network", "");
    status_failed(status_fd, &failure);
    return FAILED;
  }
  if (mkdtemp(directory) == NULL) {
    failed(&failure, "network", "/tmp");
    status_failed(status_fd, &failure);
    return FAILED;
  }
  snprintf(fifo, sizeof fifo, "%s/ready", directory);
  bool served = serve(status_fd, helper, signals, fifo, &before, &failure);
  end_children();
  unlink(fifo);
  rmdir(directory);
  if (!served) status_failed(status_fd, &failure);
  return served ? 0 : FAILED;
}
