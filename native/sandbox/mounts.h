/* Detached mounts: made or cloned here, attached by descriptor, never through a path that is looked up twice. */
#ifndef TSBUILD_MOUNTS_H
#define TSBUILD_MOUNTS_H

#include <stdint.h>

#include "failure.h"

struct option {
  const char *key;
  const char *value; /* NULL: a flag */
};

/* A new file system of `type` as a detached mount, or -1 with errno. `options` ends with a NULL key; `label` is its SELinux context, or NULL. */
int filesystem_create(const char *type, const struct option *options, unsigned attributes, const char *label);

/* A detached, private clone of what `path` beneath `dir` is (empty path: of `dir` itself), or -1 with errno. */
int tree_clone(int dir, const char *path, bool recursive, uint64_t attributes);

/* The same with another propagation, MS_SLAVE for instance: a clone that was private for a moment has lost its peers. */
int tree_clone_propagating(int dir, const char *path, bool recursive, uint64_t attributes, uint64_t propagation);

/* Show the owners of a detached mount as `user_namespace` has them: what is 0 on disk belongs to whom 0 is there. */
bool tree_shift(int tree, bool recursive, int user_namespace);

/* Attach a detached mount on `target`, a descriptor. */
bool tree_attach(int tree, int target);

/* Open a place inside `root` without leaving it, following links but no magic ones; O_PATH. -1 with errno. */
int open_in_root(int root, const char *path);

/* The same, refusing every link on the way. */
int open_without_links(int root, const char *path);

#endif
