#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../kernel.h"
#include "answers.h"
#include "fake_calls.h" /* generated: enum fake_call, FAKE_CALLS */

/* ---- which call ------------------------------------------------------------------------------------------------------------------ */

enum { NUMBERS = 512 };

struct tables {
  uint16_t native[NUMBERS], compat[NUMBERS]; /* 0: not one of ours, else enum fake_call + 1 */
};

#if defined(__x86_64__)
enum { NATIVE = AUDIT_ARCH_X86_64 & 0x7fffffff, COMPAT = AUDIT_ARCH_I386 & 0x7fffffff };
#else
enum { NATIVE = AUDIT_ARCH_AARCH64 & 0x7fffffff, COMPAT = 0 };
#endif

static void fill_tables(struct tables *tables) {
  static const struct {
    uint32_t architecture;
    uint16_t number, call;
  } rows[] = {FAKE_CALLS};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint16_t *table = (rows[i].architecture & 0x7fffffff) == NATIVE   ? tables->native
                      : (rows[i].architecture & 0x7fffffff) == COMPAT ? tables->compat
                                                                       : NULL;
    if (table != NULL && rows[i].number < NUMBERS) table[rows[i].number] = (uint16_t)(rows[i].call + 1);
  }
}

static int find_call(const struct tables *tables, const struct seccomp_data *data, bool *compat) {
  *compat = (data->arch & 0x7fffffff) == COMPAT;
  if (data->nr < 0 || data->nr >= NUMBERS) return -1;
  return (*compat ? tables->compat : tables->native)[data->nr] - 1;
}

/* ---- its answer ------------------------------------------------------------------------------------------------------------------- */

/* On i386 the calls without 32 in their name have ids of 16 bits; the other architectures have only one of each. */
static struct reply answer(const struct call *call, int number) {
  const uint64_t *a = call->arguments;
  bool narrow = call->compat;
  int dir = (int)a[0];
  switch (number) {
    case CALL_chown: return answer_chown(call, AT_FDCWD, a[0], a[1], a[2], 0, narrow);
    case CALL_chown32: return answer_chown(call, AT_FDCWD, a[0], a[1], a[2], 0, false);
    case CALL_lchown: return answer_chown(call, AT_FDCWD, a[0], a[1], a[2], AT_SYMLINK_NOFOLLOW, narrow);
    case CALL_lchown32: return answer_chown(call, AT_FDCWD, a[0], a[1], a[2], AT_SYMLINK_NOFOLLOW, false);
    case CALL_fchownat: return answer_chown(call, dir, a[1], a[2], a[3], (int)a[4], false);
    case CALL_fchown: return answer_fchown(call, narrow);
    case CALL_fchown32: return answer_fchown(call, false);

    case CALL_mknod: return answer_mknod(call, AT_FDCWD, a[0], a[1], a[2]);
    case CALL_mknodat: return answer_mknod(call, dir, a[1], a[2], a[3]);
    case CALL_mkdir: return answer_mkdir(call, AT_FDCWD, a[0], a[1]);
    case CALL_mkdirat: return answer_mkdir(call, dir, a[1], a[2]);
    case CALL_creat: return answer_open(call, AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]);
    case CALL_open: return answer_open(call, AT_FDCWD, a[0], a[1], a[2]);
    case CALL_openat: return answer_open(call, dir, a[1], a[2], a[3]);
    case CALL_openat2: return answer_openat2(call);

    case CALL_getuid: case CALL_getuid32: return answer_get_id(call, false, REAL);
    case CALL_geteuid: case CALL_geteuid32: return answer_get_id(call, false, EFFECTIVE);
    case CALL_getgid: case CALL_getgid32: return answer_get_id(call, true, REAL);
    case CALL_getegid: case CALL_getegid32: return answer_get_id(call, true, EFFECTIVE);
    case CALL_getresuid: return answer_get_ids(call, false, narrow);
    case CALL_getresuid32: return answer_get_ids(call, false, false);
    case CALL_getresgid: return answer_get_ids(call, true, narrow);
    case CALL_getresgid32: return answer_get_ids(call, true, false);
    case CALL_getgroups: return answer_get_groups(call, narrow);
    case CALL_getgroups32: return answer_get_groups(call, false);

    case CALL_setuid: return answer_set_id(call, false, narrow);
    case CALL_setuid32: return answer_set_id(call, false, false);
    case CALL_setgid: return answer_set_id(call, true, narrow);
    case CALL_setgid32: return answer_set_id(call, true, false);
    case CALL_setreuid: return answer_set_re(call, false, narrow);
    case CALL_setreuid32: return answer_set_re(call, false, false);
    case CALL_setregid: return answer_set_re(call, true, narrow);
    case CALL_setregid32: return answer_set_re(call, true, false);
    case CALL_setresuid: return answer_set_res(call, false, narrow);
    case CALL_setresuid32: return answer_set_res(call, false, false);
    case CALL_setresgid: return answer_set_res(call, true, narrow);
    case CALL_setresgid32: return answer_set_res(call, true, false);
    case CALL_setfsuid: return answer_set_file_system(call, false, narrow);
    case CALL_setfsuid32: return answer_set_file_system(call, false, false);
    case CALL_setfsgid: return answer_set_file_system(call, true, narrow);
    case CALL_setfsgid32: return answer_set_file_system(call, true, false);
    case CALL_setgroups: return answer_set_groups(call, narrow);
    case CALL_setgroups32: return answer_set_groups(call, false);

    case CALL_capset: return answer_capset(call);
    case CALL_prctl: return answer_keep_capabilities(call);

    case CALL_execve: return answer_exec(call, AT_FDCWD, a[0], 0);
    case CALL_execveat: return answer_exec(call, dir, a[1], (int)a[4]);

    case CALL_stat: return answer_stat(call, AT_FDCWD, a[0], a[1], 0);
    case CALL_lstat: return answer_stat(call, AT_FDCWD, a[0], a[1], AT_SYMLINK_NOFOLLOW);
    case CALL_fstat: return answer_fstat(call);
    case CALL_newfstatat: return answer_stat(call, dir, a[1], a[2], (int)a[3]);
    case CALL_statx: return answer_statx(call);
    default: return reply_continue();
  }
}

/* ---- the loop --------------------------------------------------------------------------------------------------------------------- */

static void send_reply(const struct supervisor *supervisor, uint64_t id, struct reply reply) {
  struct seccomp_notif_resp response = {.id = id};
  switch (reply.kind) {
    case REPLY_SENT: return;
    case REPLY_CONTINUE: response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE; break;
    case REPLY_ERROR: response.error = (int)-reply.value; break;
    case REPLY_VALUE:
    default: response.val = reply.value; break;
  }
  /* ENOENT: it was killed, or interrupted by a signal and asks again. */
  (void)RETRY(ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
}

/* Nobody is left who could call: on newer kernels the receiving call says so by failing. */
static bool hung_up(int listener) {
  struct pollfd state = {.fd = listener, .events = POLLIN};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static _Noreturn void serve(struct supervisor *supervisor) {
  static struct tables tables;
  fill_tables(&tables);
  /* The answer wakes the caller on this processor: half the time. Linux 6.6. */
  (void)ioctl(supervisor->listener, K_SECCOMP_IOCTL_NOTIF_SET_FLAGS, K_SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  for (;;) {
    /* The kernel refuses a buffer that is not all zeros. */
    struct seccomp_notif request = {.id = 0};
    if (ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) {
      /* ENOENT: the caller was killed between the two halves of this call. */
      if (errno == EINTR || (errno == ENOENT && !hung_up(supervisor->listener))) continue;
      _exit(0);
    }
    uint64_t arguments[6];
    bool compat;
    int number = find_call(&tables, &request.data, &compat);
    /* The upper halves of a 32-bit program's registers say nothing. */
    for (size_t i = 0; i < 6; i++) arguments[i] = compat ? (uint32_t)request.data.args[i] : request.data.args[i];
    struct call call = {.supervisor = supervisor, .id = request.id, .task = (pid_t)request.pid, .arguments = arguments, .compat = compat};
    send_reply(supervisor, request.id, answer(&call, number));
  }
}

/* ---- start and end ---------------------------------------------------------------------------------------------------------------- */

static int receive_descriptor(int socket) {
  char byte;
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control;
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  if (RETRY(recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) <= 0) return -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_type != SCM_RIGHTS) return -1;
  int fd;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

static bool send_descriptor(int socket, int fd) {
  struct iovec data = {.iov_base = "", .iov_len = 1};
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control = {.bytes = {0}};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return RETRY(sendmsg(socket, &message, MSG_NOSIGNAL)) == 1;
}

/* /proc must be that of the pid namespace this process is in, or its numbers mean other processes. */
static bool open_proc(struct supervisor *supervisor) {
  char own[32], number[16];
  ssize_t length = readlink("/proc/self", own, sizeof own - 1);
  snprintf(number, sizeof number, "%d", getpid());
  if (length <= 0) return false;
  own[length] = '\0';
  if (strcmp(own, number) != 0) return false;
  supervisor->proc = RETRY(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  supervisor->self = RETRY(open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return supervisor->proc >= 0 && supervisor->self >= 0;
}

static _Noreturn void become_supervisor(const struct plan *plan, pid_t launcher, int socket) {
  static struct supervisor supervisor;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != launcher) _exit(0);
  /* Files are made with exactly the mode that the caller's umask leaves. */
  umask(0);
  supervisor.capabilities = (uint32_t)plan->capabilities;
  supervisor.no_new_privileges = plan->no_new_privileges;
  struct credentials first = {.groups = plan->groups, .group_count = plan->group_count};
  if (plan->uid == 0) first.permitted = first.effective = supervisor.capabilities;
  for (int kind = 0; kind < ID_KINDS; kind++) {
    first.uid[kind] = plan->uid;
    first.gid[kind] = plan->gid;
  }
  /* What the caller handed to the launcher must not be kept open here, and is of no use. */
  int kept = dup3(socket, 3, O_CLOEXEC) == 3 || socket == 3 ? 3 : -1;
  if (kept < 0 || RETRY(k_close_range(4, ~0u, 0)) < 0 || !open_proc(&supervisor)) _exit(1);
  for (int standard = 0; standard <= 2; standard++) close(standard);
  supervisor.listener = receive_descriptor(kept);
  close(kept);
  if (supervisor.listener < 0 || !credentials_start(&supervisor.credentials, supervisor.proc, &first)) _exit(1);
  serve(&supervisor);
}

void fake_ids_start(const struct plan *plan, struct fake_ids *fake) {
  struct supervisor probe;
  int ends[2];
  *fake = (struct fake_ids){.pid = 0, .socket = -1};
  if (plan->notify_filter < 0) return;
  bool usable = open_proc(&probe);
  if (!usable || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return;
  close(probe.proc);
  close(probe.self);
  pid_t launcher = getpid(), pid = fork();
  if (pid == 0) {
    close(ends[0]);
    become_supervisor(plan, launcher, ends[1]);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return;
  }
  *fake = (struct fake_ids){.pid = pid, .socket = ends[0]};
}

bool fake_ids_install(const struct fake_ids *fake, const struct sock_fprog *program) {
  if (fake->socket < 0) return false;
  /* A call that has been handed over must not be started again by a signal: what was made for it exists. Linux 5.19. */
  int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                              SECCOMP_FILTER_FLAG_NEW_LISTENER | K_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);
  if (listener < 0) listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
  if (listener < 0) return false;
  bool sent = send_descriptor(fake->socket, listener);
  close(listener);
  /* The filter is there for good, and without its supervisor every call it stops fails with ENOSYS. */
  if (!sent) _exit(125);
  return true;
}

void fake_ids_end(const struct fake_ids *fake) {
  if (fake->socket >= 0) close(fake->socket);
  if (fake->pid <= 0) return;
  kill(fake->pid, SIGKILL);
  (void)RETRY(waitpid(fake->pid, NULL, 0));
}
