#include "canary.h"

#include <ftw.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>

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

static bool ask_for_key(void) {
  /* A key that is not there would be asked for on the host, by a program it starts. */
  return syscall(SYS_request_key, "user", "tsbuild-canary", "", 0) >= 0 || errno == ENOKEY || syscall(SYS_add_key, "user", "tsbuild-canary", "x", 1, -3) >= 0;
}
static bool io_uring(void) {
  char parameters[256] = {0};
  return syscall(425 /* io_uring_setup */, 1, parameters) >= 0;
}
static bool page_faults(void) { return syscall(SYS_userfaultfd, 0) >= 0; }
static bool quotas(void) { return syscall(SYS_quotactl, 1 << 8 /* Q_SYNC */, NULL, 0, NULL) == 0; }
static bool swap_on(void) { return syscall(SYS_swapon, "/tsbuild-canary", 0) == 0 || errno == ENOENT; }
static bool host_name(void) {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return sethostname(name, strlen(name)) == 0;
}
static bool fixed_addresses(void) { return personality(0x0040000 /* ADDR_NO_RANDOMIZE */) != -1; }
static bool adjust_clock(void) {
  struct timex now = {0};
  if (adjtimex(&now) < 0) return false;
  now.modes = ADJ_FREQUENCY; /* to what it is */
  return adjtimex(&now) >= 0;
}
static bool hang_up(void) { return syscall(SYS_vhangup) == 0; }
/* Into a group other than one's own, past the limits of that. */
static bool start_in_another_cgroup(void) {
  struct {
    uint64_t flags, pidfd, child, parent, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
  } how = {.flags = 0x200000000ull /* CLONE_INTO_CGROUP */, .exit_signal = SIGCHLD};
  DIR *top = opendir("/sys/fs/cgroup");
  for (struct dirent *entry; top != NULL && (entry = readdir(top)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    how.cgroup = (uint64_t)openat(dirfd(top), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pid_t child = (pid_t)syscall(435 /* clone3 */, &how, sizeof how);
    if (child == 0) _exit(0);
    if (child > 0) return true;
  }
  return false;
}
static bool writable;
static int look_whether_writable(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)walk;
  const char *name = strncmp(path, "/proc/", 6) == 0 ? path + 6 : "";
  /* What a process says of itself is its own. */
  /* A trigger is its writer's alone: it tells when others wait (Documentation/accounting/psi.rst); open to every user of the host. */
  if (strncmp(name, "pressure/", 9) == 0) return 0;
  if ((name[0] >= '0' && name[0] <= '9') || strncmp(name, "self", 4) == 0 || strncmp(name, "thread-self", 11) == 0 || strncmp(name, "net", 3) == 0) return 0;
  if (type != FTW_F || !S_ISREG(status->st_mode) || (status->st_mode & 0222) == 0 || access(path, W_OK) != 0 || !opens(path, O_WRONLY)) return 0;
  fprintf(stderr, "can be written: %s\n", path);
  writable = true;
  return 0;
}
static bool kernel_files_writable(void) {
  nftw("/sys", look_whether_writable, 32, FTW_PHYS);
  nftw("/proc", look_whether_writable, 32, FTW_PHYS | FTW_MOUNT);
  nftw("/proc/sys", look_whether_writable, 32, FTW_PHYS);
  return writable;
}
/* The same kernel by its other doors: those of 32-bit programs, and x32. */
#if defined(__x86_64__)
static long call_as_x86(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
  return result;
}
static bool keys_as_x86(void) { return (int)call_as_x86(288 /* keyctl */, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 1) >= 0; }
static bool bpf_as_x86(void) { return (int)call_as_x86(357 /* bpf */, 0, 0, 0) != -EPERM; }
static bool keys_as_x32(void) { return syscall(0x40000000 + SYS_keyctl, 0, -3, 1) >= 0; }
#else
static bool keys_as_x86(void) { return false; }
static bool bpf_as_x86(void) { return false; }
static bool keys_as_x32(void) { return false; }
#endif

const struct attempt kernel_attempts[] = {
    {"load-bpf", load_bpf},
    {"load-kernel", load_kernel},
    {"load-module", load_module},
    {"remove-module", remove_module},
    {"reboot-switch", reboot_switch},
    {"sysrq", sysrq},
    {"core-pattern", core_pattern},
    {"modprobe-path", modprobe_path},
    {"binfmt", binfmt},
    {"uevent-helper", uevent_helper},
    {"huge-pages", huge_pages},
    {"security-fs", security_fs},
    {"debug-fs", debug_fs},
    {"release-agent", release_agent},
    {"make-cgroup", make_cgroup},
    {"mount-cgroup", mount_cgroup},
    {"kernel-memory", kernel_memory},
    {"kernel-keys", kernel_keys},
    {"kernel-log", kernel_log},
    {"key-of-host", key_of_host},
    {"perf", perf},
    {"set-clock", set_clock},
    {"accounting", accounting},
    {"swap", swap},
    {"raise-limit", raise_limit},
    {"real-time", real_time},
    {"watch-all-files", watch_all_files},
    {"ports", ports},
    {"regain-capabilities", regain_capabilities, ONCE},
    {"ask-for-key", ask_for_key},
    {"io-uring", io_uring},
    {"page-faults", page_faults},
    {"quotas", quotas},
    {"swap-on", swap_on},
    {"host-name", host_name},
    {"fixed-addresses", fixed_addresses},
    {"adjust-clock", adjust_clock},
    {"hang-up", hang_up},
    {"start-in-another-cgroup", start_in_another_cgroup},
    {"kernel-files-writable", kernel_files_writable, ONCE},
    {"keys-as-x86", keys_as_x86},
    {"bpf-as-x86", bpf_as_x86},
    {"keys-as-x32", keys_as_x32},
    {0},
};
