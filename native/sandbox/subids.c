#include "subids.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"

bool id_map_read(const char *file, struct id_map *map) {
  map->count = 0;
  FILE *stream = fopen(file, "re");
  if (stream == NULL) return false;
  struct extent extent;
  while (map->count < MAX_EXTENTS && fscanf(stream, "%u %u %u", &extent.inner, &extent.outer, &extent.count) == 3)
    map->extents[map->count++] = extent;
  fclose(stream);
  return map->count > 0;
}

unsigned long long id_map_size(const struct id_map *map) {
  unsigned long long size = 0;
  for (size_t i = 0; i < map->count; i++) size += map->extents[i].count;
  return size;
}

static void append(struct id_map *map, unsigned long long outer, unsigned long long count) {
  if (count == 0 || map->count == MAX_EXTENTS) return;
  unsigned long long inner = id_map_size(map);
  if (inner + count > UINT_MAX) return;
  map->extents[map->count++] = (struct extent){.inner = (unsigned)inner, .outer = (unsigned)outer, .count = (unsigned)count};
}

/*
 * Add [first, end) cut to the extents of the present namespace: the kernel refuses an extent that does not lie inside one of them
 * (EPERM). `own` is left out, because it is 0 already and an id can be mapped once only.
 */
static void append_range(struct id_map *map, unsigned long long first, unsigned long long end, unsigned own, const struct id_map *present) {
  for (size_t i = 0; i < present->count; i++) {
    const struct extent *extent = &present->extents[i];
    unsigned long long low = first > extent->inner ? first : extent->inner;
    unsigned long long extent_end = (unsigned long long)extent->inner + extent->count;
    unsigned long long high = end < extent_end ? end : extent_end;
    if (low >= high) continue;
    if (own >= low && own < high) {
      append(map, low, own - low);
      append(map, own + 1ull, high - own - 1ull);
    } else {
      append(map, low, high - low);
    }
  }
}

static bool parse_number(const char *text, unsigned long long *number) {
  char *end;
  *number = strtoull(text, &end, 10);
  return end != text && (*end == '\0' || *end == '\n') && *number <= UINT_MAX;
}

bool id_map_from_subids(const char *file, const char *name, uid_t uid, unsigned own, const struct id_map *present, struct id_map *map) {
  map->count = 0;
  append(map, own, 1);
  FILE *stream = fopen(file, "re");
  if (stream == NULL) return false;
  char line[512], number[16];
  snprintf(number, sizeof number, "%u", uid);
  while (fgets(line, sizeof line, stream) != NULL) {
    /* name-or-number:first:count, subuid(5) */
    char *first_text = strchr(line, ':');
    if (first_text == NULL) continue;
    *first_text++ = '\0';
    if (strcmp(line, name) != 0 && strcmp(line, number) != 0) continue;
    char *count_text = strchr(first_text, ':');
    if (count_text == NULL) continue;
    *count_text++ = '\0';
    unsigned long long first, count;
    if (parse_number(first_text, &first) && parse_number(count_text, &count)) append_range(map, first, first + count, own, present);
  }
  fclose(stream);
  return map->count > 1;
}

/* `subid: sss` and the like: the ranges are somewhere else (nsswitch.conf(5) of shadow-utils). */
static bool has_service(void) {
  FILE *stream = fopen("/etc/nsswitch.conf", "re");
  if (stream == NULL) return false;
  char line[512], service[64];
  bool found = false;
  while (!found && fgets(line, sizeof line, stream) != NULL)
    found = sscanf(line, " subid : %63s", service) == 1 && strcmp(service, "files") != 0 && service[0] != '#';
  fclose(stream);
  return found;
}

static _Noreturn void become_getsubids(bool groups, const char *name, int output) {
  char *arguments[4];
  size_t count = 0;
  arguments[count++] = (char *)"getsubids";
  if (groups) arguments[count++] = (char *)"-g";
  arguments[count++] = (char *)name;
  arguments[count] = NULL;
  if (dup2(output, STDOUT_FILENO) >= 0) {
    execvp(arguments[0], arguments);
    execv("/usr/bin/getsubids", arguments);
  }
  _exit(127);
}

/* Lines such as `0: name 100000 65536`. Services are libraries, which a static program does not load: getsubids(1) asks them. */
static bool id_map_from_service(bool groups, const char *name, unsigned own, const struct id_map *present, struct id_map *map) {
  int ends[2];
  map->count = 0;
  append(map, own, 1);
  if (pipe2(ends, O_CLOEXEC) < 0) return false;
  pid_t pid = fork();
  if (pid == 0) become_getsubids(groups, name, ends[1]);
  close(ends[1]);
  FILE *stream = fdopen(ends[0], "r");
  char line[512];
  unsigned long long first, count;
  while (stream != NULL && fgets(line, sizeof line, stream) != NULL)
    if (sscanf(line, "%*u: %*s %llu %llu", &first, &count) == 2 && first <= UINT_MAX && count <= UINT_MAX)
      append_range(map, first, first + count, own, present);
  if (stream != NULL) {
    fclose(stream);
  } else {
    close(ends[0]);
  }
  if (pid > 0) (void)RETRY(waitpid(pid, NULL, 0));
  return map->count > 1;
}

bool id_map_from_files_or_service(const char *file, const char *name, uid_t uid, unsigned own, const struct id_map *present, struct id_map *map) {
  if (has_service() && id_map_from_service(strcmp(file, "/etc/subgid") == 0, name, own, present, map)) return true;
  return id_map_from_subids(file, name, uid, own, present, map);
}
