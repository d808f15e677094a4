/* From the new root to the command: phase 11. */
#include "phases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../command.h"
#include "../kernel.h"
#include "../privileges.h"
#include "../status.h"
#include "../supervise.h"
#include "../terminal.h"

/* Phase 11: through openat2, because a working directory such as /proc/self/fd/5 leads out of the root (CVE-2024-21626). */
static bool enter_working_directory(struct sandbox *sandbox) {
  const char *cwd = sandbox->plan.cwd;
  int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int fd = k_openat2(root, cwd, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_MAGICLINKS);
  if (root < 0 || fd < 0 || fchdir(fd) < 0) return failed(&sandbox->failure, "cwd", cwd);
  char name[PATH_MAX];
  if (syscall(SYS_getcwd, name, sizeof name) < 0 || name[0] != '/')
    return failed_with(&sandbox->failure, "cwd", EXDEV, cwd, "it lies outside the root file system");
  close(fd);
  close(root);
  return true;
}

static bool write_attribute(struct sandbox *sandbox, const char *const *files, const char *text) {
  int fd = -1;
  for (; fd < 0 && *files != NULL; files++) fd = RETRY(open(*files, O_WRONLY | O_CLOEXEC));
  bool written = fd >= 0 && RETRY(write(fd, text, strlen(text))) == (int)strlen(text);
  if (!written) failed(&sandbox->failure, "label", text);
  if (fd >= 0) close(fd);
  return written;
}

/* What a security module shall make of the command when it is started: proc_pid_attr(5). */
static bool set_labels(struct sandbox *sandbox) {
  static const char *const apparmor[] = {"/proc/thread-self/attr/apparmor/exec", "/proc/thread-self/attr/exec", NULL};
  static const char *const selinux[] = {"/proc/thread-self/attr/exec", NULL};
  const struct plan *plan = &sandbox->plan;
  char text[PATH_MAX];
  if (plan->process_label != NULL && !write_attribute(sandbox, selinux, plan->process_label)) return false;
  if (plan->apparmor_profile == NULL) return true;
  int length = snprintf(text, sizeof text, "exec %s", plan->apparmor_profile);
  return (length < (int)sizeof text || failed_with(&sandbox->failure, "label", ENAMETOOLONG, "", "")) && write_attribute(sandbox, apparmor, text);
}

_Noreturn void become_command(struct sandbox *sandbox) {
  const struct plan *plan = &sandbox->plan;
  signals_restore(&sandbox->signals_before);
  if (plan->terminal && !terminal_take(plan->uid, &sandbox->failure)) {
    status_failed(sandbox->status, &sandbox->failure);
    _exit(SETUP_FAILED);
  }
  if (limits_apply(plan, &sandbox->failure) && enter_working_directory(sandbox) && set_labels(sandbox)) {
    /* Belt to the braces of O_CLOEXEC: whatever this program was handed stays out of the command. */
    if (RETRY(k_close_range(3, ~0u, K_CLOSE_RANGE_CLOEXEC)) < 0) {
      failed(&sandbox->failure, "descriptors", "");
    } else if (privileges_drop(plan, &sandbox->filters, &sandbox->fake, sandbox->status, &sandbox->failure)) {
      command_run(plan);
    }
  }
  status_failed(sandbox->status, &sandbox->failure);
  _exit(SETUP_FAILED);
}
