#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "command.h"
#include "kernel.h"
#include "mount_points.h"
#include "mounts.h"
#include "overlay.h"
#include "plan.h"
#include "privileges.h"
#include "status.h"
#include "supervise.h"
#include "terminal.h"

enum { SETUP_FAILED = 125 };

/* What the phases hand to each other. */
struct sandbox {
  struct plan plan;
  struct filters filters;
  struct fake_ids fake; /* with a single id: who answers for the others */
  int status;
  int launcher; /* pidfd of the process outside */
  unsigned long namespaces; /* CLONE_* flags of those it has */
  int terminal[2];          /* the terminal comes out of 0, goes in at 1 */
  sigset_t signals_before;
  int directory;             /* directory root file system: the tree outside, -1 for an overlay */
  int directory_tree;        /* and its detached clone */
  struct mount_point *points; /* /proc, /dev, /sys, then one for each mount of the plan */
  size_t point_count;
  struct made_entries made;
  int scratch; /* private tmpfs: mount points of ours, the stub, generated files */
  int root;    /* the new root file system */
  struct failure failure;
};

enum { POINT_PROC, POINT_DEV, POINT_SYS, BUILT_IN_POINTS };

/* ---- outside the namespaces -------------------------------------------------------------------------------------------------- */

static uint64_t attributes_of(const struct mount_request *mount) {
  return (mount->read_only ? K_MOUNT_ATTR_RDONLY : 0u) | (mount->nosuid ? K_MOUNT_ATTR_NOSUID : 0u) |
         (mount->nodev ? K_MOUNT_ATTR_NODEV : 0u) | (mount->noexec ? K_MOUNT_ATTR_NOEXEC : 0u);
}

/* Phase 1: clone what is bound, by descriptor, while this is still the mount namespace the descriptors belong to. */
static bool clone_sources(struct sandbox *sandbox) {
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
    struct stat status;
    if (mount->tree < 0 || fstat(mount->tree, &status) < 0) return failed(&sandbox->failure, "source", name);
    mount->directory = S_ISDIR(status.st_mode);
  }
  return true;
}

/* Phase 2: the mount points, and for a directory root file system the missing ones made in it. */
static bool list_mount_points(struct sandbox *sandbox) {
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

static bool prepare_directory(struct sandbox *sandbox) {
  const char *path = sandbox->plan.directory;
  if (path == NULL) return true;
  sandbox->directory = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (sandbox->directory < 0) return failed(&sandbox->failure, "root", path);
  if (!mount_points_find(sandbox->points, sandbox->point_count, sandbox->directory, &sandbox->failure)) return false;
  if (!mount_points_make(sandbox->points, sandbox->point_count, sandbox->directory, &sandbox->made, &sandbox->failure)) return false;
  sandbox->directory_tree = tree_clone(sandbox->directory, "", true, 0);
  return sandbox->directory_tree >= 0 || failed(&sandbox->failure, "root", path);
}

/* ---- inside, as PID 1 -------------------------------------------------------------------------------------------------------- */

/* Phase 4: die with the launcher, and let no mount made here be seen outside. */
static bool settle(struct sandbox *sandbox) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return failed(&sandbox->failure, "namespaces", "");
  /* getppid() is 0 for a parent outside the pid namespace, so whether it still lives is asked through its pidfd. */
  struct pollfd launcher = {.fd = sandbox->launcher, .events = POLLIN};
  if (RETRY(poll(&launcher, 1, 0)) > 0) _exit(SETUP_FAILED);
  /* Nobody in the sandbox may look at this process or open its program (CVE-2019-5736). */
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return failed(&sandbox->failure, "namespaces", "");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return failed(&sandbox->failure, "namespaces", "/");
  const char *hostname = sandbox->plan.hostname;
  bool own_name = (sandbox->namespaces & CLONE_NEWUTS) != 0;
  if (own_name && hostname != NULL && sethostname(hostname, strlen(hostname)) < 0) return failed(&sandbox->failure, "hostname", hostname);
  return true;
}

/* While paths outside still resolve. The namespace comes after, because it takes what the process is in for its root. */
static bool join_cgroups(struct sandbox *sandbox) {
  const struct strings *cgroups = &sandbox->plan.cgroups;
  for (size_t i = 0; i < cgroups->count; i++) {
    char file[PATH_MAX];
    int length = snprintf(file, sizeof file, "%s/cgroup.procs", cgroups->items[i]);
    int fd = length < (int)sizeof file ? RETRY(open(file, O_WRONLY | O_CLOEXEC)) : -1;
    if (fd < 0 || RETRY(write(fd, "0", 1)) != 1) return failed(&sandbox->failure, "cgroup", cgroups->items[i]);
    close(fd);
  }
  if (cgroups->count == 0 || (sandbox->namespaces & CLONE_NEWCGROUP) == 0) return true;
  return unshare(CLONE_NEWCGROUP) == 0 || failed(&sandbox->failure, "cgroup", "");
}

static bool raise_loopback(struct sandbox *sandbox) {
  if (!sandbox->plan.private_network) return true;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo"};
  if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) return failed(&sandbox->failure, "network", "lo");
  request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) return failed(&sandbox->failure, "network", "lo");
  close(fd);
  return true;
}

/*
 * Phase 5: a tmpfs of ours, attached over "/". The process's own root stays below it, so paths outside still resolve, and everything
 * attached here goes with the old root after the pivot.
 */
static bool mount_scratch(struct sandbox *sandbox) {
  static const struct option options[] = {{"mode", "0755"}, {NULL, NULL}};
  static const char *const folders[] = {"root", "image", "stub", "empty", "files", NULL};
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
    if ((upper = open_directory(sandbox, AT_FDCWD, plan->upper)) < 0) return false;
    if ((work = open_directory(sandbox, AT_FDCWD, plan->work)) < 0) return false;
    directories[count++] = upper;
  }
  for (size_t i = 0; i < plan->lowers.count; i++)
    if ((directories[count++] = open_directory(sandbox, AT_FDCWD, plan->lowers.items[i])) < 0) return false;

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
  if (stub < 0 || !mount_points_stub(sandbox->points, sandbox->point_count, stub, view, &sandbox->failure)) return false;
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

static bool mount_root(struct sandbox *sandbox) {
  if (sandbox->directory_tree < 0) return mount_overlay_root(sandbox);
  int place = open_directory(sandbox, sandbox->scratch, "root");
  if (place < 0) return false;
  if (!tree_attach(sandbox->directory_tree, place)) return failed(&sandbox->failure, "root", sandbox->plan.directory);
  sandbox->root = sandbox->directory_tree;
  close(place);
  return true;
}

/* Attach `tree` on a mount point of the list. */
static bool attach_at_point(struct sandbox *sandbox, int tree, size_t point) {
  int target = mount_point_open(sandbox->root, &sandbox->points[point], &sandbox->failure);
  if (target < 0) return false;
  bool attached = tree_attach(tree, target) || failed(&sandbox->failure, "mount", sandbox->points[point].wanted);
  close(target);
  close(tree);
  return attached;
}

static bool mount_proc(struct sandbox *sandbox) {
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

static bool mount_sys(struct sandbox *sandbox) {
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

static bool mount_dev(struct sandbox *sandbox) {
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
  int mqueue = filesystem_create("mqueue", none, attributes | K_MOUNT_ATTR_NODEV, sandbox->plan.mount_label);
  if (!attach_in_dev(sandbox, dev, pts, "pts", true) || !attach_in_dev(sandbox, dev, shm, "shm", true)) return false;
  if ((mqueue >= 0 || !lenient) && !attach_in_dev(sandbox, dev, mqueue, "mqueue", true)) return false;
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
    if (symlinkat(links[i].target, dev, links[i].name) < 0) return failed(&sandbox->failure, "device", links[i].name);
  close(dev);
  return true;
}

/* ---- mounts of the plan ------------------------------------------------------------------------------------------------------ */

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
static bool mount_requests(struct sandbox *sandbox) {
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
static bool restrict_kernel_files(struct sandbox *sandbox) {
  const struct plan *plan = &sandbox->plan;
  for (size_t i = 0; i < plan->read_only.count; i++)
    if (!make_read_only(sandbox, plan->read_only.items[i])) return false;
  for (size_t i = 0; i < plan->masked.count; i++)
    if (!mask(sandbox, plan->masked.items[i])) return false;
  return true;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------- */

/* Phase 10: swap the roots and let go of the old one, with everything that was attached outside the new. */
static bool pivot(struct sandbox *sandbox) {
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

/* Phase 11: through openat2, because a working directory such as /proc/self/fd/5 leads out of the root (CVE-2024-21626). */
static bool enter_working_directory(struct sandbox *sandbox) {
  const char *cwd = sandbox->plan.cwd;
  int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int fd = k_openat2(root, cwd, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_MAGICLINKS);
  if (root < 0 || fd < 0 || fchdir(fd) < 0) return failed(&sandbox->failure, "cwd", cwd);
  char name[PATH_MAX];
  if (syscall(SYS_getcwd, name, sizeof name) < 0 || name[0] != '/')
    return failed_with(&sandbox->failure, "cwd", EXDEV, cwd, "it lies outside the root file system");
  close(fd);
  close(root);
  return true;
}

static bool write_attribute(struct sandbox *sandbox, const char *const *files, const char *text) {
  int fd = -1;
  for (; fd < 0 && *files != NULL; files++) fd = RETRY(open(*files, O_WRONLY | O_CLOEXEC));
  bool written = fd >= 0 && RETRY(write(fd, text, strlen(text))) == (int)strlen(text);
  if (!written) failed(&sandbox->failure, "label", text);
  if (fd >= 0) close(fd);
  return written;
}

/* What a security module shall make of the command when it is started: proc_pid_attr(5). */
static bool set_labels(struct sandbox *sandbox) {
  static const char *const apparmor[] = {"/proc/thread-self/attr/apparmor/exec", "/proc/thread-self/attr/exec", NULL};
  static const char *const selinux[] = {"/proc/thread-self/attr/exec", NULL};
  const struct plan *plan = &sandbox->plan;
  char text[PATH_MAX];
  if (plan->process_label != NULL && !write_attribute(sandbox, selinux, plan->process_label)) return false;
  if (plan->apparmor_profile == NULL) return true;
  int length = snprintf(text, sizeof text, "exec %s", plan->apparmor_profile);
  return (length < (int)sizeof text || failed_with(&sandbox->failure, "label", ENAMETOOLONG, "", "")) && write_attribute(sandbox, apparmor, text);
}

static _Noreturn void become_command(struct sandbox *sandbox) {
  const struct plan *plan = &sandbox->plan;
  signals_restore(&sandbox->signals_before);
  if (plan->terminal && !terminal_take(plan->uid, &sandbox->failure)) {
    status_failed(sandbox->status, &sandbox->failure);
    _exit(SETUP_FAILED);
  }
  if (limits_apply(plan, &sandbox->failure) && enter_working_directory(sandbox) && set_labels(sandbox)) {
    /* Belt to the braces of O_CLOEXEC: whatever this program was handed stays out of the command. */
    if (RETRY(k_close_range(3, ~0u, K_CLOSE_RANGE_CLOEXEC)) < 0) {
      failed(&sandbox->failure, "descriptors", "");
    } else if (privileges_drop(plan, &sandbox->filters, &sandbox->fake, sandbox->status, &sandbox->failure)) {
      command_run(plan);
    }
  }
  status_failed(sandbox->status, &sandbox->failure);
  _exit(SETUP_FAILED);
}

static bool build(struct sandbox *sandbox) {
  return settle(sandbox) && join_cgroups(sandbox) && raise_loopback(sandbox) && mount_scratch(sandbox) && mount_root(sandbox) && mount_proc(sandbox) &&
         mount_dev(sandbox) && mount_sys(sandbox) && mount_requests(sandbox) && restrict_kernel_files(sandbox) && pivot(sandbox);
}

static _Noreturn void become_init(struct sandbox *sandbox) {
  bool alone = (sandbox->namespaces & CLONE_NEWPID) != 0;
  bool ready = build(sandbox) && (!sandbox->plan.terminal || terminal_open(sandbox->terminal[1], &sandbox->failure));
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

/* ---- main -------------------------------------------------------------------------------------------------------------------- */

static bool join_network(struct sandbox *sandbox) {
  const char *path = sandbox->plan.network_path;
  int fd = RETRY(open(path, O_RDONLY | O_CLOEXEC));
  if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) return failed(&sandbox->failure, "network", path);
  close(fd);
  return true;
}

/* Phase 3: no stack given, so this is a fork into new namespaces; the process has no threads whose locks could be held. */
static pid_t clone_init(struct sandbox *sandbox) {
  /* In the order in which a lenient sandbox does without them. */
  static const unsigned long dispensable[] = {CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID};
  sandbox->namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  if (sandbox->plan.private_network) sandbox->namespaces |= CLONE_NEWNET;
  for (size_t left = 0;; left++) {
    /* Made later, when the groups of the plan are joined. */
    unsigned long now = sandbox->plan.cgroups.count > 0 ? sandbox->namespaces & ~(unsigned long)CLONE_NEWCGROUP : sandbox->namespaces;
    pid_t init = (pid_t)syscall(SYS_clone, now | SIGCHLD, 0, 0, 0, 0);
    if (init >= 0 || !sandbox->plan.lenient || left == sizeof dispensable / sizeof dispensable[0]) return init;
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
      /* The clones and descriptors now belong to the sandbox. */
      for (size_t i = 0; i < sandbox.plan.mount_count; i++)
        if (sandbox.plan.mounts[i].tree >= 0) close(sandbox.plan.mounts[i].tree);
      if (sandbox.directory_tree >= 0) close(sandbox.directory_tree);
      if (sandbox.plan.terminal) {
        close(sandbox.terminal[1]);
        exit_status = supervise_terminal(init, status_fd, sandbox.terminal[0]);
      } else {
        exit_status = supervise_sandbox(init, status_fd);
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
