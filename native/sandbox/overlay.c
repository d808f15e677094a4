#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "kernel.h"
#include "mounts.h"

/* The kernel explains a refused mount in the log of the file system context. */
static void read_log(int fs, char *out, size_t size) {
  size_t used = 0;
  char line[256];
  out[0] = '\0';
  for (;;) {
    int count = RETRY(read(fs, line, sizeof line - 1));
    if (count <= 0) return;
    line[count] = '\0';
    int added = snprintf(out + used, size - used, "%s%s", used > 0 ? "; " : "", line);
    if (added < 0 || (used += (size_t)added) >= size) return;
  }
}

static bool set_string(int fs, const char *key, const char *value) {
  return RETRY(k_fsconfig(fs, K_FSCONFIG_SET_STRING, key, value, 0)) == 0;
}

static bool set_flag(int fs, const char *key) {
  return RETRY(k_fsconfig(fs, K_FSCONFIG_SET_FLAG, key, NULL, 0)) == 0;
}

static bool set_directory(int fs, const char *key, int directory, bool by_fd) {
  if (by_fd) return RETRY(k_fsconfig(fs, K_FSCONFIG_SET_FD, key, NULL, directory)) == 0;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", directory);
  return set_string(fs, key, path);
}

/*
 * fsopen: `lowerdir+` takes descriptors from Linux 6.13 on and strings from 6.7 on. `refused` tells how the kernel refused the first lower
 * directory: EINVAL by one that does not know it so, EOPNOTSUPP by one whose overlay has no options for contexts at all (before 6.5; it
 * would take strings of any name, and refuse the mount).
 */
static int mount_by_context(const struct overlay *overlay, bool by_fd, int *refused, struct failure *failure) {
  *refused = 0;
  int mount = -1;
  int fs = RETRY(k_fsopen("overlay"));
  if (fs < 0) {
    failed_with(failure, "overlay", errno, overlay->label, "the kernel has no overlay file system");
    return -1;
  }
  if (!set_string(fs, "source", "overlay")) goto out;
  for (size_t i = 0; i < overlay->lower_count; i++) {
    if (set_directory(fs, "lowerdir+", overlay->lowers[i], by_fd)) continue;
    if (i == 0) *refused = errno;
    goto out;
  }
  if (overlay->upper >= 0) {
    if (!set_directory(fs, "upperdir", overlay->upper, by_fd) || !set_directory(fs, "workdir", overlay->work, by_fd)) goto out;
    /* volatile: nothing is synced on the way; the store syncs once when it publishes the layer. */
    if (!set_flag(fs, "volatile")) goto out;
  }
  /* Without userxattr a mount in a user namespace succeeds, and then rmdir and rename of merged directories fail with EIO. */
  if (overlay->user_xattrs && !set_flag(fs, "userxattr")) goto out;
  /* As real root redirects could be on by default; a layer must be a plain tree. With userxattr they cannot be on. */
  if (!overlay->user_xattrs && (!set_string(fs, "redirect_dir", "nofollow") || !set_string(fs, "metacopy", "off"))) goto out;
  if (overlay->context != NULL && !set_string(fs, "context", overlay->context)) goto out;
  if (!set_string(fs, "uuid", "null") || !set_string(fs, "index", "off")) goto out;
  if (RETRY(k_fsconfig(fs, K_FSCONFIG_CMD_CREATE, NULL, NULL, 0)) < 0) goto out;
  /* A layer made by real root can hold the node of a disk: here it opens nothing. */
  mount = RETRY(k_fsmount(fs, K_MOUNT_ATTR_NODEV));
out:
  if (mount < 0) {
    failed(failure, "overlay", overlay->label);
    read_log(fs, failure->detail, sizeof failure->detail);
  }
  close(fs);
  return mount;
}

/*
 * mount(2): the options are one page and a longer string is cut silently. From inside /proc/self/fd the name of a descriptor is its
 * number, so several hundred layers fit.
 */
static bool mount_by_string(const struct overlay *overlay, int target, struct failure *failure) {
  enum { SHORT_OPTIONS = 128 }; /* all that come behind the label, but for the layers */
  char options[4096];
  size_t used = (size_t)snprintf(options, sizeof options, "index=off,uuid=off,%s,",
                                 overlay->user_xattrs ? "userxattr" : "redirect_dir=nofollow,metacopy=off");
  if (overlay->context != NULL) used += (size_t)snprintf(options + used, sizeof options - used, "context=\"%s\",", overlay->context);
  if (used >= sizeof options - SHORT_OPTIONS) return failed_with(failure, "overlay", E2BIG, overlay->label, "too long a label for mount(2)");
  if (overlay->upper >= 0)
    used += (size_t)snprintf(options + used, sizeof options - used, "volatile,upperdir=%d,workdir=%d,", overlay->upper, overlay->work);
  used += (size_t)snprintf(options + used, sizeof options - used, "lowerdir=");
  for (size_t i = 0; i < overlay->lower_count && used < sizeof options; i++)
    used += (size_t)snprintf(options + used, sizeof options - used, "%s%d", i > 0 ? ":" : "", overlay->lowers[i]);
  if (used >= sizeof options) return failed_with(failure, "overlay", E2BIG, overlay->label, "too many lower directories for mount(2)");

  char place[32];
  snprintf(place, sizeof place, "/proc/self/fd/%d", target);
  if (chdir("/proc/self/fd") < 0) return failed(failure, "overlay", "/proc/self/fd");
  bool mounted = mount("overlay", place, "overlay", MS_NODEV, options) == 0;
  if (!mounted) failed(failure, "overlay", overlay->label);
  if (chdir("/") < 0) return failed(failure, "overlay", "/");
  return mounted;
}

int overlay_mount(const struct overlay *overlay, int parent, const char *name, struct failure *failure) {
  int refused = 0;
  int place = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (place < 0) {
    failed(failure, "overlay", name);
    return -1;
  }
  int root = -1;
  if (overlay->interface == OVERLAY_AUTO || overlay->interface == OVERLAY_BY_FD)
    root = mount_by_context(overlay, true, &refused, failure);
  if (root < 0 && ((overlay->interface == OVERLAY_AUTO && refused == EINVAL) || overlay->interface == OVERLAY_BY_PATH))
    root = mount_by_context(overlay, false, &refused, failure);
  bool unknown = refused == EINVAL || refused == EOPNOTSUPP;
  if (root >= 0) {
    if (!tree_attach(root, place)) {
      failed(failure, "overlay", name);
      close(root);
      root = -1;
    }
  } else if ((overlay->interface == OVERLAY_AUTO && unknown) || overlay->interface == OVERLAY_BY_MOUNT) {
    if (mount_by_string(overlay, place, failure)) {
      root = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (root < 0) failed(failure, "overlay", name);
    }
  }
  close(place);
  return root;
}

void overlay_forget_volatile(int work) {
  /* Only there when the directory was used before; ENOENT is the usual answer. */
  if (unlinkat(work, "work/incompat/volatile/dirty", 0) < 0) return;
  (void)unlinkat(work, "work/incompat/volatile", AT_REMOVEDIR);
  (void)unlinkat(work, "work/incompat", AT_REMOVEDIR);
}
