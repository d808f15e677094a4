/* Which ids a user may map into a user namespace: /etc/subuid and /etc/subgid, cut to what the present namespace has. */
#ifndef TSBUILD_SUBIDS_H
#define TSBUILD_SUBIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct extent {
  unsigned inner, outer, count; /* as in user_namespaces(7): `count` ids from `inner` inside, from `outer` outside */
};

enum { MAX_EXTENTS = 340 }; /* the kernel's limit, user_namespaces(7) */

struct id_map {
  struct extent extents[MAX_EXTENTS];
  size_t count;
};

/* The map of the present namespace, from /proc/self/uid_map or gid_map. */
bool id_map_read(const char *file, struct id_map *map);

/* Number of ids in a map. */
unsigned long long id_map_size(const struct id_map *map);

/*
 * The map for a new namespace: `own` becomes 0, then come the ranges `file` (/etc/subuid or /etc/subgid), or what stands for it in
 * /etc/nsswitch.conf, gives to user `name` (or to its number), as far as
 * `present` has them. False when there is no such range.
 */
bool id_map_from_files_or_service(const char *file, const char *name, uid_t uid, unsigned own, const struct id_map *present, struct id_map *map);

/* The same from the file alone. */
bool id_map_from_subids(const char *file, const char *name, uid_t uid, unsigned own, const struct id_map *present, struct id_map *map);

#endif
