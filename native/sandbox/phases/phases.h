/*
 * The phases between a plan and its command, in the order in which sandbox.c goes through them. Each one answers false with `failure`
 * filled in; the first that does is the last.
 */
#ifndef TSBUILD_PHASES_H
#define TSBUILD_PHASES_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "../failure.h"
#include "../fake/supervisor.h"
#include "../mount_points.h"
#include "../plan.h"
#include "../privileges.h"

enum { SETUP_FAILED = 125 };

/* What the phases hand to each other. */
struct sandbox {
  struct plan plan;
  struct filters filters;
  struct fake_ids fake; /* with a single id: who answers for the others */
  int status;
  int launcher; /* pidfd of the process outside */
  unsigned long namespaces; /* CLONE_* flags of those it has */
  int terminal[2];          /* the terminal comes out of 0, goes in at 1 */
  sigset_t signals_before;
  int directory;             /* directory root file system: the tree outside, -1 for an overlay */
  int directory_tree;        /* and its detached clone */
  struct mount_point *points; /* /proc, /dev, /sys, then one for each mount of the plan */
  size_t point_count;
  struct made_entries made;
  int mapped[2]; /* with own ids: a byte comes when they are mapped */
  int scratch; /* private tmpfs: mount points of ours, the stub, generated files */
  int root;    /* the new root file system */
  struct failure failure;
};

enum { POINT_PROC, POINT_DEV, POINT_SYS, BUILT_IN_POINTS };

/* ---- outside the namespaces: sources.c, surroundings.c ------------------------------------------------------------------------- */

/* Phase 1: clone what is bound, by descriptor, while this is still the mount namespace the descriptors belong to. */
bool clone_sources(struct sandbox *sandbox);

/* Phase 2: the mount points, and for a directory root file system the missing ones made in it. */
bool list_mount_points(struct sandbox *sandbox);
bool prepare_directory(struct sandbox *sandbox);

/* Enter the network namespace of the plan. */
bool join_network(struct sandbox *sandbox);

/*
 * With a user namespace of its own (ids.c): the root file system, mounted before that namespace is made. Afterwards the maps of the new
 * process, for which it waits.
 */
bool has_own_ids(const struct plan *plan);
bool prepare_own_ids(struct sandbox *sandbox);
bool map_own_ids(struct sandbox *sandbox, pid_t init);
bool await_own_ids(struct sandbox *sandbox);

/* Who root of the container is on the file systems of the caller: not 0 where owners are shifted. */
struct owner container_root(const struct plan *plan);

/*
 * Make files as `owner` from now on, with the capabilities of before; {0, 0} ends it. Who does this no longer dies with its parent: the
 * kernel forgets PR_SET_PDEATHSIG.
 */
bool act_as(struct owner owner);

/* Put the process `init` into the control groups of the plan, which it cannot reach itself. */
bool enter_cgroups(struct sandbox *sandbox, pid_t init);

/* Phase 3, the namespaces, is in sandbox.c. */

/* ---- inside, as PID 1 ---------------------------------------------------------------------------------------------------------- */

/* Phase 4: die with the launcher, and let no mount made here be seen outside; control groups and the loopback device. */
bool settle(struct sandbox *sandbox);
bool join_cgroups(struct sandbox *sandbox);
bool raise_loopback(struct sandbox *sandbox);

/* Phases 5 and 6: a tmpfs of ours, and beneath it the root file system. */
bool mount_scratch(struct sandbox *sandbox);
bool mount_root(struct sandbox *sandbox);

/* Phase 7: what the kernel shows as files. */
bool mount_proc(struct sandbox *sandbox);
bool mount_dev(struct sandbox *sandbox);
bool mount_sys(struct sandbox *sandbox);
bool set_sysctls(struct sandbox *sandbox);

/* Phase 8: the mounts and files of the plan. */
bool mount_requests(struct sandbox *sandbox);

/* Phase 9: paths of the plan that are hidden or read-only. */
bool restrict_kernel_files(struct sandbox *sandbox);

/* Phase 10: the new root file system in the place of the old. */
bool pivot(struct sandbox *sandbox);

/* Phase 11, in a process of its own: what is left before exec, and exec. */
_Noreturn void become_command(struct sandbox *sandbox);

/* ---- what several phases share -------------------------------------------------------------------------------------------------- */

/* MOUNT_ATTR_* of what the plan asks for. */
uint64_t attributes_of(const struct mount_request *mount);

/* Attach `tree` on a mount point of the list. */
bool attach_at_point(struct sandbox *sandbox, int tree, size_t point);

#endif
