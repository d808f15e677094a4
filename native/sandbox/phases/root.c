/* The root file system: mounted beside the old one (phases 5 and 6), and put in its place (phase 10). */
#include "phases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kernel.h"
#include "../mounts.h"
#include "../overlay.h"

/*
 * Phase 5: a tmpfs of ours, attached over "/". The process's own root stays below it, so paths outside still resolve, and everything
 * attached here goes with the old root after the pivot.
 */
bool mount_scratch(struct sandbox *sandbox) {
  static const struct option options[] = {{"mode", "0755"}, {NULL, NULL}};
  static const char *const folders[] = {"root", "image", "stub", "empty", "files", "layers", NULL};
  sandbox->scratch = filesystem_create("tmpfs", options, K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV, sandbox->plan.mount_label);
  if (sandbox->scratch < 0) return failed(&sandbox->failure, "scratch", "");
  int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (top < 0 || !tree_attach(sandbox->scratch, top)) return failed(&sandbox->failure, "scratch", "/");
  close(top);
  for (size_t i = 0; folders[i] != NULL; i++)
    if (mkdirat(sandbox->scratch, folders[i], 0755) < 0) return failed(&sandbox->failure, "scratch", folders[i]);
  return true;
}

static int open_directory(struct sandbox *sandbox, int dir, const char *path) {
  int fd = RETRY(openat(dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (fd < 0) failed(&sandbox->failure, "root", path);
  return fd;
}

/*
 * A layer as the overlay shall see it: with shifted owners on a mount of its own, which hangs below the scratch directory because overlays
 * of older kernels take no layers from detached mounts.
 */
static int open_layer(struct sandbox *sandbox, const char *path, size_t number) {
  int user_namespace = sandbox->plan.user_namespace;
  if (user_namespace < 0) return open_directory(sandbox, AT_FDCWD, path);
  char name[32];
  snprintf(name, sizeof name, "layers/%zu", number);
  int place = -1, tree = tree_clone(AT_FDCWD, path, false, 0);
  if (tree < 0) {
    failed(&sandbox->failure, "root", path);
    return -1;
  }
  if (!tree_shift(tree, false, user_namespace)) {
    failed(&sandbox->failure, "ids", path);
  } else if (mkdirat(sandbox->scratch, name, 0755) < 0 || (place = open_directory(sandbox, sandbox->scratch, name)) < 0 || !tree_attach(tree, place)) {
    failed(&sandbox->failure, "root", path);
  } else {
    close(place);
    return tree;
  }
  close(tree);
  return -1;
}

/* The upper and the work directory, which an overlay wants on one mount. */
static bool open_writable(struct sandbox *sandbox, int *upper, int *work) {
  const struct plan *plan = &sandbox->plan;
  if (plan->user_namespace < 0) {
    *upper = open_directory(sandbox, AT_FDCWD, plan->upper);
    *work = *upper < 0 ? -1 : open_directory(sandbox, AT_FDCWD, plan->work);
    return *work >= 0;
  }
  const char *upper_name = strrchr(plan->upper, '/'), *work_name = strrchr(plan->work, '/');
  size_t length = upper_name == NULL ? 0 : (size_t)(upper_name - plan->upper);
  if (work_name == NULL || length == 0 || (size_t)(work_name - plan->work) != length || strncmp(plan->upper, plan->work, length) != 0)
    return failed_with(&sandbox->failure, "ids", EXDEV, plan->work, "not beside the upper directory");
  char *parent = strndup(plan->upper, length);
  int tree = parent == NULL ? -1 : open_layer(sandbox, parent, plan->lowers.count);
  free(parent);
  if (tree < 0) return false;
  *upper = open_directory(sandbox, tree, upper_name + 1);
  *work = *upper < 0 ? -1 : open_directory(sandbox, tree, work_name + 1);
  close(tree);
  return *work >= 0;
}

/* Phase 6: the root file system. For an overlay first a read-only look at it, to learn which mount points are missing. */
static bool mount_overlay_root(struct sandbox *sandbox) {
  const struct plan *plan = &sandbox->plan;
  int *directories = calloc(plan->lowers.count + 2, sizeof *directories);
  if (directories == NULL) return failed(&sandbox->failure, "root", "");
  /* stub, upper, lowers: the image as it is now. The stub keeps it at two lowers, the least that an overlay without upper takes. */
  size_t count = 0;
  if ((directories[count++] = open_directory(sandbox, sandbox->scratch, "stub")) < 0) return false;
  int upper = -1, work = -1;
  if (plan->upper != NULL) {
    if (!open_writable(sandbox, &upper, &work)) return false;
    directories[count++] = upper;
  }
  for (size_t i = 0; i < plan->lowers.count; i++)
    if ((directories[count++] = open_layer(sandbox, plan->lowers.items[i], i)) < 0) return false;

  struct overlay image = {.lowers = directories,
                          .lower_count = count,
                          .upper = -1,
                          .work = -1,
                          .user_xattrs = plan->user_xattrs,
                          .interface = plan->overlay_interface,
                          .context = plan->mount_label,
                          .label = plan->upper != NULL ? plan->upper : plan->lowers.items[0]};
  int view = overlay_mount(&image, sandbox->scratch, "image", &sandbox->failure);
  if (view < 0) return false;
  if (!mount_points_find(sandbox->points, sandbox->point_count, view, &sandbox->failure)) return false;
  /* The stub must not change while it is a layer of a mount, so the mount points are made in another one. */
  if (mkdirat(sandbox->scratch, "stubs", 0755) < 0) return failed(&sandbox->failure, "scratch", "stubs");
  int stub = open_directory(sandbox, sandbox->scratch, "stubs");
  if (stub < 0 || !mount_points_stub(sandbox->points, sandbox->point_count, stub, view, container_root(plan), &sandbox->failure)) return false;
  close(view);

  struct overlay whole = image;
  if (upper >= 0) {
    /* The same array without the upper: the stub takes its place as the topmost lower. */
    directories[1] = stub;
    whole.lowers = directories + 1;
    whole.lower_count = count - 1;
    whole.upper = upper;
    whole.work = work;
    overlay_forget_volatile(work);
  } else {
    directories[0] = stub;
    if (count == 1) directories[count++] = open_directory(sandbox, sandbox->scratch, "empty");
    whole.lower_count = count;
  }
  sandbox->root = overlay_mount(&whole, sandbox->scratch, "root", &sandbox->failure);
  return sandbox->root >= 0;
}

bool mount_root(struct sandbox *sandbox) {
  if (sandbox->directory_tree < 0) return mount_overlay_root(sandbox);
  int place = open_directory(sandbox, sandbox->scratch, "root");
  if (place < 0) return false;
  if (!tree_attach(sandbox->directory_tree, place)) return failed(&sandbox->failure, "root", sandbox->plan.directory);
  sandbox->root = sandbox->directory_tree;
  close(place);
  return true;
}

/* Phase 10: swap the roots and let go of the old one, with everything that was attached outside the new. */
bool pivot(struct sandbox *sandbox) {
  int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (old < 0 || fchdir(sandbox->root) < 0) return failed(&sandbox->failure, "pivot", "");
  /* Both names the same: the old root ends up on top of the new one, and comes off there (pivot_root(2), NOTES). */
  if (syscall(SYS_pivot_root, ".", ".") < 0 || fchdir(old) < 0) return failed(&sandbox->failure, "pivot", "");
  /* umount2 takes the topmost of what is stacked on a place: first our scratch tmpfs, then the old root itself. */
  if (umount2(".", MNT_DETACH) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) return failed(&sandbox->failure, "pivot", "");
  close(old);
  /* Were the old root still stacked on the new, ".." would lead into it. */
  struct stat root, above;
  if (stat("/", &root) < 0 || stat("/..", &above) < 0) return failed(&sandbox->failure, "pivot", "/");
  if (root.st_dev != above.st_dev || root.st_ino != above.st_ino)
    return failed_with(&sandbox->failure, "pivot", EBUSY, "/", "the old root is still there");
  return true;
}
