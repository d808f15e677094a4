/*
 * Mount points that the image does not have. They must not end in the layer, so they are made in a "stub": a directory on a tmpfs
 * that becomes the topmost lower directory of the overlay. It holds the missing mount points and, with the attributes they have in
 * the image, the directories above them. Nothing is left to clean.
 */
#ifndef TSBUILD_MOUNT_POINTS_H
#define TSBUILD_MOUNT_POINTS_H

#include <stddef.h>
#include <time.h>
#include <sys/types.h>

#include "failure.h"

struct mount_point {
  const char *wanted;   /* as the plan says, absolute */
  bool directory;       /* else a regular file */
  bool links_refused;   /* /proc, /dev, /sys: a link there is an attack, not a choice */
  char *place;          /* absolute inside the root, no links, no dots */
  bool missing;         /* not in the image */
  bool inside_a_mount;  /* beneath another mount point; made when that one is mounted */
};

/* A mount point made in a directory that is itself the root file system, to be removed when the command has ended. */
struct made_entry {
  int parent;
  char *name;
  dev_t device;
  ino_t inode;
  bool directory;
  struct timespec before, after; /* the parent's time before it was made, and as that left it */
};

struct made_entries {
  struct made_entry *items;
  size_t count;
};

/* Work out place, missing and inside_a_mount of each point by looking at `root`. Stage: "mount-point". */
bool mount_points_find(struct mount_point *points, size_t count, int root, struct failure *failure);

struct owner {
  uid_t uid;
  gid_t gid;
};

/* Make what is missing in `stub`, an empty directory, for `owner`, with the attributes that the directories above have in `image`. */
bool mount_points_stub(const struct mount_point *points, size_t count, int stub, int image, struct owner owner, struct failure *failure);

/* Make what is missing in `root` itself and keep a list of it. */
bool mount_points_make(const struct mount_point *points, size_t count, int root, struct made_entries *made, struct failure *failure);

/* Remove what mount_points_make made, as far as it is still that and still empty; a directory that nothing else changed gets its time back. */
void mount_points_remove(const struct made_entries *made);

/*
 * Open a mount point for mounting on it, making it when it lies inside a file system that was mounted before. Never makes anything in
 * the root file system itself. -1 with `failure`; stage: "mount-point".
 */
int mount_point_open(int root, const struct mount_point *point, struct failure *failure);

#endif
