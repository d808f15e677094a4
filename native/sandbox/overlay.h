/* The overlay mount of a root file system, by whichever of the kernel's three interfaces works. */
#ifndef TSBUILD_OVERLAY_H
#define TSBUILD_OVERLAY_H

#include "plan.h"

struct overlay {
  const int *lowers; /* O_PATH descriptors, top first; at least two when there is no upper */
  size_t lower_count;
  int upper, work; /* -1: a read-only overlay */
  bool user_xattrs;
  enum overlay_interface interface;
  const char *context; /* SELinux: of every file, or NULL */
  const char *label;   /* the path a failure names */
};

/*
 * Mount and attach on the directory `name` of `parent`; answers the root of the mount, -1 with `failure` filled in. Stage: "overlay".
 */
int overlay_mount(const struct overlay *overlay, int parent, const char *name, struct failure *failure);

/* Forget the mark a volatile mount leaves: with it the kernel refuses the same work directory a second time. */
void overlay_forget_volatile(int work);

#endif
