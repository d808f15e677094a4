#include "canary.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/xattr.h>

static bool leaked_descriptor(void) {
  for (int fd = 3; fd < 1024; fd++)
    if (fcntl(fd, F_GETFD) >= 0) return true;
  return false;
}
static bool read_init_program(void) { return reads("/proc/1/exe"); }
static bool write_init_program(void) { return opens("/proc/1/exe", O_WRONLY); }
static bool read_init_environment(void) { return reads("/proc/1/environ"); }
static bool init_memory(void) { return opens("/proc/1/mem", O_RDWR); }
static bool init_descriptors(void) {
  char path[64], target[64];
  for (int fd = 0; fd < 64; fd++) {
    snprintf(path, sizeof path, "/proc/1/fd/%d", fd);
    if (readlink(path, target, sizeof target) >= 0) return true;
  }
  return false;
}
static bool through_init_root(void) { return sees_outside("/proc/1/root"); }
static bool through_init_cwd(void) { return sees_outside("/proc/1/cwd/../../../../../.."); }
static bool through_own_root(void) { return sees_outside("/proc/self/root/../../.."); }
static bool through_any_root(void) {
  char path[64];
  for (int pid = 1; pid < 400; pid++) {
    snprintf(path, sizeof path, "/proc/%d/root", pid);
    if (sees_outside(path)) return true;
  }
  return false;
}
static bool through_parents(void) { return sees_outside("/../../../../../../../.."); }
static bool through_descriptors(void) {
  char path[64];
  for (int fd = 0; fd < 32; fd++) {
    snprintf(path, sizeof path, "/proc/self/fd/%d/../../../../../../..", fd);
    if (sees_outside(path)) return true;
  }
  return false;
}
static bool see_host_process(void) {
  char path[64], text[4096] = "";
  snprintf(path, sizeof path, "/proc/%d/cmdline", host);
  int fd = open(path, O_RDONLY);
  ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  return size > 0 && memmem(text, (size_t)size, marker, strlen(marker)) != NULL;
}
static bool signal_host_process(void) { return host > 1000 && kill(host, SIGKILL) == 0; } /* the test sees that it lives */
static bool trace_init(void) { return ptrace(PTRACE_SEIZE, 1, 0, 0) == 0; }
static bool read_init_memory(void) {
  char byte;
  struct iovec local = {&byte, 1}, remote = {(void *)0x400000, 1};
  return process_vm_readv(1, &local, 1, &remote, 1, 0) == 1;
}
static bool take_init_descriptor(void) {
  int init = (int)syscall(434 /* pidfd_open */, 1, 0);
  return init >= 0 && syscall(438 /* pidfd_getfd */, init, 0, 0) >= 0;
}

static bool compare_with_init(void) { return syscall(SYS_kcmp, getpid(), 1, 1 /* KCMP_VM */, 0, 0) >= 0; }
/* Those of the canary are all there are, beside PID 1: no builder, no supervisor, no command of another step. */
static bool see_other_processes(void) {
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
    char path[300], name[32] = "";
    if (atoi(entry->d_name) <= 1) continue;
    snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, name, sizeof name - 1) < 0) continue;
    if (strcmp(name, "canary\n") != 0) return true;
  }
  return false;
}
/* Of the same user as the builder perhaps: the test sees whether a process of the host got slower. */
static bool slow_down_everybody(void) {
  setpriority(PRIO_USER, getuid(), 15);
  setpriority(PRIO_PROCESS, (id_t)host, 15);
  return false;
}
static bool never_killed_for_memory(void) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  return fd >= 0 && write(fd, "-1000", 5) == 5;
}
/* A program that says of itself that it has all capabilities: what the sandbox took away stays away. */
static bool file_capabilities(void) {
  const struct vfs_cap_data all = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, .data = {{~0u, 0}, {~0u, 0}}};
  char buffer[65536];
  int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = open("/tmp/privileged", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  for (ssize_t size; (size = read(from, buffer, sizeof buffer)) > 0;)
    if (write(to, buffer, (size_t)size) != size) return false;
  close(to);
  setxattr("/tmp/privileged", "security.capability", &all, sizeof all, 0);
  execl("/tmp/privileged", "canary", "--mounts", NULL);
  return false;
}

const struct attempt process_attempts[] = {
    {"leaked-descriptor", leaked_descriptor},
    {"read-init-program", read_init_program, OF_INIT},
    {"write-init-program", write_init_program, OF_INIT},
    {"read-init-environment", read_init_environment, OF_INIT},
    {"init-memory", init_memory, OF_INIT},
    {"init-descriptors", init_descriptors, OF_INIT},
    {"through-init-root", through_init_root},
    {"through-init-cwd", through_init_cwd},
    {"through-own-root", through_own_root},
    {"through-any-root", through_any_root},
    {"through-parents", through_parents},
    {"through-descriptors", through_descriptors},
    {"see-host-process", see_host_process},
    {"signal-host-process", signal_host_process},
    {"trace-init", trace_init, OF_INIT},
    {"read-init-memory", read_init_memory, OF_INIT},
    {"take-init-descriptor", take_init_descriptor, OF_INIT},
    {"compare-with-init", compare_with_init, OF_INIT},
    {"see-other-processes", see_other_processes},
    {"slow-down-everybody", slow_down_everybody},
    {"never-killed-for-memory", never_killed_for_memory},
    {"file-capabilities", file_capabilities, ONCE},
    {0},
};
