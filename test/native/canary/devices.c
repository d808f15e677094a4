#include "canary.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>

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

/* Frames past every rule, and addresses that are not one's own. */
static bool raw_sockets(void) { return socket(AF_PACKET, SOCK_RAW, 0) >= 0 || socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0; }
/* To whoever runs this machine, if it is a virtual one: no network namespace holds these. */
static bool hypervisor_socket(void) { return socket(40 /* AF_VSOCK */, SOCK_STREAM, 0) >= 0 || syscall(SYS_socket, 0x100000028ul, SOCK_STREAM, 0) >= 0; }
static bool host_terminals(void) {
  char path[32];
  for (int i = 0; i < 64; i++) {
    snprintf(path, sizeof path, "/dev/pts/%d", i);
    if (opens(path, O_RDWR | O_NOCTTY)) return true;
  }
  return false;
}

const struct attempt device_attempts[] = {
    {"make-disk", make_disk},
    {"make-memory-device", make_memory_device},
    {"host-devices", host_devices},
    {"type-into-terminal", type_into_terminal},
    {"paste-into-console", paste_into_console},
    {"abstract-socket", abstract_socket},
    {"host-loopback", host_loopback},
    {"see-network-helper", see_network_helper},
    {"reach-builders-processes", reach_builders_processes},
    {"change-network", change_network},
    {"change-network-as-user-root", change_network_as_user_root, ONCE},
    {"replaced-dev", replaced_dev},
    {"replaced-proc", replaced_proc},
    {"raw-sockets", raw_sockets},
    {"hypervisor-socket", hypervisor_socket},
    {"host-terminals", host_terminals},
    {0},
};
