#include "move_link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel.h"

/*
 * rtnetlink(7): a move takes an interface's addresses and routes away, so they are read before and written after. What the kernel tells of each is,
 * but for the interface's number, what it takes to make it again: `ip route save` and `restore` lean on that, too.
 */

enum { ENOUGH = 64 * 1024, ANSWER = 32 * 1024 };

struct saved {
  char bytes[ENOUGH];
  size_t length;
};

static int open_netlink(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  if (fd >= 0 && connect(fd, (struct sockaddr *)&kernel, sizeof kernel) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

static struct rtattr *attribute_of(struct nlmsghdr *message, size_t header, int type) {
  int left = (int)(message->nlmsg_len - NLMSG_SPACE(header));
  for (struct rtattr *at = (struct rtattr *)((char *)NLMSG_DATA(message) + NLMSG_ALIGN(header)); RTA_OK(at, left); at = RTA_NEXT(at, left))
    if (at->rta_type == type) return at;
  return NULL;
}

/* True when the kernel has done it. */
static bool request(int fd, struct nlmsghdr *message, uint16_t flags) {
  char answer[ANSWER];
  message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
  message->nlmsg_pid = 0;
  if (RETRY(send(fd, message, message->nlmsg_len, 0)) < 0) return false;
  int length = RETRY(recv(fd, answer, sizeof answer, 0));
  struct nlmsghdr *header = (struct nlmsghdr *)answer;
  if (length < (int)NLMSG_SPACE(sizeof(struct nlmsgerr)) || header->nlmsg_type != NLMSG_ERROR) {
    errno = EPROTO;
    return false;
  }
  errno = -((struct nlmsgerr *)NLMSG_DATA(header))->error;
  return errno == 0;
}

static bool keeps_address(struct nlmsghdr *message, int link) {
  struct ifaddrmsg *address = NLMSG_DATA(message);
  /* The kernel makes those of a link by itself. */
  return message->nlmsg_type == RTM_NEWADDR && (int)address->ifa_index == link && address->ifa_scope != RT_SCOPE_LINK;
}

static bool keeps_route(struct nlmsghdr *message, int link) {
  struct rtmsg *route = NLMSG_DATA(message);
  struct rtattr *out = attribute_of(message, sizeof *route, RTA_OIF);
  return message->nlmsg_type == RTM_NEWROUTE && route->rtm_table == RT_TABLE_MAIN && route->rtm_protocol != RTPROT_KERNEL &&
         (route->rtm_flags & RTM_F_CLONED) == 0 && out != NULL && *(int *)RTA_DATA(out) == link;
}

/* Adds what `keeps` of all that there is of this kind. */
static bool save(int fd, uint16_t type, bool (*keeps)(struct nlmsghdr *, int), int link, struct saved *saved) {
  struct {
    struct nlmsghdr header;
    struct rtgenmsg what;
  } wanted = {{.nlmsg_len = sizeof wanted, .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}, {.rtgen_family = AF_UNSPEC}};
  if (RETRY(send(fd, &wanted, sizeof wanted, 0)) < 0) return false;
  for (;;) {
    char answer[ANSWER];
    int length = RETRY(recv(fd, answer, sizeof answer, 0));
    if (length <= 0) return false;
    for (struct nlmsghdr *at = (struct nlmsghdr *)answer; NLMSG_OK(at, (unsigned)length); at = NLMSG_NEXT(at, length)) {
      if (at->nlmsg_type == NLMSG_DONE) return true;
      if (at->nlmsg_type == NLMSG_ERROR) {
        errno = -((struct nlmsgerr *)NLMSG_DATA(at))->error;
        return false;
      }
      if (!keeps(at, link)) continue;
      if (saved->length + NLMSG_ALIGN(at->nlmsg_len) > sizeof saved->bytes) {
        errno = E2BIG;
        return false;
      }
      memcpy(saved->bytes + saved->length, at, at->nlmsg_len);
      saved->length += NLMSG_ALIGN(at->nlmsg_len);
    }
  }
}

static bool restore_address(int fd, struct nlmsghdr *message, int link) {
  struct ifaddrmsg *address = NLMSG_DATA(message);
  struct rtattr *flags = attribute_of(message, sizeof *address, IFA_FLAGS);
  address->ifa_index = (unsigned)link;
  /* Nobody else is on this link, and an address that is still being looked for cannot be used. */
  address->ifa_flags = (uint8_t)((address->ifa_flags | IFA_F_NODAD) & ~IFA_F_TENTATIVE);
  if (flags != NULL) *(uint32_t *)RTA_DATA(flags) = (*(uint32_t *)RTA_DATA(flags) | IFA_F_NODAD) & ~(uint32_t)IFA_F_TENTATIVE;
  return request(fd, message, NLM_F_CREATE | NLM_F_REPLACE);
}

static bool restore_route(int fd, struct nlmsghdr *message, int link) {
  struct rtmsg *route = NLMSG_DATA(message);
  *(int *)RTA_DATA(attribute_of(message, sizeof *route, RTA_OIF)) = link;
  /* States of the old one, not wishes for the new one. */
  route->rtm_flags &= (unsigned)RTNH_F_ONLINK;
  return request(fd, message, NLM_F_CREATE | NLM_F_REPLACE);
}

/* Routes to a network come before those that lead through a gateway in it. */
static bool restore(int fd, struct saved *saved, int link) {
  for (int through_gateways = 0; through_gateways < 2; through_gateways++) {
    for (size_t at = 0; at < saved->length;) {
      struct nlmsghdr *message = (struct nlmsghdr *)(saved->bytes + at);
      at += NLMSG_ALIGN(message->nlmsg_len);
      bool is_route = message->nlmsg_type == RTM_NEWROUTE;
      bool has_gateway = is_route && attribute_of(message, sizeof(struct rtmsg), RTA_GATEWAY) != NULL;
      if (has_gateway != (through_gateways == 1)) continue;
      if (!(is_route ? restore_route(fd, message, link) : restore_address(fd, message, link))) return false;
    }
  }
  return true;
}

struct link_request {
  struct nlmsghdr header;
  struct ifinfomsg link;
  struct rtattr attribute;
  int namespace;
};

static bool change_link(int fd, int link, unsigned flags, int namespace) {
  struct link_request wanted = {
      .header = {.nlmsg_len = sizeof wanted, .nlmsg_type = RTM_NEWLINK},
      .link = {.ifi_family = AF_UNSPEC, .ifi_index = link, .ifi_flags = flags, .ifi_change = flags},
      .attribute = {.rta_len = RTA_LENGTH(sizeof(int)), .rta_type = IFLA_NET_NS_FD},
      .namespace = namespace,
  };
  if (namespace < 0) wanted.header.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
  return request(fd, &wanted.header, 0);
}

static bool find_link(char name[IF_NAMESIZE]) {
  struct if_nameindex *all = if_nameindex();
  bool found = false;
  for (struct if_nameindex *at = all; at != NULL && at->if_index != 0 && !found; at++) {
    /* There may be tunnels of the kernel's, which it makes in each namespace; the one of a helper came last. */
    if (strcmp(at->if_name, "lo") == 0 || at[1].if_index != 0) continue;
    strcpy(name, at->if_name);
    found = true;
  }
  if (all != NULL) if_freenameindex(all);
  if (!found) errno = ENODEV;
  return found;
}

bool move_link(int from, int to, struct failure *failure) {
  static struct saved saved;
  char name[IF_NAMESIZE] = "";
  if (setns(from, CLONE_NEWNET) < 0 || !find_link(name)) return failed(failure, "network", "");
  int link = (int)if_nametoindex(name), here = open_netlink();
  bool moved = here >= 0 && save(here, RTM_GETADDR, keeps_address, link, &saved) && save(here, RTM_GETROUTE, keeps_route, link, &saved) &&
               change_link(here, link, 0, to);
  int error = errno;
  if (here >= 0) close(here);
  errno = error;
  if (!moved || setns(to, CLONE_NEWNET) < 0) return failed(failure, "network", name);
  link = (int)if_nametoindex(name);
  int there = open_netlink();
  bool restored = there >= 0 && change_link(there, link, IFF_UP, -1) && restore(there, &saved, link);
  error = errno;
  if (there >= 0) close(there);
  errno = error;
  return restored || failed(failure, "network", name);
}
