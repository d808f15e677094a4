#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "kernel.h"
#include "status.h"

static bool is_program(size_t size) {
  return size > 0 && size % sizeof(struct sock_filter) == 0 && size / sizeof(struct sock_filter) <= BPF_MAXINSNS;
}

static bool filter_read(int fd, struct filter_program *program, struct failure *failure) {
  struct stat status;
  if (fstat(fd, &status) < 0) return failed(failure, "filter", "");
  size_t size = (size_t)status.st_size;
  if (!is_program(size)) return failed_with(failure, "filter", EINVAL, "", "not a seccomp program");
  *program = (struct filter_program){.instructions = malloc(size), .length = (unsigned short)(size / sizeof(struct sock_filter))};
  if (program->instructions == NULL) return failed(failure, "filter", "");
  /* pread: concurrent sandboxes share the descriptor's position. */
  if (RETRY(pread(fd, program->instructions, size, 0)) != (int)size) return failed_with(failure, "filter", EIO, "", "cut short");
  return true;
}

static bool filter_take(const struct filter_request *request, struct filter_program *program, struct failure *failure) {
  if (request->fd >= 0) return filter_read(request->fd, program, failure);
  if (!is_program(request->length)) return failed_with(failure, "filter", EINVAL, "", "not a seccomp program");
  /* From malloc, so aligned for any type. */
  *program = (struct filter_program){.instructions = (struct sock_filter *)(void *)request->bytes,
                                     .length = (unsigned short)(request->length / sizeof(struct sock_filter))};
  return true;
}

bool filters_read(const struct plan *plan, struct filters *filters, struct failure *failure) {
  for (size_t i = 0; i < plan->filter_count; i++)
    if (!filter_take(&plan->filters[i], &filters->own[i], failure)) return false;
  if (plan->notify_filter >= 0 && !filter_read(plan->notify_filter, &filters->notify, failure)) return false;
  return plan->fallback_filter < 0 || filter_read(plan->fallback_filter, &filters->fallback, failure);
}

bool limits_apply(const struct plan *plan, struct failure *failure) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) < 0) return failed(failure, "limits", "");
  files.rlim_cur = files.rlim_max;
  struct rlimit core = {0, 0};
  if (setrlimit(RLIMIT_NOFILE, &files) < 0 || setrlimit(RLIMIT_CORE, &core) < 0) return failed(failure, "limits", "");
  if (plan->some_processors && sched_setaffinity(0, sizeof plan->processors, &plan->processors) < 0)
    return failed(failure, "limits", "processors");
  for (size_t i = 0; i < plan->limit_count; i++) {
    char resource[16];
    snprintf(resource, sizeof resource, "%d", plan->limits[i].resource);
    if (setrlimit((__rlimit_resource_t)plan->limits[i].resource, &plan->limits[i].value) < 0) return failed(failure, "limits", resource);
  }
  return true;
}

static bool drop_bounding_set(uint64_t keep, struct failure *failure) {
  for (int capability = 0; capability < 64; capability++) {
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0) return true; /* EINVAL: past the kernel's last */
    if ((keep >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) return failed(failure, "capabilities", "");
  }
  return true;
}

static bool set_capabilities(uint64_t permitted, uint64_t effective, struct failure *failure) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {
      {.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
      {.effective = (uint32_t)(effective >> 32), .permitted = (uint32_t)(permitted >> 32)},
  };
  if (syscall(SYS_capset, &header, data) < 0) return failed(failure, "capabilities", "");
  return true;
}

/* A container that tsbuild itself runs in may have fewer capabilities than the plan grants. */
static bool permitted_capabilities(uint64_t *permitted, struct failure *failure) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return failed(failure, "capabilities", "");
  *permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
  return true;
}

static bool set_ids(const struct plan *plan, struct failure *failure) {
  /* One id only: there is no other to become, and setgroups is denied for ever in such a namespace. */
  if (plan->single_id) return true;
  char ids[64];
  snprintf(ids, sizeof ids, "%u:%u", plan->uid, plan->gid);
  if (setgroups(plan->group_count, plan->groups) < 0) return failed(failure, "user", ids);
  if (setresgid(plan->gid, plan->gid, plan->gid) < 0) return failed(failure, "user", ids);
  /* The permitted set outlives the change of user, because the filter still needs CAP_SYS_ADMIN. */
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return failed(failure, "user", ids);
  if (setresuid(plan->uid, plan->uid, plan->uid) < 0) return failed(failure, "user", ids);
  return true;
}

static bool install(const struct filter_program *filter, struct failure *failure) {
  struct sock_fprog program = {.len = filter->length, .filter = filter->instructions};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 || failed(failure, "filter", "");
}

/* Before the filters of the plan, which may forbid what it takes to hand a descriptor over. */
static bool install_fake_ids(const struct filters *filters, const struct fake_ids *fake, int status, struct failure *failure) {
  struct sock_fprog program = {.len = filters->notify.length, .filter = filters->notify.instructions};
  if (program.len > 0 && fake_ids_install(fake, &program)) return true;
  if (filters->fallback.length == 0) return true;
  status_warning(status, "fake-ids");
  return install(&filters->fallback, failure);
}

static bool install_filters(const struct plan *plan, const struct filters *filters, struct failure *failure) {
  for (size_t i = 0; i < plan->filter_count; i++)
    if (!install(&filters->own[i], failure)) return false;
  return true;
}

bool privileges_drop(const struct plan *plan, const struct filters *filters, const struct fake_ids *fake, int status, struct failure *failure) {
  uint64_t system_administration = UINT64_C(1) << CAP_SYS_ADMIN;
  /* With the single id the filters answer set*id and capset themselves, so the capabilities must be final before they are installed,
     which without CAP_SYS_ADMIN asks for no_new_privs. Nothing is lost: there is no other id a set-user-id program could become. */
  bool no_new_privileges = plan->no_new_privileges || plan->single_id;
  bool root = plan->single_id || plan->uid == 0;
  uint64_t permitted = 0;
  if (!permitted_capabilities(&permitted, failure)) return false;
  uint64_t final = root ? plan->capabilities & permitted : 0;

  if (!drop_bounding_set(plan->capabilities, failure)) return false;
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return failed(failure, "capabilities", "");
  if (!set_ids(plan, failure)) return false;
  if (no_new_privileges) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed(failure, "filter", "");
    return set_capabilities(final, final, failure) && install_fake_ids(filters, fake, status, failure) &&
           install_filters(plan, filters, failure);
  }
  return set_capabilities(final | system_administration, system_administration, failure) && install_filters(plan, filters, failure) &&
         set_capabilities(final, final, failure);
}
