#include "ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"
#include "kernel.h"
#include "status.h"
#include "supervise.h"

enum {
  FAILED = 125,
  MAX_SERVERS = 3,      /* MAXNS of resolv.h: a resolver looks at no more */
  DOMAIN_PORT = 53,     /* RFC 1035 section 4.2.1 */
  FIRST_REPEAT_MS = 60, /* a network that was just made loses packets until addresses are resolved */
  MOST_AT_ONCE = 64,    /* a flood of packets does not keep anybody from looking at the clock */
};

/* RFC 1035 section 4.1: a standard query with recursion desired; who serves the root (type NS, class IN). The id comes first. */
static const uint8_t QUESTION[] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};

/* Linux takes a negative descriptor in a poll for one that is not there. */
struct question {
  uint8_t bytes[sizeof QUESTION];
  struct pollfd sockets[MAX_SERVERS];
  int count;
};

static int connect_to(const char *server) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(DOMAIN_PORT)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(DOMAIN_PORT)};
  char address[INET6_ADDRSTRLEN] = "";
  size_t length = strcspn(server, "%");
  if (length < sizeof address) memcpy(address, server, length);
  bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
  if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) return -1;
  if (server[length] == '%') v6.sin6_scope_id = if_nametoindex(server + length + 1);
  int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int connected = fd < 0 ? -1 : is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof v4) : connect(fd, (struct sockaddr *)&v6, sizeof v6);
  if (connected == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What a closed port answers arrives as an error of the next call; the question is repeated in any case. */
static bool has_answer(int fd, const struct question *question) {
  uint8_t answer[512];
  for (int i = 0; i < MOST_AT_ONCE; i++) {
    int count = RETRY(recv(fd, answer, sizeof answer, 0));
    if (count < 0) return false;
    bool is_response = count >= 12 && (answer[2] & 0x80) != 0;
    if (is_response && answer[0] == question->bytes[0] && answer[1] == question->bytes[1]) return true;
  }
  return false;
}

/* The first server that answered; -1: none did. An answer of the first ends it, those of others wait for the ones before. */
static int ask(struct question *question, int64_t deadline) {
  int best = -1;
  int64_t pause = FIRST_REPEAT_MS, repeat = now_ms();
  for (;;) {
    int64_t now = now_ms();
    if (now >= deadline) return best;
    if (now >= repeat) {
      for (int i = 0; i < question->count; i++)
        if (question->sockets[i].fd >= 0) (void)RETRY(send(question->sockets[i].fd, question->bytes, sizeof question->bytes, MSG_NOSIGNAL));
      repeat = now + pause;
      pause *= 2;
    }
    int64_t until = repeat < deadline ? repeat : deadline;
    if (poll(question->sockets, (nfds_t)question->count, (int)(until - now)) <= 0) continue;
    for (int i = 0; i < question->count; i++) {
      struct pollfd *server = &question->sockets[i];
      if (server->revents == 0 || !has_answer(server->fd, question)) continue;
      best = i;
      /* Those behind it are of no interest any more. */
      question->count = i;
    }
    if (question->count == 0) return best;
  }
}

static bool enter_network(const char *path, struct failure *failure) {
  if (strcmp(path, "host") == 0) return true;
  int fd = RETRY(open(path, O_RDONLY | O_CLOEXEC));
  bool entered = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
  if (!entered) failed(failure, "network", path);
  if (fd >= 0) close(fd);
  return entered;
}

int ask_main(int status_fd, const char *network, const char *milliseconds, char **servers) {
  struct failure failure = {.stage = "network"};
  struct question question = {.count = 0};
  k_close_range(3, ~0u, K_CLOSE_RANGE_CLOEXEC);
  if (!die_with_parent(0) || !enter_network(network, &failure)) {
    status_failed(status_fd, &failure);
    return FAILED;
  }
  memcpy(question.bytes, QUESTION, sizeof QUESTION);
  if (getrandom(question.bytes, 2, 0) != 2) return FAILED;
  bool reachable = false;
  for (; servers[question.count] != NULL && question.count < MAX_SERVERS; question.count++) {
    int fd = connect_to(servers[question.count]);
    question.sockets[question.count] = (struct pollfd){.fd = fd, .events = POLLIN};
    reachable = reachable || fd >= 0;
  }
  status_answered(status_fd, reachable ? ask(&question, now_ms() + strtol(milliseconds, NULL, 10)) : -1);
  return 0;
}
