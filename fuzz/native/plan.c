/*
 * Fuzz target: the launcher's reader of plans. Whatever the bytes, it either refuses them with a stage, or gives a plan that
 * holds what the phases after it rely on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "plan_read() accepted a plan whose %s is wrong\n", what);
  abort();
}

static void check(const struct plan *plan) {
  demand(plan->arguments.count > 0 && plan->arguments.items[plan->arguments.count] == NULL, "argument list");
  demand(plan->environment.items[plan->environment.count] == NULL, "environment");
  demand(plan->cwd != NULL && plan->cwd[0] == '/', "working directory");
  demand(plan->limit_count <= RLIM_NLIMITS, "number of limits");
  demand(plan->filter_count <= sizeof plan->filters / sizeof plan->filters[0], "number of filters");
  demand((plan->directory != NULL) != (plan->lowers.count > 0 || plan->upper != NULL), "root file system");
  demand((plan->upper == NULL) == (plan->work == NULL), "work directory");
  for (size_t i = 0; i < plan->limit_count; i++)
    demand(plan->limits[i].resource >= 0 && plan->limits[i].resource < RLIM_NLIMITS, "limit");
  for (size_t i = 0; i < plan->mount_count; i++) {
    const struct mount_request *mount = &plan->mounts[i];
    demand(mount->target != NULL && mount->target[0] == '/', "mount target");
    demand(strcmp(mount->target, "/proc") != 0 && strncmp(mount->target, "/proc/", 6) != 0, "mount on /proc");
    demand(mount->kind != MOUNT_BIND || (mount->source != NULL) != (mount->source_fd >= 0), "mount source");
  }
}

/* The launcher itself never frees a plan; here it would add up over millions. */
static void release(struct plan *plan) {
  for (size_t i = 0; i < plan->mount_count; i++) free(plan->mounts[i].content);
  for (size_t i = 0; i < plan->filter_count; i++) free(plan->filters[i].bytes);
  free(plan->mounts);
  free(plan->groups);
  free(plan->lowers.items);
  free(plan->arguments.items);
  free(plan->environment.items);
  free(plan->masked.items);
  free(plan->read_only.items);
  free(plan->cgroups.items);
  free(plan->sysctls.items);
  free(plan->bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int fd = -1;
  if (fd < 0) fd = memfd_create("plan", 0);
  if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0) abort();
  static struct plan plan;
  static struct failure failure;
  failure.stage = NULL;
  if (plan_read(fd, &plan, &failure)) {
    check(&plan);
  } else {
    demand(failure.stage != NULL && strcmp(failure.stage, "plan") == 0, "failure");
  }
  release(&plan);
  return 0;
}
