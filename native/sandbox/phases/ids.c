/*
 * A user namespace of the sandbox's own. Files keep the ids of the container on disk: layers are mounted with ids shifted to where the
 * namespace has them, so that every image can be used with every map. The kernel lets only the owner of a file system do that, and it
 * hides from a new user namespace what it may not see; the root file system is therefore mounted outside and handed in.
 */
#include "phases.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kernel.h"
#include "../mounts.h"
#include "../subids.h"

enum { VISIT_STACK = 256 * 1024 };

bool has_own_ids(const struct plan *plan) {
  return plan->own_uids.count > 0;
}

static unsigned outside(const struct id_map *map, unsigned inside) {
  for (size_t i = 0; i < map->count; i++) {
    const struct extent *extent = &map->extents[i];
    if (inside >= extent->inner && inside - extent->inner < extent->count) return extent->outer + (inside - extent->inner);
  }
  return inside;
}

struct owner container_root(const struct plan *plan) {
  if (plan->user_namespace < 0 && !plan->root_shifted) return (struct owner){0, 0};
  return (struct owner){outside(&plan->own_uids, 0), outside(&plan->own_gids, 0)};
}

/*
 * An overlay works with the credentials of who mounted it, and what it makes for itself must have an owner on the shifted mounts too. The
 * change of the file system's user takes capabilities away, which are taken back.
 */
bool act_as(struct owner owner) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  setfsgid(owner.gid);
  setfsuid(owner.uid);
  if (syscall(SYS_capget, &header, data) < 0) return false;
  for (size_t i = 0; i < 2; i++) data[i].effective = data[i].permitted;
  return syscall(SYS_capset, &header, data) == 0;
}

/* In a mount namespace of its own and with the memory and descriptors of the launcher, which waits: like a call of a function. */
static int visit(void *argument) {
  struct sandbox *sandbox = argument;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
    failed(&sandbox->failure, "namespaces", "/");
    return 1;
  }
  if (!mount_scratch(sandbox)) return 1;
  struct owner owner = container_root(&sandbox->plan);
  if (fchownat(sandbox->scratch, "stub", owner.uid, owner.gid, 0) < 0 || fchownat(sandbox->scratch, "empty", owner.uid, owner.gid, 0) < 0 ||
      !act_as(owner)) {
    failed(&sandbox->failure, "ids", "");
    return 1;
  }
  if (!mount_root(sandbox)) return 1;
  sandbox->directory_tree = tree_clone(sandbox->root, "", false, 0);
  if (sandbox->directory_tree < 0) failed(&sandbox->failure, "root", "");
  close(sandbox->root);
  close(sandbox->scratch);
  sandbox->root = sandbox->scratch = -1;
  return sandbox->directory_tree < 0;
}

bool prepare_own_ids(struct sandbox *sandbox) {
  if (!has_own_ids(&sandbox->plan)) return true;
  if (pipe2(sandbox->mapped, O_CLOEXEC) < 0) return failed(&sandbox->failure, "ids", "");
  if (sandbox->plan.directory != NULL) {
    bool shifts = sandbox->plan.user_namespace >= 0 && !sandbox->plan.root_shifted;
    return !shifts || tree_shift(sandbox->directory_tree, true, sandbox->plan.user_namespace) ||
           failed(&sandbox->failure, "ids", sandbox->plan.directory);
  }
  char *stack = mmap(NULL, VISIT_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return failed(&sandbox->failure, "ids", "");
  pid_t visitor = clone(visit, stack + VISIT_STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWNS | SIGCHLD, sandbox);
  int status = 0;
  if (visitor < 0 || RETRY(waitpid(visitor, &status, 0)) < 0) return failed(&sandbox->failure, "namespaces", "");
  munmap(stack, VISIT_STACK);
  return status == 0;
}

static bool write_map(struct sandbox *sandbox, pid_t init, const char *file, const struct id_map *map) {
  static char text[MAX_EXTENTS * 36];
  char path[64];
  size_t used = 0;
  for (size_t i = 0; i < map->count; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%u %u %u\n", map->extents[i].inner, map->extents[i].outer, map->extents[i].count);
  snprintf(path, sizeof path, "/proc/%d/%s", init, file);
  int fd = RETRY(open(path, O_WRONLY | O_CLOEXEC));
  bool written = fd >= 0 && RETRY(write(fd, text, used)) == (int)used;
  if (!written) failed(&sandbox->failure, "ids", file);
  if (fd >= 0) close(fd);
  return written;
}

bool map_own_ids(struct sandbox *sandbox, pid_t init) {
  const struct plan *plan = &sandbox->plan;
  if (!has_own_ids(plan)) return true;
  close(sandbox->mapped[0]);
  bool mapped = write_map(sandbox, init, "uid_map", &plan->own_uids) && write_map(sandbox, init, "gid_map", &plan->own_gids) && enter_cgroups(sandbox, init);
  if (mapped && RETRY(write(sandbox->mapped[1], "", 1)) != 1) mapped = failed(&sandbox->failure, "ids", "");
  close(sandbox->mapped[1]);
  return mapped;
}

bool await_own_ids(struct sandbox *sandbox) {
  if (!has_own_ids(&sandbox->plan)) return true;
  char byte;
  close(sandbox->mapped[1]);
  /* The launcher has said why, or has died. */
  if (RETRY(read(sandbox->mapped[0], &byte, 1)) != 1) _exit(SETUP_FAILED);
  close(sandbox->mapped[0]);
  return (setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0) || failed(&sandbox->failure, "ids", "0");
}
