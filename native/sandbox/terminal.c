#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "kernel.h"
#include "supervise.h"

enum {
  END_OF_INPUT = 4, /* what a terminal takes for the end of input: VEOF of a new one */
  HANDED_OVER_MS = 10000,
};

/* ---- inside --------------------------------------------------------------------------------------------------------------------- */

/* One descriptor in one message. */
struct parcel {
  char byte;
  struct iovec part;
  struct msghdr message;
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
};

static void parcel_prepare(struct parcel *parcel) {
  *parcel = (struct parcel){.part = {.iov_base = &parcel->byte, .iov_len = 1}};
  parcel->message = (struct msghdr){
      .msg_iov = &parcel->part, .msg_iovlen = 1, .msg_control = parcel->control.space, .msg_controllen = sizeof parcel->control.space};
}

/* The first terminal of the new /dev/pts, which nobody else could open before. */
static const char TERMINAL[] = "/dev/pts/0";

bool terminal_open(int socket, struct failure *failure) {
  int master = RETRY(open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  int unlocked = 0, number = -1;
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
    return failed(failure, "terminal", "/dev/pts/ptmx");
  if (number != 0) return failed_with(failure, "terminal", EBUSY, TERMINAL, "it is taken already");
  struct parcel parcel;
  parcel_prepare(&parcel);
  struct cmsghdr *header = CMSG_FIRSTHDR(&parcel.message);
  *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof master)};
  memcpy(CMSG_DATA(header), &master, sizeof master);
  if (RETRY(sendmsg(socket, &parcel.message, MSG_NOSIGNAL)) < 0) return failed(failure, "terminal", "");
  close(master);
  close(socket);
  return true;
}

bool terminal_take(uid_t owner, struct failure *failure) {
  if (setsid() < 0) return failed(failure, "terminal", TERMINAL);
  int terminal = RETRY(open(TERMINAL, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (terminal < 0) return failed(failure, "terminal", TERMINAL);
  /* EINVAL and EPERM: there is one id only. */
  if (fchown(terminal, owner, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM) return failed(failure, "terminal", TERMINAL);
  if (ioctl(terminal, TIOCSCTTY, 0) < 0) return failed(failure, "terminal", TERMINAL);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (RETRY(dup2(terminal, fd)) < 0) return failed(failure, "terminal", TERMINAL);
  return true;
}

/* ---- outside -------------------------------------------------------------------------------------------------------------------- */

static void copy_size(int master) {
  struct winsize size;
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) (void)ioctl(master, TIOCSWINSZ, &size);
}

int terminal_receive(int socket) {
  struct parcel parcel;
  parcel_prepare(&parcel);
  int master = -1;
  if (RETRY(recvmsg(socket, &parcel.message, MSG_CMSG_CLOEXEC)) == 1) {
    struct cmsghdr *header = CMSG_FIRSTHDR(&parcel.message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) memcpy(&master, CMSG_DATA(header), sizeof master);
  }
  close(socket);
  if (master < 0) return -1;
  (void)fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
  sigset_t resized;
  sigemptyset(&resized);
  sigaddset(&resized, SIGWINCH);
  sigprocmask(SIG_BLOCK, &resized, NULL);
  copy_size(master);
  return master;
}

int terminal_listen(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return -1;
  if (bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0) return listener;
  int error = errno;
  close(listener);
  errno = error;
  return -1;
}

static bool is_readable(int fd) {
  struct pollfd watched = {.fd = fd, .events = POLLIN};
  return RETRY(poll(&watched, 1, HANDED_OVER_MS)) == 1;
}

int terminal_accept(int listener) {
  int connection = is_readable(listener) ? RETRY(accept4(listener, NULL, NULL, SOCK_CLOEXEC)) : -1;
  if (connection < 0) return -1;
  if (is_readable(connection)) return terminal_receive(connection);
  close(connection);
  return -1;
}

struct relay {
  int master; /* -1 when the last process inside has closed it */
  bool input_open;
  char input[4096];
  size_t pending, sent;
};

/* False when there is nothing more. */
static bool carry_output(int master) {
  char bytes[4096];
  int count = RETRY(read(master, bytes, sizeof bytes));
  if (count < 0 && errno == EAGAIN) return true;
  /* EIO: nobody inside has it open any more. */
  if (count <= 0) return false;
  for (int written = 0; written < count;) {
    int part = RETRY(write(STDOUT_FILENO, bytes + written, (size_t)(count - written)));
    if (part < 0 && errno == EAGAIN) {
      /* The caller's output was made non-blocking by somebody else who has it. */
      struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
      (void)RETRY(poll(&output, 1, -1));
      continue;
    }
    if (part < 0) return true; /* nobody reads: the command goes on, as with a pipe that it ignores */
    written += part;
  }
  return true;
}

static void take_input(struct relay *relay) {
  int count = RETRY(read(STDIN_FILENO, relay->input, sizeof relay->input));
  if (count < 0 && errno == EAGAIN) return;
  relay->sent = 0;
  relay->pending = count > 0 ? (size_t)count : 1;
  if (count > 0) return;
  relay->input_open = false;
  relay->input[0] = END_OF_INPUT;
}

static void carry_input(struct relay *relay) {
  int count = RETRY(write(relay->master, relay->input + relay->sent, relay->pending));
  if (count < 0) {
    if (errno != EAGAIN) relay->pending = 0;
    return;
  }
  relay->sent += (size_t)count;
  relay->pending -= (size_t)count;
}

static void take_signals(int signals, pid_t init, const struct relay *relay) {
  struct signalfd_siginfo info;
  while (RETRY(read(signals, &info, sizeof info)) == (int)sizeof info) {
    if (info.ssi_signo == SIGWINCH) {
      if (relay->master >= 0) copy_size(relay->master);
    } else {
      signal_passed_on((int)info.ssi_signo, info.ssi_code, init);
    }
  }
}

/* What is still on its way when all inside has ended. */
static void drain(struct relay *relay) {
  while (relay->master >= 0) {
    struct pollfd master = {.fd = relay->master, .events = POLLIN};
    if (RETRY(poll(&master, 1, 0)) <= 0 || !carry_output(relay->master)) {
      close(relay->master);
      relay->master = -1;
    }
  }
}

static int relay_until_end(pid_t init, int status, end_check *ended, int signals, struct relay *relay) {
  for (;;) {
    int exit_status = ended(init, status);
    if (exit_status >= 0) {
      drain(relay);
      return exit_status;
    }
    bool wants_input = relay->input_open && relay->pending == 0 && relay->master >= 0;
    struct pollfd watched[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = relay->master, .events = (short)(POLLIN | (relay->pending > 0 ? POLLOUT : 0))},
        {.fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN},
    };
    if (RETRY(poll(watched, 3, -1)) < 0) continue;
    if ((watched[0].revents & POLLIN) != 0) take_signals(signals, init, relay);
    if ((watched[1].revents & POLLOUT) != 0) carry_input(relay);
    if ((watched[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !carry_output(relay->master)) {
      close(relay->master);
      relay->master = -1;
    }
    if (watched[2].revents != 0) take_input(relay);
  }
}

int supervise_terminal(pid_t init, int status, int master, end_check *ended) {
  struct relay relay = {.master = master, .input_open = true};
  sigset_t set;
  signals_watched(&set);
  sigaddset(&set, SIGWINCH);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) return supervise(init, status, ended);
  struct termios before;
  bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  if (is_terminal) {
    struct termios raw = before;
    cfmakeraw(&raw);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  int result = relay_until_end(init, status, ended, signals, &relay);
  if (is_terminal) (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
  close(signals);
  return result;
}
