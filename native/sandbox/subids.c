#include "subids.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
