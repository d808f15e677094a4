#include "canary.h"

#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

static bool mount_tmpfs(void) { return mount("x", "/tmp", "tmpfs", 0, NULL) == 0; }
static bool mount_bind(void) { return mount("/", "/tmp", NULL, MS_BIND | MS_REC, NULL) == 0; }
static bool mount_proc(void) { return mount("proc", "/tmp", "proc", 0, NULL) == 0; }
static bool mount_device(void) { return mount("/dev/sda", "/tmp", "ext4", 0, NULL) == 0 || mount("/dev/vda", "/tmp", "ext4", 0, NULL) == 0; }
static bool remount_proc(void) { return mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0; }
static bool remount_sys(void) { return mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0; }
static bool unmount_mask(void) { return umount2("/proc/kcore", MNT_DETACH) == 0; }
static bool new_mount_calls(void) { return syscall(430 /* fsopen */, "tmpfs", 0) >= 0; }
static bool clone_tree(void) { return syscall(428 /* open_tree */, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */) >= 0; }
static bool new_mount_namespace(void) { return unshare(CLONE_NEWNS) == 0; }
/* In a user namespace of one's own one may mount, but not take off what was mounted before. */
static bool unmount_mask_as_user_root(void) { return become_user_root() && umount2("/proc/kcore", MNT_DETACH) == 0; }
static bool unmount_all_as_user_root(void) { return become_user_root() && umount2("/proc", MNT_DETACH) == 0 && sees_outside(""); }
static bool fresh_proc_as_user_root(void) {
  if (!become_user_root() || unshare(CLONE_NEWPID) != 0) return false;
  pid_t child = fork();
  int status = 0;
  if (child == 0) _exit(mount("proc", "/tmp", "proc", 0, NULL) == 0 && reads("/tmp/kcore") ? 1 : 0);
  waitpid(child, &status, 0);
  return WEXITSTATUS(status) == 1;
}
static bool writable_sysctl_as_user_root(void) {
  return become_user_root() && mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0 && opens("/proc/sys/kernel/core_pattern", O_WRONLY);
}
static bool enter_init_namespaces(void) {
  static const char *const names[] = {"mnt", "user", "net", "ipc", "uts", "pid", "cgroup"};
  char path[64];
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    snprintf(path, sizeof path, "/proc/1/ns/%s", names[i]);
    int fd = open(path, O_RDONLY);
    if (fd >= 0 && setns(fd, 0) == 0) return true;
  }
  return false;
}
static bool enter_host_namespaces(void) {
  int process = (int)syscall(434 /* pidfd_open */, host, 0);
  return process >= 0 && setns(process, CLONE_NEWNS | CLONE_NEWUSER) == 0;
}
static bool pivot(void) { return syscall(SYS_pivot_root, "/", "/tmp") == 0; }
static bool break_out_of_chroot(void) {
  if (mkdir("/tmp/jail", 0700) != 0 || chdir("/tmp") != 0 || chroot("/tmp/jail") != 0) return false;
  for (int i = 0; i < 64; i++)
    if (chdir("..") != 0) return false;
  return chroot(".") == 0 && sees_outside("");
}
static bool file_handle(void) {
  struct {
    struct file_handle head;
    unsigned char bytes[16];
  } handle = {.head = {.handle_bytes = 8, .handle_type = 1}, .bytes = {2}};
  int top = open("/", O_RDONLY | O_DIRECTORY);
  return open_by_handle_at(top, &handle.head, O_RDONLY) >= 0 || errno == ESTALE;
}

static bool shared_mounts(void) {
  FILE *mounts = fopen("/proc/self/mountinfo", "r");
  char line[8192];
  while (mounts != NULL && fgets(line, sizeof line, mounts) != NULL)
    if (strstr(line, " shared:") != NULL || strstr(line, " master:") != NULL) return true;
  return false;
}
/* The newer door for what a remount does. */
static bool writable_by_attributes(void) {
  struct {
    uint64_t set, clear, propagation, userns;
  } change = {.clear = 1 /* MOUNT_ATTR_RDONLY */};
  return syscall(442 /* mount_setattr */, AT_FDCWD, "/sys", 0, &change, sizeof change) == 0 ||
         syscall(442, AT_FDCWD, "/proc/sys", 0, &change, sizeof change) == 0;
}
/* What lies below the mounts that hide it. */
static bool proc_without_masks(void) {
  return mount("/proc", "/tmp", NULL, MS_BIND, NULL) == 0 && (reads("/tmp/kcore") || reads("/tmp/keys") || opens("/tmp/sys/kernel/core_pattern", O_WRONLY));
}
static bool sys_without_masks(void) {
  return mount("/sys", "/tmp", NULL, MS_BIND, NULL) == 0 && mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND, NULL) == 0;
}
static bool below_the_root(void) {
  return mount("/", "/tmp", NULL, MS_MOVE, NULL) == 0 || (umount2("/", MNT_DETACH) == 0 && sees_outside(""));
}
static bool fresh_sys_as_user_root(void) {
  if (!become_user_root() || unshare(CLONE_NEWNET) != 0 || mount("sysfs", "/tmp", "sysfs", 0, NULL) != 0) return false;
  return opens("/tmp/kernel/mm/transparent_hugepage/enabled", O_WRONLY) || opens("/tmp/kernel/uevent_helper", O_WRONLY);
}
/* Groups that outlive the command, and with them a way to raise one's own limits. */
static bool holds_strangers(void) {
  FILE *processes = fopen("/tmp/cgroup.procs", "r");
  char line[64];
  while (processes != NULL && fgets(line, sizeof line, processes) != NULL)
    if (strcmp(line, "0\n") == 0) return true; /* one that has no number here */
  return false;
}
static bool fresh_cgroups_as_user_root(void) {
  static const char *const controllers[] = {"memory", "cpu", "devices", "pids", "freezer", "none,name=systemd"};
  if (!become_user_root() || unshare(CLONE_NEWCGROUP) != 0) return false;
  for (int i = -1; i < 6; i++) {
    if (mount("cgroup", "/tmp", i < 0 ? "cgroup2" : "cgroup", 0, i < 0 ? NULL : controllers[i]) != 0) continue;
    char agent[256] = "";
    int fd = open("/tmp/release_agent", O_RDWR | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, agent, sizeof agent - 1);
    if (size >= 0 && write(fd, agent, (size_t)size) >= 0) return true;
    if (mkdir("/tmp/tsbuild-canary", 0755) == 0) {
      rmdir("/tmp/tsbuild-canary");
      /* In a group that a runtime made for this command alone it ends with it. */
      if (holds_strangers()) return true;
    }
    umount2("/tmp", MNT_DETACH);
  }
  return false;
}
static bool parent_namespaces(void) {
  static const char *const names[] = {"user", "pid"};
  char path[64];
  for (size_t i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && ioctl(fd, _IO(0xb7, 2) /* NS_GET_PARENT */) >= 0) return true;
  }
  return false;
}
static bool next_mount_namespace(void) {
  struct {
    uint32_t size, mounts;
    uint64_t id;
  } info = {.size = sizeof info};
  int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  return ioctl(fd, _IOR(0xb7, 11, info) /* NS_MNT_GET_NEXT */, &info) >= 0 || ioctl(fd, _IOR(0xb7, 12, info) /* NS_MNT_GET_PREV */, &info) >= 0;
}
/* The first namespaces of a machine have the ids 1 to 8, from Linux 6.18 on. */
static bool namespaces_by_number(void) {
  for (uint64_t id = 1; id <= 8; id++) {
    struct {
      struct file_handle head;
      uint64_t id;
      uint32_t type, inode;
    } handle = {.head = {.handle_bytes = 16, .handle_type = 0xf1 /* FILEID_NSFS */}, .id = id};
    if (open_by_handle_at(-10003 /* FD_NSFS_ROOT */, &handle.head, O_RDONLY) >= 0) return true;
    struct {
      uint32_t size, spare;
      uint64_t mount, last, namespace;
    } wanted = {.size = sizeof wanted, .mount = UINT64_MAX /* LSMT_ROOT */, .namespace = id};
    uint64_t found[4];
    if (syscall(458 /* listmount */, &wanted, found, 4, 0) > 0) return true;
  }
  return false;
}

const struct attempt mount_attempts[] = {
    {"mount-tmpfs", mount_tmpfs, ONCE},
    {"mount-bind", mount_bind, ONCE},
    {"mount-proc", mount_proc, ONCE},
    {"mount-device", mount_device},
    {"remount-proc", remount_proc},
    {"remount-sys", remount_sys},
    {"unmount-mask", unmount_mask},
    {"new-mount-calls", new_mount_calls, ONCE},
    {"clone-tree", clone_tree, ONCE},
    {"new-mount-namespace", new_mount_namespace, ONCE},
    {"unmount-mask-as-user-root", unmount_mask_as_user_root, ONCE},
    {"unmount-all-as-user-root", unmount_all_as_user_root, ONCE},
    {"fresh-proc-as-user-root", fresh_proc_as_user_root, ONCE},
    {"writable-sysctl-as-user-root", writable_sysctl_as_user_root, ONCE},
    {"enter-init-namespaces", enter_init_namespaces},
    {"enter-host-namespaces", enter_host_namespaces},
    {"pivot", pivot, ONCE},
    {"break-out-of-chroot", break_out_of_chroot},
    {"file-handle", file_handle},
    {"shared-mounts", shared_mounts, ONCE},
    {"writable-by-attributes", writable_by_attributes},
    {"proc-without-masks", proc_without_masks},
    {"sys-without-masks", sys_without_masks},
    {"below-the-root", below_the_root},
    {"fresh-sys-as-user-root", fresh_sys_as_user_root, ONCE},
    {"fresh-cgroups-as-user-root", fresh_cgroups_as_user_root, ONCE},
    {"parent-namespaces", parent_namespaces, ONCE},
    {"next-mount-namespace", next_mount_namespace},
    {"namespaces-by-number", namespaces_by_number},
    {0},
};
