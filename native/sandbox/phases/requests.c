/* The mounts and files of the plan: phase 8. */
#include "phases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../kernel.h"
#include "../mounts.h"

/* Attach `tree` on a mount point of the list. */
bool attach_at_point(struct sandbox *sandbox, int tree, size_t point) {
  int target = mount_point_open(sandbox->root, &sandbox->points[point], &sandbox->failure);
  if (target < 0) return false;
  bool attached = tree_attach(tree, target) || failed(&sandbox->failure, "mount", sandbox->points[point].wanted);
  close(target);
  close(tree);
  return attached;
}

static bool write_fully(int fd, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    int count = RETRY(write(fd, bytes, length < INT_MAX ? length : INT_MAX));
    if (count < 0) return false;
    bytes += count;
    length -= (size_t)count;
  }
  return true;
}

/* With a single id the owner can only be recorded; where there is no room for that, it is root. */
static void record_owner(const struct sandbox *sandbox, int fd, const struct mount_request *mount) {
  char name[32], owner[64];
  if (!sandbox->plan.single_id || (mount->uid == 0 && mount->gid == 0)) return;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  int length = snprintf(owner, sizeof owner, "%u:%u:%04o", mount->uid, mount->gid, (unsigned)mount->mode);
  (void)setxattr(name, "user.containers.override_stat", owner, (size_t)length, 0);
}

static int file_tree(struct sandbox *sandbox, const struct mount_request *mount, size_t index) {
  char name[32];
  snprintf(name, sizeof name, "files/%zu", index);
  int fd = RETRY(openat(sandbox->scratch, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd < 0) return -1;
  bool written = write_fully(fd, mount->content, mount->content_length);
  if (written && !sandbox->plan.single_id) written = fchown(fd, mount->uid, mount->gid) == 0;
  record_owner(sandbox, fd, mount);
  if (written) written = fchmod(fd, mount->mode) == 0;
  int error = errno;
  close(fd);
  errno = error;
  return written ? tree_clone(sandbox->scratch, name, false, attributes_of(mount)) : -1;
}

static int tmpfs_tree(const struct sandbox *sandbox, const struct mount_request *mount) {
  char mode[16], uid[16], gid[16];
  snprintf(mode, sizeof mode, "%o", (unsigned)mount->mode);
  snprintf(uid, sizeof uid, "%u", mount->uid);
  snprintf(gid, sizeof gid, "%u", mount->gid);
  struct option options[5] = {{"mode", mode}};
  size_t count = 1;
  if (mount->size != NULL) options[count++] = (struct option){"size", mount->size};
  if (!sandbox->plan.single_id) {
    options[count++] = (struct option){"uid", uid};
    options[count++] = (struct option){"gid", gid};
  }
  int tree = filesystem_create("tmpfs", options, (unsigned)attributes_of(mount), sandbox->plan.mount_label);
  if (tree >= 0) record_owner(sandbox, tree, mount);
  return tree;
}

/* Phase 8: parents before what is mounted inside them, whatever order the plan has; `order` sorts by place and keeps equals. */
bool mount_requests(struct sandbox *sandbox) {
  struct plan *plan = &sandbox->plan;
  size_t *order = calloc(plan->mount_count + 1, sizeof *order);
  if (order == NULL) return failed(&sandbox->failure, "mount", "");
  for (size_t i = 0; i < plan->mount_count; i++) {
    size_t at = i;
    while (at > 0 && strcmp(sandbox->points[BUILT_IN_POINTS + order[at - 1]].place, sandbox->points[BUILT_IN_POINTS + i].place) > 0) {
      order[at] = order[at - 1];
      at--;
    }
    order[at] = i;
  }
  for (size_t i = 0; i < plan->mount_count; i++) {
    struct mount_request *mount = &plan->mounts[order[i]];
    if (mount->kind == MOUNT_FILE) mount->tree = file_tree(sandbox, mount, order[i]);
    if (mount->kind == MOUNT_TMPFS) mount->tree = tmpfs_tree(sandbox, mount);
    if (mount->tree < 0) return failed(&sandbox->failure, "mount", mount->target);
    if (!attach_at_point(sandbox, mount->tree, BUILT_IN_POINTS + order[i])) return false;
  }
  return true;
}
