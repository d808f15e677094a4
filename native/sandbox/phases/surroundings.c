/* What the namespaces hold beside files: the life of the launcher, control groups, the network. Phase 4. */
#include "phases.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../kernel.h"

bool join_network(struct sandbox *sandbox) {
  const char *path = sandbox->plan.network_path;
  int fd = RETRY(open(path, O_RDONLY | O_CLOEXEC));
  if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) return failed(&sandbox->failure, "network", path);
  close(fd);
  return true;
}

/*
 * The namespace is one that this process may name, so a refusal comes from the filter of a container around all of this: those that
 * engines give forbid the call to whoever was not started with CAP_SYS_ADMIN, namespaces of his own or not. The name outside stays.
 */
static bool name_host(struct sandbox *sandbox) {
  const char *hostname = sandbox->plan.hostname;
  if ((sandbox->namespaces & CLONE_NEWUTS) == 0 || hostname == NULL) return true;
  return sethostname(hostname, strlen(hostname)) == 0 || errno == EPERM || errno == ENOSYS || failed(&sandbox->failure, "hostname", hostname);
}

/* Phase 4: die with the launcher, and let no mount made here be seen outside. */
bool settle(struct sandbox *sandbox) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return failed(&sandbox->failure, "namespaces", "");
  /* getppid() is 0 for a parent outside the pid namespace, so whether it still lives is asked through its pidfd. */
  struct pollfd launcher = {.fd = sandbox->launcher, .events = POLLIN};
  if (RETRY(poll(&launcher, 1, 0)) > 0) _exit(SETUP_FAILED);
  /* Nobody in the sandbox may look at this process or open its program (CVE-2019-5736). */
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return failed(&sandbox->failure, "namespaces", "");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return failed(&sandbox->failure, "namespaces", "/");
  return name_host(sandbox);
}

bool enter_cgroups(struct sandbox *sandbox, pid_t init) {
  const struct strings *cgroups = &sandbox->plan.cgroups;
  char number[16];
  size_t digits = (size_t)snprintf(number, sizeof number, "%d", init);
  for (size_t i = 0; i < cgroups->count; i++) {
    char file[PATH_MAX];
    int length = snprintf(file, sizeof file, "%s/cgroup.procs", cgroups->items[i]);
    int fd = length < (int)sizeof file ? RETRY(open(file, O_WRONLY | O_CLOEXEC)) : -1;
    if (fd < 0 || RETRY(write(fd, number, digits)) != (int)digits) return failed(&sandbox->failure, "cgroup", cgroups->items[i]);
    close(fd);
  }
  return true;
}

/* While paths outside still resolve. The namespace comes after, because it takes what the process is in for its root. */
bool join_cgroups(struct sandbox *sandbox) {
  const struct strings *cgroups = &sandbox->plan.cgroups;
  /* 0 is the writer; with ids of its own it was put there from outside. */
  if (!has_own_ids(&sandbox->plan) && !enter_cgroups(sandbox, 0)) return false;
  if (cgroups->count == 0 || (sandbox->namespaces & CLONE_NEWCGROUP) == 0) return true;
  return unshare(CLONE_NEWCGROUP) == 0 || failed(&sandbox->failure, "cgroup", "");
}

bool raise_loopback(struct sandbox *sandbox) {
  if (!sandbox->plan.private_network) return true;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo"};
  if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) return failed(&sandbox->failure, "network", "lo");
  request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) return failed(&sandbox->failure, "network", "lo");
  close(fd);
  return true;
}
