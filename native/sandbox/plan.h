/*
 * The plan of one sandbox, read from a descriptor as repeated `name NUL value NUL`; docs/launcher.md lists the names.
 * Strings point into `bytes` and live as long as the plan, which is never freed: the process ends in an exec or an exit.
 */
#ifndef TSBUILD_PLAN_H
#define TSBUILD_PLAN_H

#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "failure.h"
#include "subids.h"

/* `items` ends in a NULL that `count` leaves out, as execve wants it. */
struct strings {
  char **items;
  size_t count;
};

enum overlay_interface { OVERLAY_AUTO, OVERLAY_BY_FD, OVERLAY_BY_PATH, OVERLAY_BY_MOUNT };

enum mount_kind { MOUNT_BIND, MOUNT_TMPFS, MOUNT_FILE };

struct mount_request {
  enum mount_kind kind;
  const char *target;
  const char *source; /* bind: a path, or NULL when source_fd is given */
  int source_fd;      /* bind: descriptor of the source, or -1 */
  bool read_only, recursive, nosuid, nodev, noexec;
  bool shifted; /* bind: its owners are ids of the container, to be shifted as those of the root file system */
  uint64_t propagation; /* bind: MS_SLAVE and the like; 0: private */
  const char *size; /* tmpfs: bytes, decimal, or NULL for the kernel's default */
  mode_t mode;      /* tmpfs and file */
  uid_t uid;        /* tmpfs and file */
  gid_t gid;
  uint8_t *content; /* file */
  size_t content_length;
  /* Worked out while the plan is carried out. */
  int tree;       /* detached mount, ready to be attached */
  bool directory; /* what the mount point has to be */
};

/* A resource limit: RLIMIT_* number and values as setrlimit(2) takes them. */
struct limit_request {
  int resource;
  struct rlimit value;
};

/* A seccomp program: from a descriptor, or as bytes when that is -1. */
struct filter_request {
  int fd;
  uint8_t *bytes;
  size_t length;
};

struct plan {
  char *bytes;
  /* Root file system: either an overlay or a directory. */
  struct strings lowers; /* top first */
  const char *upper;
  const char *work;
  bool user_xattrs;
  const char *directory;
  enum overlay_interface overlay_interface;
  /* The command. */
  struct strings arguments;
  struct strings environment;
  const char *cwd;
  uid_t uid;
  gid_t gid;
  gid_t *groups;
  size_t group_count;
  /* A user namespace of its own: what the command's ids are for the caller; empty: it has those of the caller. */
  struct id_map own_uids, own_gids;
  int user_namespace;     /* one with that map, where owners have to be shifted for it; -1: they need not */
  bool root_shifted; /* the root file system shows shifted owners already */
  /* Its surroundings. */
  const char *hostname;
  bool private_network;
  const char *network_path; /* the network namespace to join, or NULL */
  struct mount_request *mounts;
  size_t mount_count;
  struct strings masked;
  struct strings read_only;
  bool writable_sys;
  const char *shm_size; /* bytes, decimal; NULL: 64 MiB */
  struct strings sysctls; /* `NAME=VALUE`, the name a path below /proc/sys */
  struct limit_request limits[RLIM_NLIMITS];
  size_t limit_count;
  struct strings cgroups; /* directories of control groups that it all belongs to */
  cpu_set_t processors;   /* where it may run, when `some_processors` */
  bool some_processors;
  /* What it may do. */
  uint64_t capabilities; /* bit N is capability number N */
  struct filter_request filters[4]; /* installed in this order */
  size_t filter_count;
  /* With a single id: calls that the supervisor answers, and what to install where the kernel cannot hand them to one. -1: neither. */
  int notify_filter, fallback_filter;
  bool no_new_privileges;
  const char *apparmor_profile, *process_label; /* what the command becomes at exec; NULL: nothing is said */
  const char *mount_label;                      /* SELinux context of every file system made here; NULL: none */
  bool single_id;
  bool lenient; /* make do with the namespaces that can be had; a mount namespace is the least */
  /* Supervision. */
  bool terminal; /* a terminal of its own, carried over to the caller's */
  pid_t parent;
  bool new_session;
};

/* Read and validate; after `true` every field a phase uses is there and in range. Stage of each failure: "plan". */
bool plan_read(int fd, struct plan *plan, struct failure *failure);

#endif
