/*
 * The kernel interfaces the C library may be too old to declare: numbers and structures as the kernel's own headers have them
 * (linux/mount.h, linux/openat2.h), under names of ours so that a newer C library does not clash with them.
 */
#ifndef TSBUILD_KERNEL_H
#define TSBUILD_KERNEL_H

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From Linux 5.1 on a new system call has the same number on every architecture. */
enum {
  NR_OPEN_TREE = 428,
  NR_MOVE_MOUNT = 429,
  NR_FSOPEN = 430,
  NR_FSCONFIG = 431,
  NR_FSMOUNT = 432,
  NR_PIDFD_OPEN = 434,
  NR_CLOSE_RANGE = 436,
  NR_OPENAT2 = 437,
  NR_MOUNT_SETATTR = 442,
};

enum {
  K_FSOPEN_CLOEXEC = 0x1,
  K_FSMOUNT_CLOEXEC = 0x1,
  K_FSCONFIG_SET_FLAG = 0,
  K_FSCONFIG_SET_STRING = 1,
  K_FSCONFIG_SET_FD = 5,
  K_FSCONFIG_CMD_CREATE = 6,
  K_OPEN_TREE_CLONE = 0x1,
  K_OPEN_TREE_CLOEXEC = 02000000, /* O_CLOEXEC */
  K_MOVE_MOUNT_F_EMPTY_PATH = 0x4,
  K_MOVE_MOUNT_T_EMPTY_PATH = 0x40,
  K_AT_EMPTY_PATH = 0x1000,
  K_AT_RECURSIVE = 0x8000,
  K_MOUNT_ATTR_RDONLY = 0x1,
  K_MOUNT_ATTR_NOSUID = 0x2,
  K_MOUNT_ATTR_NODEV = 0x4,
  K_MOUNT_ATTR_NOEXEC = 0x8,
  K_MOUNT_ATTR_IDMAP = 0x100000,
  K_RESOLVE_NO_MAGICLINKS = 0x02,
  K_RESOLVE_NO_SYMLINKS = 0x04,
  K_RESOLVE_IN_ROOT = 0x10,
  K_CLOSE_RANGE_CLOEXEC = 0x4,
  K_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 0x20,
  K_SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP = 0x1,
};

struct k_open_how {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};

struct k_mount_attr {
  uint64_t attr_set;
  uint64_t attr_clr;
  uint64_t propagation;
  uint64_t userns_fd;
};

/* SECCOMP_IOW(4, __u64) */
#define K_SECCOMP_IOCTL_NOTIF_SET_FLAGS 0x40082104

/* Repeats a call that a signal interrupted. */
#define RETRY(call)                                  \
  (__extension__({                                   \
    long retry_result;                               \
    do {                                             \
      retry_result = (long)(call);                   \
    } while (retry_result == -1 && errno == EINTR);  \
    (int)retry_result;                               \
  }))

static inline int k_open_tree(int dir, const char *path, unsigned flags) {
  return (int)syscall(NR_OPEN_TREE, dir, path, flags);
}

static inline int k_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
  return (int)syscall(NR_MOVE_MOUNT, from, from_path, to, to_path, flags);
}

static inline int k_fsopen(const char *type) {
  return (int)syscall(NR_FSOPEN, type, K_FSOPEN_CLOEXEC);
}

static inline int k_fsconfig(int fs, unsigned command, const char *key, const void *value, int aux) {
  return (int)syscall(NR_FSCONFIG, fs, command, key, value, aux);
}

static inline int k_fsmount(int fs, unsigned attributes) {
  return (int)syscall(NR_FSMOUNT, fs, K_FSMOUNT_CLOEXEC, attributes);
}

static inline int k_mount_setattr(int dir, const char *path, unsigned flags, struct k_mount_attr *attributes) {
  return (int)syscall(NR_MOUNT_SETATTR, dir, path, flags, attributes, sizeof *attributes);
}

static inline int k_pidfd_open(pid_t pid) {
  return (int)syscall(NR_PIDFD_OPEN, pid, 0);
}

static inline int k_close_range(unsigned first, unsigned last, unsigned flags) {
  return (int)syscall(NR_CLOSE_RANGE, first, last, flags);
}

/* openat2 answers EAGAIN when a rename or mount elsewhere raced with a ".." (openat2(2)): only asking again is right. */
static inline int k_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct k_open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
  long fd;
  do {
    fd = syscall(NR_OPENAT2, dir, path, &how, sizeof how);
  } while (fd == -1 && (errno == EINTR || errno == EAGAIN));
  return (int)fd;
}

#endif
