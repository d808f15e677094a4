#include "call.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "../kernel.h"

enum { PAGE = 4096 };

bool call_is_pending(const struct call *call) {
  return ioctl(call->supervisor->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) == 0;
}

bool call_read(const struct call *call, uint64_t address, void *buffer, size_t size) {
  struct iovec here = {.iov_base = buffer, .iov_len = size};
  struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
  return process_vm_readv(call->task, &here, 1, &there, 1, 0) == (ssize_t)size && call_is_pending(call);
}

bool call_write(const struct call *call, uint64_t address, const void *buffer, size_t size) {
  struct iovec here = {.iov_base = (void *)(uintptr_t)buffer, .iov_len = size};
  struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
  return call_is_pending(call) && process_vm_writev(call->task, &here, 1, &there, 1, 0) == (ssize_t)size;
}

bool call_read_path(const struct call *call, uint64_t address, char *path, size_t size) {
  size_t used = 0;
  while (used < size) {
    /* To the end of a page: what follows it may not be mapped. */
    size_t step = PAGE - (size_t)((address + used) % PAGE);
    if (step > size - used) step = size - used;
    struct iovec here = {.iov_base = path + used, .iov_len = step};
    struct iovec there = {.iov_base = (void *)(uintptr_t)(address + used), .iov_len = step};
    if (process_vm_readv(call->task, &here, 1, &there, 1, 0) != (ssize_t)step) return false;
    /* The check that this was the task's memory follows when its root is opened. */
    if (memchr(path + used, '\0', step) != NULL) return true;
    used += step;
  }
  return false;
}

static int open_of_task(const struct call *call, const char *name, int flags) {
  char path[64];
  snprintf(path, sizeof path, "%d/%s", call->task, name);
  return RETRY(openat(call->supervisor->proc, path, O_PATH | O_CLOEXEC | flags));
}

int call_open_descriptor(const struct call *call, int descriptor) {
  char name[32];
  snprintf(name, sizeof name, "fd/%d", descriptor);
  return descriptor < 0 ? -1 : open_of_task(call, name, 0);
}

/*
 * See paths as the task does: its root as root, its directory as working directory. This process has no root of its own to keep; what
 * it needs of the outer /proc it reaches by descriptor.
 */
static bool stand_where_the_task_stands(const struct call *call, int dir, bool absolute) {
  int root = open_of_task(call, "root", O_DIRECTORY);
  if (root < 0) return false;
  int base = absolute ? root : dir == AT_FDCWD ? open_of_task(call, "cwd", O_DIRECTORY) : call_open_descriptor(call, dir);
  bool standing = base >= 0 && call_is_pending(call) && fchdir(root) == 0 && chroot(".") == 0 && fchdir(base) == 0;
  if (base >= 0 && base != root) close(base);
  close(root);
  return standing;
}

/* `/proc/self/fd/7`, `/dev/fd/7`: names of the task's own descriptors, which in this process would mean others. */
static bool names_descriptor(const char *path, int *descriptor) {
  static const char *const prefixes[] = {"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/"};
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
    size_t length = strlen(prefixes[i]);
    if (strncmp(path, prefixes[i], length) != 0) continue;
    char *end;
    long number = strtol(path + length, &end, 10);
    if (path[length] < '0' || path[length] > '9' || *end != '\0' || number > INT_MAX) return false;
    *descriptor = (int)number;
    return true;
  }
  return false;
}

static int open_here(const char *path, uint64_t flags) {
  /* A magic link leads past the root. The kernel may follow it for the task; nobody does with this process's privileges. */
  return k_openat2(AT_FDCWD, path, flags | O_PATH | O_CLOEXEC, 0, K_RESOLVE_NO_MAGICLINKS);
}

int call_open(const struct call *call, int dir, const char *path, bool follow, bool empty) {
  int fd = -1, descriptor;
  if (path[0] == '\0') {
    if (empty) fd = dir == AT_FDCWD ? open_of_task(call, "cwd", O_DIRECTORY) : call_open_descriptor(call, dir);
  } else if (follow && names_descriptor(path, &descriptor)) {
    fd = call_open_descriptor(call, descriptor);
  } else {
    return stand_where_the_task_stands(call, dir, path[0] == '/') ? open_here(path, follow ? 0 : O_NOFOLLOW) : -1;
  }
  if (fd >= 0 && !call_is_pending(call)) {
    close(fd);
    return -1;
  }
  return fd;
}

int call_open_parent(const struct call *call, int dir, const char *path, char *name, size_t size) {
  char parent[PATH_MAX];
  size_t length = strlen(path);
  while (length > 0 && path[length - 1] == '/') length--;
  size_t start = length;
  while (start > 0 && path[start - 1] != '/') start--;
  if (length == start || length - start >= size || start + 2 > sizeof parent) return -1;
  memcpy(name, path + start, length - start);
  name[length - start] = '\0';
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return -1;
  memcpy(parent, path, start);
  strcpy(parent + start, start == 0 ? "." : "");
  return stand_where_the_task_stands(call, dir, path[0] == '/') ? open_here(parent, O_DIRECTORY) : -1;
}

mode_t call_umask(const struct call *call) {
  char path[32], text[512];
  unsigned mask = 022;
  snprintf(path, sizeof path, "%d/status", call->task);
  int fd = RETRY(openat(call->supervisor->proc, path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return mask;
  int length = RETRY(read(fd, text, sizeof text - 1));
  close(fd);
  text[length > 0 ? length : 0] = '\0';
  const char *line = strstr(text, "\nUmask:");
  if (line != NULL) sscanf(line, "\nUmask: %o", &mask);
  return mask;
}
