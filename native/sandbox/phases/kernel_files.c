/* What the kernel shows as files: /proc, /dev and /sys (phase 7), and what of them is hidden (phase 9). */
#include "phases.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../kernel.h"
#include "../mounts.h"
#include "../status.h"

bool mount_proc(struct sandbox *sandbox) {
  static const struct option none[] = {{NULL, NULL}};
  unsigned attributes = K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV | K_MOUNT_ATTR_NOEXEC;
  int proc = filesystem_create("proc", none, attributes, NULL);
  if (proc < 0 && (errno == EPERM || sandbox->plan.lenient)) {
    /* Inside a container that masks parts of its /proc the kernel refuses a fresh one; the outer one is better than none. */
    proc = tree_clone(AT_FDCWD, "/proc", true, attributes);
    if (proc >= 0) status_warning(sandbox->status, "proc");
  }
  if (proc < 0) return failed(&sandbox->failure, "mount", "/proc");
  return attach_at_point(sandbox, proc, POINT_PROC);
}

bool mount_sys(struct sandbox *sandbox) {
  static const struct option none[] = {{NULL, NULL}};
  unsigned attributes = K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV | K_MOUNT_ATTR_NOEXEC;
  if (!sandbox->plan.writable_sys) attributes |= K_MOUNT_ATTR_RDONLY;
  int sys = filesystem_create("sysfs", none, attributes, NULL);
  /* Rootless on the host's network: sysfs belongs to the owner of the network namespace. */
  if (sys < 0) sys = tree_clone(AT_FDCWD, "/sys", true, attributes);
  if (sys < 0) return failed(&sandbox->failure, "mount", "/sys");
  return attach_at_point(sandbox, sys, POINT_SYS);
}

/* Attach `tree` on `name` of the fresh /dev; a directory there is made first. */
static bool attach_in_dev(struct sandbox *sandbox, int dev, int tree, const char *name, bool directory) {
  int target = -1;
  if (directory) {
    if (mkdirat(dev, name, 0755) == 0) target = openat(dev, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  } else {
    target = RETRY(openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  }
  if (tree < 0 || target < 0 || !tree_attach(tree, target)) return failed(&sandbox->failure, "device", name);
  close(target);
  close(tree);
  return true;
}

static bool bind_devices(struct sandbox *sandbox, int dev) {
  static const struct {
    const char *path;
    unsigned major, minor; /* Documentation/admin-guide/devices.txt */
  } devices[] = {
      {"/dev/null", 1, 3}, {"/dev/zero", 1, 5}, {"/dev/full", 1, 7}, {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
  };
  for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
    struct stat status;
    int tree = tree_clone(AT_FDCWD, devices[i].path, false, K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NOEXEC);
    if (tree < 0 || fstat(tree, &status) < 0) return failed(&sandbox->failure, "device", devices[i].path);
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(devices[i].major, devices[i].minor))
      return failed_with(&sandbox->failure, "device", ENODEV, devices[i].path, "not the device of that name");
    if (!attach_in_dev(sandbox, dev, tree, devices[i].path + strlen("/dev/"), false)) return false;
  }
  return true;
}

/* Where the policy forbids it, message queues are what the command has to do without. */
static void label_root(int tree, const char *label) {
  char name[32];
  snprintf(name, sizeof name, "/proc/self/fd/%d", tree);
  (void)setxattr(name, "security.selinux", label, strlen(label) + 1, 0);
}

bool mount_dev(struct sandbox *sandbox) {
  static const struct option dev_options[] = {{"mode", "0755"}, {"size", "65536k"}, {NULL, NULL}};
  static const struct option pts_options[] = {{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}, {NULL, NULL}};
  static const struct option pts_without_tty_group[] = {{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {NULL, NULL}};
  const char *shm_size = sandbox->plan.shm_size;
  const struct option shm_options[] = {{"mode", "1777"}, {"size", shm_size == NULL ? "65536k" : shm_size}, {NULL, NULL}};
  static const struct option none[] = {{NULL, NULL}};
  static const struct {
    const char *name, *target;
  } links[] = {{"ptmx", "pts/ptmx"},           {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
               {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"}};

  int tree = filesystem_create("tmpfs", dev_options, K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NOEXEC, sandbox->plan.mount_label);
  if (tree < 0) return failed(&sandbox->failure, "mount", "/dev");
  int dev = fcntl(tree, F_DUPFD_CLOEXEC, 3);
  if (dev < 0) return failed(&sandbox->failure, "mount", "/dev");
  if (!attach_at_point(sandbox, tree, POINT_DEV)) return false;
  if (!bind_devices(sandbox, dev)) return false;

  unsigned attributes = K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NOEXEC;
  bool lenient = sandbox->plan.lenient;
  int pts = filesystem_create("devpts", pts_options, attributes, sandbox->plan.mount_label);
  /* Group 5 (tty) has no id in a namespace of one id. */
  if (pts < 0 && errno == EINVAL) pts = filesystem_create("devpts", pts_without_tty_group, attributes, sandbox->plan.mount_label);
  if (pts < 0 && lenient) pts = tree_clone(AT_FDCWD, "/dev/pts", false, attributes);
  int shm = filesystem_create("tmpfs", shm_options, attributes | K_MOUNT_ATTR_NODEV, sandbox->plan.mount_label);
  /* It is as old as the namespace and has its label from then: another as a mount option is refused, so the root gets it. */
  int mqueue = filesystem_create("mqueue", none, attributes | K_MOUNT_ATTR_NODEV, NULL);
  if (mqueue >= 0 && sandbox->plan.mount_label != NULL) label_root(mqueue, sandbox->plan.mount_label);
  if (!attach_in_dev(sandbox, dev, pts, "pts", true) || !attach_in_dev(sandbox, dev, shm, "shm", true)) return false;
  if ((mqueue >= 0 || !lenient) && !attach_in_dev(sandbox, dev, mqueue, "mqueue", true)) return false;
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
    if (symlinkat(links[i].target, dev, links[i].name) < 0) return failed(&sandbox->failure, "device", links[i].name);
  close(dev);
  return true;
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *beginning) { return strncmp(text, beginning, strlen(beginning)) == 0; }

/*
 * Whether what `name` sets belongs to a namespace of the sandbox: anything else would be set for the whole machine. Those of the kernel are
 * the ones that ipc_namespaces(7) and uts_namespaces(7) list.
 */
static bool belongs_to_sandbox(const struct sandbox *sandbox, const char *name) {
  static const char *const ipc[] = {"kernel/msg", "kernel/sem=", "kernel/shm", "fs/mqueue/", NULL};
  bool network = sandbox->plan.network_path != NULL || (sandbox->namespaces & CLONE_NEWNET) != 0;
  if (strstr(name, "..") != NULL) return false;
  if (starts_with(name, "net/")) return network;
  if (starts_with(name, "kernel/domainname=")) return (sandbox->namespaces & CLONE_NEWUTS) != 0;
  for (size_t i = 0; ipc[i] != NULL; i++)
    if (starts_with(name, ipc[i])) return (sandbox->namespaces & CLONE_NEWIPC) != 0;
  return false;
}

/* Before /proc/sys becomes read-only. */
bool set_sysctls(struct sandbox *sandbox) {
  const struct strings *sysctls = &sandbox->plan.sysctls;
  for (size_t i = 0; i < sysctls->count; i++) {
    char path[PATH_MAX];
    const char *sysctl = sysctls->items[i], *value = strchr(sysctl, '=');
    if (value == NULL || !belongs_to_sandbox(sandbox, sysctl)) return failed_with(&sandbox->failure, "sysctl", EINVAL, sysctl, "it is not the sandbox's own");
    int length = snprintf(path, sizeof path, "proc/sys/%.*s", (int)(value - sysctl), sysctl);
    if (length < 0 || (size_t)length >= sizeof path) return failed_with(&sandbox->failure, "sysctl", ENAMETOOLONG, sysctl, "");
    value++;
    int fd = k_openat2(sandbox->root, path, O_WRONLY | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_SYMLINKS);
    ssize_t written = fd < 0 ? -1 : RETRY(write(fd, value, strlen(value)));
    if (written < 0 || (size_t)written != strlen(value)) return failed(&sandbox->failure, "sysctl", sysctl);
    close(fd);
  }
  return true;
}

/* ---- masks ------------------------------------------------------------------------------------------------------------------- */

static bool mask(struct sandbox *sandbox, const char *path) {
  /* No links: these paths lie in the /proc and /sys mounted above, where nobody else had a chance to put one. */
  int target = open_without_links(sandbox->root, path);
  if (target < 0) return errno == ENOENT || errno == ENOTDIR || failed(&sandbox->failure, "mask", path);
  struct stat status;
  if (fstat(target, &status) < 0) return failed(&sandbox->failure, "mask", path);
  int cover = S_ISDIR(status.st_mode)
                  ? tree_clone(sandbox->scratch, "empty", false, K_MOUNT_ATTR_RDONLY | K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV | K_MOUNT_ATTR_NOEXEC)
                  : tree_clone(AT_FDCWD, "/dev/null", false, K_MOUNT_ATTR_RDONLY | K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NOEXEC);
  if (cover < 0 || !tree_attach(cover, target)) return failed(&sandbox->failure, "mask", path);
  close(cover);
  close(target);
  return true;
}

static bool make_read_only(struct sandbox *sandbox, const char *path) {
  int target = open_without_links(sandbox->root, path);
  if (target < 0) return errno == ENOENT || errno == ENOTDIR || failed(&sandbox->failure, "mask", path);
  int cover = tree_clone(target, "", true, K_MOUNT_ATTR_RDONLY | K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV | K_MOUNT_ATTR_NOEXEC);
  if (cover < 0 || !tree_attach(cover, target)) return failed(&sandbox->failure, "mask", path);
  close(cover);
  close(target);
  return true;
}

/* Phase 9. */
bool restrict_kernel_files(struct sandbox *sandbox) {
  const struct plan *plan = &sandbox->plan;
  for (size_t i = 0; i < plan->read_only.count; i++)
    if (!make_read_only(sandbox, plan->read_only.items[i])) return false;
  for (size_t i = 0; i < plan->masked.count; i++)
    if (!mask(sandbox, plan->masked.items[i])) return false;
  return true;
}
