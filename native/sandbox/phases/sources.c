/* What is mounted, taken hold of while the caller's mount namespace is there: phases 1 and 2. */
#include "phases.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kernel.h"
#include "../mounts.h"
#include "../supervise.h"

uint64_t attributes_of(const struct mount_request *mount) {
  return (mount->read_only ? K_MOUNT_ATTR_RDONLY : 0u) | (mount->nosuid ? K_MOUNT_ATTR_NOSUID : 0u) |
         (mount->nodev ? K_MOUNT_ATTR_NODEV : 0u) | (mount->noexec ? K_MOUNT_ATTR_NOEXEC : 0u);
}

/* Phase 1: clone what is bound, by descriptor, while this is still the mount namespace the descriptors belong to. */
bool clone_sources(struct sandbox *sandbox) {
  struct plan *plan = &sandbox->plan;
  for (size_t i = 0; i < plan->mount_count; i++) {
    struct mount_request *mount = &plan->mounts[i];
    mount->directory = mount->kind == MOUNT_TMPFS;
    if (mount->kind != MOUNT_BIND) continue;
    const char *name = mount->source == NULL ? mount->target : mount->source;
    uint64_t propagation = mount->propagation == 0 ? MS_PRIVATE : mount->propagation;
    mount->tree = mount->source == NULL
                      ? tree_clone_propagating(mount->source_fd, "", mount->recursive, attributes_of(mount), propagation)
                      : tree_clone_propagating(AT_FDCWD, mount->source, mount->recursive, attributes_of(mount), propagation);
    if (mount->tree < 0 && mount->source == NULL && errno == EINVAL) {
      /* A detached mount cannot be cloned before Linux 6.15; it can be attached as it is. */
      struct k_mount_attr change = {.attr_set = attributes_of(mount), .propagation = propagation};
      if (RETRY(k_mount_setattr(mount->source_fd, "", K_AT_EMPTY_PATH, &change)) == 0) mount->tree = mount->source_fd;
    }
    bool shifts = mount->tree >= 0 && mount->shifted && plan->user_namespace >= 0;
    if (shifts && !tree_shift(mount->tree, mount->recursive, plan->user_namespace) && !(errno == EINVAL && mount->read_only))
      return failed(&sandbox->failure, "ids", name);
    struct stat status;
    if (mount->tree < 0 || fstat(mount->tree, &status) < 0) return failed(&sandbox->failure, "source", name);
    mount->directory = S_ISDIR(status.st_mode);
  }
  return true;
}

/* Phase 2: the mount points, and for a directory root file system the missing ones made in it. */
bool list_mount_points(struct sandbox *sandbox) {
  const struct plan *plan = &sandbox->plan;
  sandbox->point_count = BUILT_IN_POINTS + plan->mount_count;
  sandbox->points = calloc(sandbox->point_count, sizeof *sandbox->points);
  if (sandbox->points == NULL) return failed(&sandbox->failure, "mount-point", "");
  static const char *const built_in[BUILT_IN_POINTS] = {[POINT_PROC] = "/proc", [POINT_DEV] = "/dev", [POINT_SYS] = "/sys"};
  for (size_t i = 0; i < BUILT_IN_POINTS; i++)
    sandbox->points[i] = (struct mount_point){.wanted = built_in[i], .directory = true, .links_refused = true};
  for (size_t i = 0; i < plan->mount_count; i++)
    sandbox->points[BUILT_IN_POINTS + i] = (struct mount_point){.wanted = plan->mounts[i].target, .directory = plan->mounts[i].directory};
  return true;
}

bool prepare_directory(struct sandbox *sandbox) {
  const char *path = sandbox->plan.directory;
  if (path == NULL) return true;
  sandbox->directory = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (sandbox->directory < 0) return failed(&sandbox->failure, "root", path);
  if (!mount_points_find(sandbox->points, sandbox->point_count, sandbox->directory, &sandbox->failure)) return false;
  /* On a mount with shifted owners nothing can belong to who runs this. */
  bool shifted = sandbox->plan.root_shifted;
  if (shifted && !act_as(container_root(&sandbox->plan))) return failed(&sandbox->failure, "ids", path);
  if (!mount_points_make(sandbox->points, sandbox->point_count, sandbox->directory, &sandbox->made, &sandbox->failure)) return false;
  if (shifted && !act_as((struct owner){0, 0})) return failed(&sandbox->failure, "ids", path);
  if (shifted && !die_with_parent(sandbox->plan.parent)) return failed_with(&sandbox->failure, "parent", ESRCH, "", "the process that wanted this has ended");
  sandbox->directory_tree = tree_clone(sandbox->directory, "", true, K_MOUNT_ATTR_NODEV);
  return sandbox->directory_tree >= 0 || failed(&sandbox->failure, "root", path);
}
