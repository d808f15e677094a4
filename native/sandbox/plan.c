#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "kernel.h"

enum { MAX_PLAN_BYTES = 16 * 1024 * 1024 };

static bool read_all(int fd, char **bytes, size_t *length) {
  size_t capacity = 64 * 1024, used = 0;
  char *buffer = malloc(capacity);
  if (buffer == NULL) return false;
  for (;;) {
    if (used == capacity) {
      if (capacity >= MAX_PLAN_BYTES) {
        errno = E2BIG;
        break;
      }
      char *larger = realloc(buffer, capacity *= 2);
      if (larger == NULL) break;
      buffer = larger;
    }
    int count = RETRY(read(fd, buffer + used, capacity - used));
    if (count < 0) break;
    if (count == 0) {
      *bytes = buffer;
      *length = used;
      return true;
    }
    used += (size_t)count;
  }
  free(buffer);
  return false;
}

static bool append(struct strings *list, char *item) {
  char **items = realloc(list->items, (list->count + 2) * sizeof *items);
  if (items == NULL) return false;
  items[list->count++] = item;
  items[list->count] = NULL;
  list->items = items;
  return true;
}

static bool parse_number(const char *text, int base, unsigned long long limit, unsigned long long *number) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, base);
  if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value > limit) {
    errno = EINVAL;
    return false;
  }
  *number = value;
  return true;
}

static bool parse_flag(const char *text, bool *flag) {
  if (strcmp(text, "1") != 0 && strcmp(text, "0") != 0) {
    errno = EINVAL;
    return false;
  }
  *flag = text[0] == '1';
  return true;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/* Content travels in hexadecimal because a value cannot hold a NUL and a secret may. */
static bool parse_content(const char *hex, uint8_t **bytes, size_t *length) {
  size_t digits = strlen(hex);
  uint8_t *content = malloc(digits / 2 + 1);
  if (content == NULL) return false;
  for (size_t i = 0; i < digits; i += 2) {
    int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) {
      free(content);
      errno = EINVAL;
      return false;
    }
    content[i / 2] = (uint8_t)(high << 4 | low);
  }
  /* A name that comes twice counts the second time. */
  free(*bytes);
  *bytes = content;
  *length = digits / 2;
  return true;
}

static bool begin_mount(struct plan *plan, const char *kind) {
  struct mount_request *mounts = realloc(plan->mounts, (plan->mount_count + 1) * sizeof *mounts);
  if (mounts == NULL) return false;
  plan->mounts = mounts;
  struct mount_request *mount = &mounts[plan->mount_count];
  *mount = (struct mount_request){.source_fd = -1, .tree = -1, .mode = 0755};
  if (strcmp(kind, "bind") == 0) {
    mount->kind = MOUNT_BIND;
  } else if (strcmp(kind, "tmpfs") == 0) {
    mount->kind = MOUNT_TMPFS;
    mount->mode = 01777;
  } else if (strcmp(kind, "file") == 0) {
    mount->kind = MOUNT_FILE;
    mount->mode = 0644;
  } else {
    errno = EINVAL;
    return false;
  }
  plan->mount_count++;
  return true;
}

static bool parse_propagation(const char *value, uint64_t *propagation) {
  static const struct {
    const char *name;
    uint64_t flag;
  } kinds[] = {{"private", MS_PRIVATE}, {"slave", MS_SLAVE}, {"shared", MS_SHARED}, {"unbindable", MS_UNBINDABLE}};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (strcmp(value, kinds[i].name) != 0) continue;
    *propagation = kinds[i].flag;
    return true;
  }
  errno = EINVAL;
  return false;
}

/* The `mount-...` names describe the mount that the last `mount` began. */
static bool parse_mount_entry(struct mount_request *mount, const char *name, char *value) {
  unsigned long long number;
  if (strcmp(name, "mount-target") == 0) {
    mount->target = value;
  } else if (strcmp(name, "mount-source") == 0) {
    mount->source = value;
  } else if (strcmp(name, "mount-source-fd") == 0) {
    if (!parse_number(value, 10, INT_MAX, &number)) return false;
    mount->source_fd = (int)number;
  } else if (strcmp(name, "mount-read-only") == 0) {
    return parse_flag(value, &mount->read_only);
  } else if (strcmp(name, "mount-recursive") == 0) {
    return parse_flag(value, &mount->recursive);
  } else if (strcmp(name, "mount-nosuid") == 0) {
    return parse_flag(value, &mount->nosuid);
  } else if (strcmp(name, "mount-nodev") == 0) {
    return parse_flag(value, &mount->nodev);
  } else if (strcmp(name, "mount-noexec") == 0) {
    return parse_flag(value, &mount->noexec);
  } else if (strcmp(name, "mount-shifted") == 0) {
    return parse_flag(value, &mount->shifted);
  } else if (strcmp(name, "mount-propagation") == 0) {
    return parse_propagation(value, &mount->propagation);
  } else if (strcmp(name, "mount-size") == 0) {
    if (!parse_number(value, 10, LLONG_MAX, &number)) return false;
    mount->size = value;
  } else if (strcmp(name, "mount-mode") == 0) {
    if (!parse_number(value, 8, 07777, &number)) return false;
    mount->mode = (mode_t)number;
  } else if (strcmp(name, "mount-uid") == 0) {
    if (!parse_number(value, 10, UINT_MAX - 1, &number)) return false;
    mount->uid = (uid_t)number;
  } else if (strcmp(name, "mount-gid") == 0) {
    if (!parse_number(value, 10, UINT_MAX - 1, &number)) return false;
    mount->gid = (gid_t)number;
  } else if (strcmp(name, "mount-content") == 0) {
    return parse_content(value, &mount->content, &mount->content_length);
  } else {
    errno = EINVAL;
    return false;
  }
  return true;
}

static bool parse_group(struct plan *plan, const char *value) {
  unsigned long long number;
  if (!parse_number(value, 10, UINT_MAX - 1, &number)) return false;
  gid_t *groups = realloc(plan->groups, (plan->group_count + 1) * sizeof *groups);
  if (groups == NULL) return false;
  groups[plan->group_count++] = (gid_t)number;
  plan->groups = groups;
  return true;
}

/* INSIDE:OUTSIDE:COUNT, in any order that the kernel takes. */
static bool parse_id_range(struct id_map *map, char *value) {
  unsigned long long inner, outer, count;
  char *second = strchr(value, ':');
  char *third = second == NULL ? NULL : strchr(second + 1, ':');
  if (third == NULL || map->count == MAX_EXTENTS) {
    errno = EINVAL;
    return false;
  }
  *second++ = '\0';
  *third++ = '\0';
  if (!parse_number(value, 10, UINT_MAX - 1, &inner) || !parse_number(second, 10, UINT_MAX - 1, &outer) || !parse_number(third, 10, UINT_MAX, &count))
    return false;
  map->extents[map->count++] = (struct extent){(unsigned)inner, (unsigned)outer, (unsigned)count};
  return true;
}

static bool parse_limit_value(const char *text, rlim_t *value) {
  unsigned long long number;
  if (strcmp(text, "unlimited") == 0) {
    *value = RLIM_INFINITY;
    return true;
  }
  if (!parse_number(text, 10, ULLONG_MAX - 1, &number)) return false;
  *value = (rlim_t)number;
  return true;
}

/* RESOURCE:SOFT:HARD */
static bool parse_limit(struct plan *plan, char *value) {
  unsigned long long resource;
  char *soft = strchr(value, ':');
  char *hard = soft == NULL ? NULL : strchr(soft + 1, ':');
  if (hard == NULL || plan->limit_count == RLIM_NLIMITS) {
    errno = EINVAL;
    return false;
  }
  *soft++ = '\0';
  *hard++ = '\0';
  struct limit_request *limit = &plan->limits[plan->limit_count];
  if (!parse_number(value, 10, RLIM_NLIMITS - 1, &resource)) return false;
  if (!parse_limit_value(soft, &limit->value.rlim_cur) || !parse_limit_value(hard, &limit->value.rlim_max)) return false;
  limit->resource = (int)resource;
  plan->limit_count++;
  return true;
}

static bool parse_choice(const char *value, const char *const *choices, int *index) {
  for (*index = 0; choices[*index] != NULL; (*index)++)
    if (strcmp(value, choices[*index]) == 0) return true;
  errno = EINVAL;
  return false;
}

/* An unknown name is refused: a plan for a newer launcher must not run half understood. */
static bool parse_entry(struct plan *plan, const char *name, char *value) {
  static const char *const xattr_families[] = {"trusted", "user", NULL};
  static const char *const networks[] = {"host", "none", NULL};
  static const char *const interfaces[] = {"auto", "fd", "path", "mount", NULL};
  unsigned long long number;
  int choice;

  if (strcmp(name, "version") == 0) {
    if (strcmp(value, "1") == 0) return true;
    errno = EPROTONOSUPPORT;
    return false;
  }
  if (strcmp(name, "lower") == 0) return append(&plan->lowers, value);
  if (strcmp(name, "argument") == 0) return append(&plan->arguments, value);
  if (strcmp(name, "environment") == 0) return append(&plan->environment, value);
  if (strcmp(name, "masked") == 0) return append(&plan->masked, value);
  if (strcmp(name, "read-only") == 0) return append(&plan->read_only, value);
  if (strcmp(name, "group") == 0) return parse_group(plan, value);
  if (strcmp(name, "no-new-privileges") == 0) return parse_flag(value, &plan->no_new_privileges);
  if (strcmp(name, "single-id") == 0) return parse_flag(value, &plan->single_id);
  if (strcmp(name, "writable-sys") == 0) return parse_flag(value, &plan->writable_sys);
  if (strcmp(name, "new-session") == 0) return parse_flag(value, &plan->new_session);
  if (strcmp(name, "lenient") == 0) return parse_flag(value, &plan->lenient);
  if (strcmp(name, "terminal") == 0) return parse_flag(value, &plan->terminal);
  if (strcmp(name, "cgroup") == 0) return append(&plan->cgroups, value);
  if (strcmp(name, "sysctl") == 0) return append(&plan->sysctls, value);
  if (strcmp(name, "mount") == 0) return begin_mount(plan, value);
  if (strcmp(name, "limit") == 0) return parse_limit(plan, value);
  if (strcmp(name, "uid-map") == 0) return parse_id_range(&plan->own_uids, value);
  if (strcmp(name, "gid-map") == 0) return parse_id_range(&plan->own_gids, value);
  if (strcmp(name, "root-shifted") == 0) return parse_flag(value, &plan->root_shifted);

  if (strcmp(name, "upper") == 0) {
    plan->upper = value;
  } else if (strcmp(name, "work") == 0) {
    plan->work = value;
  } else if (strcmp(name, "directory") == 0) {
    plan->directory = value;
  } else if (strcmp(name, "cwd") == 0) {
    plan->cwd = value;
  } else if (strcmp(name, "hostname") == 0) {
    plan->hostname = value;
  } else if (strcmp(name, "shm-size") == 0) {
    if (!parse_number(value, 10, LLONG_MAX, &number)) return false;
    plan->shm_size = value;
  } else if (strcmp(name, "overlay-xattrs") == 0) {
    if (!parse_choice(value, xattr_families, &choice)) return false;
    plan->user_xattrs = choice == 1;
  } else if (strcmp(name, "overlay-interface") == 0) {
    if (!parse_choice(value, interfaces, &choice)) return false;
    plan->overlay_interface = (enum overlay_interface)choice;
  } else if (strcmp(name, "network") == 0) {
    if (!parse_choice(value, networks, &choice)) return false;
    plan->private_network = choice == 1;
  } else if (strcmp(name, "network-path") == 0) {
    plan->network_path = value;
  } else if (strcmp(name, "processor") == 0) {
    if (!parse_number(value, 10, CPU_SETSIZE - 1, &number)) return false;
    CPU_SET((size_t)number, &plan->processors);
    plan->some_processors = true;
  } else if (strcmp(name, "uid") == 0) {
    if (!parse_number(value, 10, UINT_MAX - 1, &number)) return false;
    plan->uid = (uid_t)number;
  } else if (strcmp(name, "gid") == 0) {
    if (!parse_number(value, 10, UINT_MAX - 1, &number)) return false;
    plan->gid = (gid_t)number;
  } else if (strcmp(name, "capability") == 0) {
    if (!parse_number(value, 10, 63, &number)) return false;
    plan->capabilities |= UINT64_C(1) << number;
  } else if (strcmp(name, "filter-fd") == 0) {
    if (!parse_number(value, 10, INT_MAX, &number)) return false;
    if (plan->filter_count == sizeof plan->filters / sizeof plan->filters[0]) {
      errno = E2BIG;
      return false;
    }
    plan->filters[plan->filter_count++] = (struct filter_request){.fd = (int)number};
  } else if (strcmp(name, "filter") == 0) {
    if (plan->filter_count == sizeof plan->filters / sizeof plan->filters[0]) {
      errno = E2BIG;
      return false;
    }
    struct filter_request *filter = &plan->filters[plan->filter_count++];
    *filter = (struct filter_request){.fd = -1};
    return parse_content(value, &filter->bytes, &filter->length);
  } else if (strcmp(name, "apparmor-profile") == 0) {
    plan->apparmor_profile = value;
  } else if (strcmp(name, "process-label") == 0) {
    plan->process_label = value;
  } else if (strcmp(name, "mount-label") == 0) {
    plan->mount_label = value;
  } else if (strcmp(name, "notify-filter-fd") == 0) {
    if (!parse_number(value, 10, INT_MAX, &number)) return false;
    plan->notify_filter = (int)number;
  } else if (strcmp(name, "fallback-filter-fd") == 0) {
    if (!parse_number(value, 10, INT_MAX, &number)) return false;
    plan->fallback_filter = (int)number;
  } else if (strcmp(name, "user-namespace-fd") == 0) {
    if (!parse_number(value, 10, INT_MAX, &number)) return false;
    plan->user_namespace = (int)number;
  } else if (strcmp(name, "parent") == 0) {
    if (!parse_number(value, 10, INT_MAX, &number)) return false;
    plan->parent = (pid_t)number;
  } else if (strncmp(name, "mount-", 6) == 0 && plan->mount_count > 0) {
    return parse_mount_entry(&plan->mounts[plan->mount_count - 1], name, value);
  } else {
    errno = EINVAL;
    return false;
  }
  return true;
}

static bool beneath(const char *path, const char *directory) {
  size_t length = strlen(directory);
  return strncmp(path, directory, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static bool validate(const struct plan *plan, struct failure *failure) {
  if (plan->arguments.count == 0) return failed_with(failure, "plan", EINVAL, "argument", "no command");
  if (plan->cwd == NULL || plan->cwd[0] != '/') return failed_with(failure, "plan", EINVAL, "cwd", "not an absolute path");
  if ((plan->directory != NULL) == (plan->lowers.count > 0 || plan->upper != NULL))
    return failed_with(failure, "plan", EINVAL, "directory", "exactly one kind of root file system is needed");
  if (plan->private_network && plan->network_path != NULL)
    return failed_with(failure, "plan", EINVAL, "network-path", "there is one network only");
  if ((plan->own_uids.count > 0) != (plan->own_gids.count > 0)) return failed_with(failure, "plan", EINVAL, "gid-map", "users and groups go together");
  if (plan->own_uids.count > 0 && plan->single_id) return failed_with(failure, "plan", EINVAL, "uid-map", "there is one id only");
  if (plan->own_uids.count == 0 && plan->user_namespace >= 0) return failed_with(failure, "plan", EINVAL, "user-namespace-fd", "without a map");
  if ((plan->upper == NULL) != (plan->work == NULL)) return failed_with(failure, "plan", EINVAL, "work", "upper and work go together");
  for (size_t i = 0; i < plan->mount_count; i++) {
    const struct mount_request *mount = &plan->mounts[i];
    if (mount->target == NULL || mount->target[0] != '/')
      return failed_with(failure, "plan", EINVAL, mount->target ? mount->target : "mount-target", "not an absolute path");
    /* What lies over /proc decides what masks and /proc/self mean; nothing of the user's may (the class of CVE-2025-52881). */
    if (beneath(mount->target, "/proc"))
      return failed_with(failure, "plan", EPERM, mount->target, "nothing can be mounted on /proc");
    if (mount->kind == MOUNT_BIND && (mount->source != NULL) == (mount->source_fd >= 0))
      return failed_with(failure, "plan", EINVAL, mount->target, "a bind mount has exactly one source");
  }
  return true;
}

bool plan_read(int fd, struct plan *plan, struct failure *failure) {
  size_t length;
  *plan = (struct plan){.notify_filter = -1, .fallback_filter = -1, .user_namespace = -1};
  if (!read_all(fd, &plan->bytes, &length)) return failed(failure, "plan", "");
  if (!append(&plan->environment, NULL)) return failed(failure, "plan", "");
  plan->environment.count = 0;
  char *at = plan->bytes, *end = plan->bytes + length;
  while (at < end) {
    char *name = at;
    char *name_end = memchr(name, '\0', (size_t)(end - name));
    char *value_end = name_end == NULL ? NULL : memchr(name_end + 1, '\0', (size_t)(end - name_end - 1));
    if (value_end == NULL) return failed_with(failure, "plan", EINVAL, "", "cut short");
    if (!parse_entry(plan, name, name_end + 1)) return failed(failure, "plan", name);
    at = value_end + 1;
  }
  return validate(plan, failure);
}
