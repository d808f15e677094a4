#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "kernel.h"

static void close_keeping_errno(int fd) {
  int error = errno;
  close(fd);
  errno = error;
}

int filesystem_create(const char *type, const struct option *options, unsigned attributes, const char *label) {
  int fs = RETRY(k_fsopen(type));
  if (fs < 0) return -1;
  int mount = -1;
  /* Shown by mount(8) and read by scripts: the name everybody gives these file systems. */
  if (RETRY(k_fsconfig(fs, K_FSCONFIG_SET_STRING, "source", type, 0)) < 0) goto out;
  for (; options->key != NULL; options++) {
    int command = options->value == NULL ? K_FSCONFIG_SET_FLAG : K_FSCONFIG_SET_STRING;
    if (RETRY(k_fsconfig(fs, (unsigned)command, options->key, options->value, 0)) < 0) goto out;
  }
  if (label != NULL && RETRY(k_fsconfig(fs, K_FSCONFIG_SET_STRING, "context", label, 0)) < 0) goto out;
  if (RETRY(k_fsconfig(fs, K_FSCONFIG_CMD_CREATE, NULL, NULL, 0)) < 0) goto out;
  mount = RETRY(k_fsmount(fs, attributes));
out:
  close_keeping_errno(fs);
  return mount;
}

int tree_clone(int dir, const char *path, bool recursive, uint64_t attributes) {
  /* Private: a clone of a shared mount is its peer, and what is mounted on it later would show up outside too. */
  return tree_clone_propagating(dir, path, recursive, attributes, MS_PRIVATE);
}

int tree_clone_propagating(int dir, const char *path, bool recursive, uint64_t attributes, uint64_t propagation) {
  unsigned depth = recursive ? K_AT_RECURSIVE : 0;
  int tree = RETRY(k_open_tree(dir, path, K_OPEN_TREE_CLONE | K_OPEN_TREE_CLOEXEC | K_AT_EMPTY_PATH | depth));
  if (tree < 0) return -1;
  struct k_mount_attr change = {.attr_set = attributes, .propagation = propagation};
  if (RETRY(k_mount_setattr(tree, "", K_AT_EMPTY_PATH | depth, &change)) < 0) {
    close_keeping_errno(tree);
    return -1;
  }
  return tree;
}

bool tree_shift(int tree, bool recursive, int user_namespace) {
  struct k_mount_attr change = {.attr_set = K_MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user_namespace};
  return RETRY(k_mount_setattr(tree, "", K_AT_EMPTY_PATH | (recursive ? K_AT_RECURSIVE : 0u), &change)) == 0;
}

bool tree_attach(int tree, int target) {
  return RETRY(k_move_mount(tree, "", target, "", K_MOVE_MOUNT_F_EMPTY_PATH | K_MOVE_MOUNT_T_EMPTY_PATH)) == 0;
}

int open_in_root(int root, const char *path) {
  return k_openat2(root, path, O_PATH | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_MAGICLINKS);
}

int open_without_links(int root, const char *path) {
  return k_openat2(root, path, O_PATH | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_SYMLINKS);
}
