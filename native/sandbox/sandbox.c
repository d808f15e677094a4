#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel.h"
#include "phases/phases.h"
#include "status.h"
#include "supervise.h"
#include "terminal.h"

static bool build(struct sandbox *sandbox) {
  return settle(sandbox) && join_cgroups(sandbox) && raise_loopback(sandbox) && mount_scratch(sandbox) && mount_root(sandbox) && mount_proc(sandbox) &&
         mount_dev(sandbox) && mount_sys(sandbox) && set_sysctls(sandbox) && mount_requests(sandbox) && restrict_kernel_files(sandbox) &&
         pivot(sandbox);
}

static _Noreturn void become_init(struct sandbox *sandbox) {
  bool alone = (sandbox->namespaces & CLONE_NEWPID) != 0;
  bool ready = await_own_ids(sandbox) && build(sandbox) && (!sandbox->plan.terminal || terminal_open(sandbox->terminal[1], &sandbox->failure));
  if (ready && (alone || adopt_orphans())) {
    pid_t command = fork();
    if (command == 0) become_command(sandbox);
    if (command > 0) {
      /* Only the status descriptor stays: the others would keep the root file system and the caller's pipes busy. */
      if (sandbox->status != 3) dup3(sandbox->status, 3, O_CLOEXEC);
      k_close_range(4, ~0u, 0);
      supervise_command(command, 3, alone);
    }
    failed(&sandbox->failure, "fork", "");
  }
  status_failed(sandbox->status, &sandbox->failure);
  _exit(SETUP_FAILED);
}

/* Phase 3: no stack given, so this is a fork into new namespaces; the process has no threads whose locks could be held. */
static pid_t clone_init(struct sandbox *sandbox) {
  /* In the order in which a lenient sandbox does without them. */
  static const unsigned long dispensable[] = {CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID};
  sandbox->namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  if (sandbox->plan.private_network) sandbox->namespaces |= CLONE_NEWNET;
  if (has_own_ids(&sandbox->plan)) sandbox->namespaces |= CLONE_NEWUSER;
  for (size_t left = 0;; left++) {
    /* Made later, when the groups of the plan are joined. */
    unsigned long now = sandbox->plan.cgroups.count > 0 ? sandbox->namespaces & ~(unsigned long)CLONE_NEWCGROUP : sandbox->namespaces;
    pid_t init = (pid_t)syscall(SYS_clone, now | SIGCHLD, 0, 0, 0, 0);
    /* Commands of real root are forbidden that of control groups, builders among them: nothing else depends on it. */
    bool only_cgroups = left == 0 && errno == EPERM;
    if (init >= 0 || (!sandbox->plan.lenient && !only_cgroups) || left == sizeof dispensable / sizeof dispensable[0]) return init;
    sandbox->namespaces &= ~dispensable[left];
    /* Without one that ends what is in it, this process has to. */
    if (dispensable[left] == CLONE_NEWPID) {
      if (!adopt_orphans()) return -1;
      status_warning(sandbox->status, "processes");
    }
  }
}

static bool prepare(struct sandbox *sandbox, int plan_fd) {
  struct plan *plan = &sandbox->plan;
  if (!plan_read(plan_fd, plan, &sandbox->failure)) return false;
  close(plan_fd);
  if (!die_with_parent(plan->parent)) return failed_with(&sandbox->failure, "parent", ESRCH, "", "the process that wanted this has ended");
  /* Away from the terminal's process group, so that Ctrl-C reaches only the builder, which decides. */
  if (plan->new_session && setsid() < 0 && errno != EPERM) return failed(&sandbox->failure, "parent", "");
  if (!filters_read(plan, &sandbox->filters, &sandbox->failure)) return false;
  if (!clone_sources(sandbox) || !list_mount_points(sandbox) || !prepare_directory(sandbox)) return false;
  if (!prepare_own_ids(sandbox)) return false;
  if (plan->network_path != NULL && !join_network(sandbox)) return false;
  if (plan->terminal && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sandbox->terminal) < 0)
    return failed(&sandbox->failure, "terminal", "");
  fake_ids_start(plan, &sandbox->fake);
  if (plan->single_id && sandbox->fake.pid == 0 && (plan->uid != 0 || plan->gid != 0)) status_warning(sandbox->status, "user");
  return true;
}

int sandbox_main(int plan_fd, int status_fd) {
  struct sandbox sandbox = {.status = status_fd, .directory = -1, .directory_tree = -1, .scratch = -1, .root = -1, .fake = {.socket = -1}};
  /* The caller's mask must not decide the modes of an image's files, nor those of mount points. */
  umask(022);
  /* Whatever the caller forgot to mark is marked here, once: nothing crosses an exec by accident. */
  k_close_range(3, ~0u, K_CLOSE_RANGE_CLOEXEC);
  signals_block(&sandbox.signals_before);
  int exit_status = SETUP_FAILED;
  if (prepare(&sandbox, plan_fd)) {
    sandbox.launcher = k_pidfd_open(getpid());
    pid_t init = sandbox.launcher < 0 ? -1 : clone_init(&sandbox);
    if (init == 0) become_init(&sandbox);
    if (init > 0) {
      if (!map_own_ids(&sandbox, init)) status_failed(status_fd, &sandbox.failure);
      /* The clones and descriptors now belong to the sandbox. */
      for (size_t i = 0; i < sandbox.plan.mount_count; i++)
        if (sandbox.plan.mounts[i].tree >= 0) close(sandbox.plan.mounts[i].tree);
      if (sandbox.directory_tree >= 0) close(sandbox.directory_tree);
      if (sandbox.plan.terminal) {
        close(sandbox.terminal[1]);
        int master = terminal_receive(sandbox.terminal[0]);
        /* Without one its maker has said why, and ended. */
        exit_status = master < 0 ? supervise(init, status_fd, sandbox_ended) : supervise_terminal(init, status_fd, master, sandbox_ended);
      } else {
        exit_status = supervise(init, status_fd, sandbox_ended);
      }
      if ((sandbox.namespaces & CLONE_NEWPID) == 0) {
        fake_ids_end(&sandbox.fake);
        sandbox.fake = (struct fake_ids){.socket = -1};
        end_children();
      }
      fake_ids_end(&sandbox.fake);
      mount_points_remove(&sandbox.made);
      return exit_status;
    }
    failed(&sandbox.failure, "namespaces", "");
  }
  fake_ids_end(&sandbox.fake);
  mount_points_remove(&sandbox.made);
  status_failed(status_fd, &sandbox.failure);
  return exit_status;
}
