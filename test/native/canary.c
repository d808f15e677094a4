/*
 * What a hostile command tries in order to get out of its sandbox: canary OUTSIDE HOST-PID MARKER SOCKET PORT
 *   OUTSIDE   a directory of the host with a file "secret"      HOST-PID  a process of the host with MARKER in its command line
 *   SOCKET    name of an abstract socket somebody listens on, or "-" where the network is the host's own
 *   PORT      of TCP that somebody listens on at the host's loopback, or 0 where the network is the host's own
 * One line for each attempt: "held NAME" or "ESCAPED NAME". Nothing here does harm when it succeeds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *outside, *marker, *abstract;
static pid_t host;
static int port;

static bool opens(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

/* A masked file opens and is empty. */
static bool reads(const char *path) {
  char byte;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  bool read_something = fd >= 0 && read(fd, &byte, 1) == 1;
  if (fd >= 0) close(fd);
  return read_something;
}

static bool sees_outside(const char *prefix) {
  char path[4096];
  snprintf(path, sizeof path, "%s%s/secret", prefix, outside);
  return opens(path, O_RDONLY);
}

/* --- descriptors and processes --- */
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

/* --- mounts and namespaces --- */
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
static bool become_user_root(void) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(0);
  return true;
}
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

/* --- the kernel --- */
static bool load_bpf(void) {
  union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
  return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0;
}
static bool load_kernel(void) { return syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0; }
static bool load_module(void) { return syscall(SYS_init_module, "", 0, "") == 0 || errno == ENOEXEC || errno == EFAULT; }
static bool remove_module(void) { return syscall(SYS_delete_module, "tsbuild_canary", 0) == 0 || errno == ENOENT; }
static bool reboot_switch(void) { return syscall(SYS_reboot, 0xfee1dead, 672274793, 0 /* CAD_OFF */, NULL) == 0; }
static bool sysrq(void) { return opens("/proc/sysrq-trigger", O_WRONLY); }
static bool core_pattern(void) { return opens("/proc/sys/kernel/core_pattern", O_WRONLY); }
static bool modprobe_path(void) { return opens("/proc/sys/kernel/modprobe", O_WRONLY); }
static bool binfmt(void) { return opens("/proc/sys/fs/binfmt_misc/register", O_WRONLY); }
static bool uevent_helper(void) { return opens("/sys/kernel/uevent_helper", O_WRONLY); }
static bool huge_pages(void) { return opens("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY); }
static bool security_fs(void) { return opens("/sys/kernel/security/apparmor/.load", O_WRONLY) || opens("/sys/fs/selinux/enforce", O_WRONLY); }
static bool debug_fs(void) { return opens("/sys/kernel/debug/tracing/trace_pipe", O_RDONLY) || opens("/sys/kernel/tracing/trace_pipe", O_RDONLY); }
static bool release_agent(void) {
  DIR *top = opendir("/sys/fs/cgroup");
  struct dirent *entry;
  char path[512];
  if (opens("/sys/fs/cgroup/release_agent", O_WRONLY) || opens("/sys/fs/cgroup/cgroup.procs", O_WRONLY)) return true;
  while (top != NULL && (entry = readdir(top)) != NULL) {
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/release_agent", entry->d_name);
    if (opens(path, O_WRONLY)) return true;
  }
  return false;
}
static bool make_cgroup(void) { return mkdir("/sys/fs/cgroup/tsbuild-canary", 0755) == 0; }
static bool mount_cgroup(void) { return mount("cgroup", "/tmp", "cgroup2", 0, NULL) == 0 || mount("cgroup", "/tmp", "cgroup", 0, "rdma") == 0; }
static bool kernel_memory(void) { return reads("/proc/kcore") || opens("/dev/mem", O_RDONLY) || opens("/dev/kmem", O_RDONLY); }
static bool kernel_keys(void) { return reads("/proc/keys") || reads("/proc/timer_list"); }
static bool kernel_log(void) {
  char text[64];
  return opens("/dev/kmsg", O_RDONLY) || reads("/proc/kmsg") || syscall(SYS_syslog, 5 /* SYSLOG_ACTION_CLEAR */, text, 0) == 0;
}
static bool key_of_host(void) { return syscall(SYS_keyctl, 10 /* KEYCTL_SEARCH */, -3, "user", "tsbuild-canary", 0) >= 0 || syscall(SYS_keyctl, 3, 1) >= 0; }
static bool perf(void) {
  struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_CPU_CLOCK};
  return syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0) >= 0;
}
static bool set_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return clock_settime(CLOCK_REALTIME, &now) == 0;
}
static bool accounting(void) { return syscall(SYS_acct, NULL) == 0; }
static bool swap(void) { return syscall(SYS_swapoff, "/tsbuild-canary") == 0 || errno == ENOENT; }
static bool raise_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_max++;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}
static bool real_time(void) {
  struct sched_param parameters = {.sched_priority = 99};
  return sched_setscheduler(0, SCHED_FIFO, &parameters) == 0;
}
static bool watch_all_files(void) { int fd = fanotify_init(FAN_CLASS_CONTENT, O_RDONLY); return fd >= 0; }
#if defined(__x86_64__)
static bool ports(void) { return syscall(SYS_iopl, 3) == 0 || syscall(SYS_ioperm, 0x80, 1, 1) == 0; }
#else
static bool ports(void) { return opens("/dev/port", O_RDWR); }
#endif
static bool regain_capabilities(void) {
  struct {
    uint32_t version;
    int pid;
  } header = {0x20080522, 0};
  uint32_t data[6] = {~0u, ~0u, 0, ~0u, ~0u, 0};
  /* Believed only when what it stands for works: with a single id the answer may be made up. */
  return syscall(SYS_capset, &header, data) == 0 && mount("x", "/tmp", "tmpfs", 0, NULL) == 0;
}

/* --- devices, terminals, sockets --- */
static bool make_device(const char *path, mode_t type, unsigned major_number, unsigned minor_number) {
  mknod(path, type | 0666, makedev(major_number, minor_number));
  bool readable = reads(path);
  unlink(path);
  return readable;
}
static bool make_disk(void) { return make_device("/tmp/disk", S_IFBLK, 8, 0) || make_device("/tmp/disk", S_IFBLK, 254, 0); }
static bool make_memory_device(void) { return make_device("/tmp/mem", S_IFCHR, 1, 1) || make_device("/dev/mem", S_IFCHR, 1, 1); }
static bool host_devices(void) {
  static const char *const names[] = {"/dev/sda", "/dev/vda", "/dev/loop-control", "/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/input/event0", "/dev/console"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (opens(names[i], O_RDONLY)) return true;
  return false;
}
static bool type_into_terminal(void) {
  int terminal = open("/dev/tty", O_RDWR | O_NONBLOCK);
  for (int fd = 0; fd < 3; fd++)
    if (ioctl(fd, TIOCSTI, "#") == 0) return true;
  return terminal >= 0 && ioctl(terminal, TIOCSTI, "#") == 0;
}
static bool paste_into_console(void) {
  char function = 3; /* TIOCL_PASTESEL */
  for (int fd = 0; fd < 3; fd++)
    if (ioctl(fd, TIOCLINUX, &function) == 0) return true;
  return false;
}
static bool abstract_socket(void) {
  if (strcmp(abstract, "-") == 0) return false;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(abstract);
  memcpy(address.sun_path + 1, abstract, length);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return connect(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) == 0;
}
static bool connects(in_addr_t address) {
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = address};
  struct timeval patience = {.tv_usec = 300000};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char byte;
  /* A helper may accept before it knows whether there is anybody: the host's first byte tells. */
  bool reached = connect(fd, (struct sockaddr *)&there, sizeof there) == 0 && recv(fd, &byte, 1, 0) == 1;
  close(fd);
  return reached;
}
/* Its own loopback, the addresses at which helpers may stand for the host, and the gateways. */
static bool host_loopback(void) {
  static const char *const addresses[] = {"127.0.0.1", "127.0.0.53", "0.0.0.0", "10.0.2.2", "10.0.2.3", "169.254.1.1", "169.254.1.2"};
  if (port == 0) return false;
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
    if (connects(inet_addr(addresses[i]))) return true;
  FILE *routes = fopen("/proc/net/route", "r");
  char line[256];
  unsigned destination, gateway;
  while (routes != NULL && fgets(line, sizeof line, routes) != NULL)
    if (sscanf(line, "%*s %x %x", &destination, &gateway) == 2 && gateway != 0 && connects(gateway)) return true;
  return false;
}
static bool see_network_helper(void) {
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
    char path[300], words[512];
    snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, words, sizeof words - 1);
    if (fd >= 0) close(fd);
    words[length < 0 ? 0 : length] = '\0';
    if (strstr(words, "pasta") != NULL || strstr(words, "passt") != NULL || strstr(words, "slirp4netns") != NULL) return true;
  }
  return false;
}
/* Those that the builder started lie behind a process of the host that is a little older. */
static bool reach_builders_processes(void) {
  for (pid_t pid = host; pid < host + 3000; pid++) {
    if (pid == getpid() || pid == getppid() || pid == 1) continue;
    if (kill(pid, 0) == 0 || errno == EPERM) return true;
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) return true;
  }
  return false;
}
static bool raises_interface(const char *name) {
  struct ifreq request = {0};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  strcpy(request.ifr_name, name);
  if (ioctl(fd, SIOCGIFFLAGS, &request) < 0) return false;
  request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
  return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}
/* Raised, which it is already: nothing changes where this succeeds. */
static bool change_network(void) { return raises_interface("lo"); }
static bool change_network_as_user_root(void) { return unshare(CLONE_NEWUSER) == 0 && raises_interface("lo"); }
static bool replaced_dev(void) { return rename("/dev", "/tmp/dev") == 0 || (rmdir("/dev/shm") == 0 && symlink("/", "/dev/shm") == 0); }
static bool replaced_proc(void) { return rename("/proc", "/tmp/proc") == 0 || symlink("/tmp", "/proc/x") == 0; }

static const struct {
  const char *name;
  bool (*escapes)(void);
} attempts[] = {
    {"leaked-descriptor", leaked_descriptor}, {"read-init-program", read_init_program}, {"write-init-program", write_init_program},
    {"read-init-environment", read_init_environment}, {"init-memory", init_memory}, {"init-descriptors", init_descriptors},
    {"through-init-root", through_init_root}, {"through-init-cwd", through_init_cwd}, {"through-own-root", through_own_root},
    {"through-any-root", through_any_root}, {"through-parents", through_parents}, {"through-descriptors", through_descriptors},
    {"see-host-process", see_host_process}, {"signal-host-process", signal_host_process}, {"trace-init", trace_init},
    {"read-init-memory", read_init_memory}, {"take-init-descriptor", take_init_descriptor}, {"mount-tmpfs", mount_tmpfs},
    {"mount-bind", mount_bind}, {"mount-proc", mount_proc}, {"mount-device", mount_device}, {"remount-proc", remount_proc},
    {"remount-sys", remount_sys}, {"unmount-mask", unmount_mask}, {"new-mount-calls", new_mount_calls}, {"clone-tree", clone_tree},
    {"new-mount-namespace", new_mount_namespace}, {"unmount-mask-as-user-root", unmount_mask_as_user_root},
    {"unmount-all-as-user-root", unmount_all_as_user_root}, {"fresh-proc-as-user-root", fresh_proc_as_user_root},
    {"writable-sysctl-as-user-root", writable_sysctl_as_user_root}, {"enter-init-namespaces", enter_init_namespaces},
    {"enter-host-namespaces", enter_host_namespaces}, {"pivot", pivot}, {"break-out-of-chroot", break_out_of_chroot},
    {"file-handle", file_handle}, {"load-bpf", load_bpf}, {"load-kernel", load_kernel}, {"load-module", load_module},
    {"remove-module", remove_module}, {"reboot-switch", reboot_switch}, {"sysrq", sysrq}, {"core-pattern", core_pattern},
    {"modprobe-path", modprobe_path}, {"binfmt", binfmt}, {"uevent-helper", uevent_helper}, {"huge-pages", huge_pages},
    {"security-fs", security_fs}, {"debug-fs", debug_fs}, {"release-agent", release_agent}, {"make-cgroup", make_cgroup},
    {"mount-cgroup", mount_cgroup}, {"kernel-memory", kernel_memory}, {"kernel-keys", kernel_keys}, {"kernel-log", kernel_log},
    {"key-of-host", key_of_host}, {"perf", perf}, {"set-clock", set_clock}, {"accounting", accounting}, {"swap", swap},
    {"raise-limit", raise_limit}, {"real-time", real_time}, {"watch-all-files", watch_all_files}, {"ports", ports},
    {"regain-capabilities", regain_capabilities}, {"make-disk", make_disk}, {"make-memory-device", make_memory_device},
    {"host-devices", host_devices}, {"type-into-terminal", type_into_terminal}, {"paste-into-console", paste_into_console},
    {"abstract-socket", abstract_socket}, {"host-loopback", host_loopback}, {"see-network-helper", see_network_helper},
    {"reach-builders-processes", reach_builders_processes}, {"change-network", change_network},
    {"change-network-as-user-root", change_network_as_user_root}, {"replaced-dev", replaced_dev}, {"replaced-proc", replaced_proc},
};

int main(int count, char **arguments) {
  if (count != 6) return 2;
  outside = arguments[1];
  host = (pid_t)atoi(arguments[2]);
  marker = arguments[3];
  abstract = arguments[4];
  port = atoi(arguments[5]);
  mkdir("/tmp", 0777);
  for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(attempts[i].escapes() ? 1 : 0);
    int status = -1;
    waitpid(child, &status, 0);
    /* Killed by a filter is held, too. */
    printf("%s %s\n", WIFEXITED(status) && WEXITSTATUS(status) == 1 ? "ESCAPED" : "held", attempts[i].name);
  }
  return 0;
}
