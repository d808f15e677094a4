#include "enter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "subids.h"

enum { FAILED = 125, COMMAND_NOT_FOUND = 127 };

/* ---- which commands enter ------------------------------------------------------------------------------------------------------ */

/* Commands that extract, mount, run, or remove files owned by mapped ids, and the one that tells how they are mapped. The one table. */
static const char *const MAPPED_COMMANDS[] = {
    "add",   "bud",   "build", "build-using-dockerfile", "cache", "commit", "copy",   "delete", "doctor", "du",   "from", "image",
    "info",  "prune", "rm",    "rmi",                    "run",   "system", "unshare", NULL,
};

/*
 * Of these, those that may have to unmount what `mount` left in the namespace of the caller. They mount nothing that is attached anywhere,
 * so whoever may mount already stays where he is. `mount` and `umount` themselves never enter: what they do must last.
 */
static const char *const UNMOUNTING_COMMANDS[] = {"commit", "delete", "prune", "rm", "rmi", NULL};

/* Global flags whose value is the next argument; written with `=` any flag is one argument. */
static const char *const FLAGS_WITH_VALUE[] = {
    "--cgroup-manager",  "--cpu-profile",         "--default-mounts-file", "--imagestore", "--log-level",      "--memory-profile",
    "--registries-conf", "--registries-conf-dir", "--root",                "--runroot",    "--short-name-alias-conf",
    "--storage-driver",  "--storage-opt",         "--userns-gid-map",      "--userns-uid-map", NULL,
};

static bool listed(const char *const *list, const char *text) {
  for (; *list != NULL; list++)
    if (strcmp(*list, text) == 0) return true;
  return false;
}

/* The first word that is no global flag; NULL when there is none. */
static const char *command_of(char **arguments) {
  for (; *arguments != NULL; arguments++) {
    if ((*arguments)[0] != '-') return *arguments;
    if (listed(FLAGS_WITH_VALUE, *arguments) && *++arguments == NULL) return NULL;
  }
  return NULL;
}

/* ---- environment --------------------------------------------------------------------------------------------------------------- */

/* Node reads the file of this variable at every start, which takes 40 ms; tsbuild reads it at its first TLS connection instead. */
static void postpone_certificates(void) {
  const char *file = getenv("NODE_EXTRA_CA_CERTS");
  if (file == NULL) return;
  setenv("TSBUILD_EXTRA_CA_CERTS", file, 1);
  unsetenv("NODE_EXTRA_CA_CERTS");
}

static void set_number(const char *name, unsigned number) {
  char text[16];
  snprintf(text, sizeof text, "%u", number);
  setenv(name, text, 1);
}

static void describe_ids(const char *mode, const char *problem, uid_t uid, gid_t gid) {
  setenv("TSBUILD_ID_MODE", mode, 1);
  set_number("TSBUILD_ROOTLESS_UID", uid);
  set_number("TSBUILD_ROOTLESS_GID", gid);
  if (problem[0] == '\0') {
    unsetenv("TSBUILD_ID_PROBLEM");
  } else {
    setenv("TSBUILD_ID_PROBLEM", problem, 1);
  }
}

/* ---- ids ------------------------------------------------------------------------------------------------------------------------ */

struct identity {
  uid_t uid;
  gid_t gid;
  char name[256];
  struct id_map present_uids, present_gids;
};

static bool has_capability(int number) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  return syscall(SYS_capget, &header, data) == 0 && (data[number / 32].effective >> (number % 32) & 1) != 0;
}

/*
 * From /etc/passwd and not getpwuid(3): a static program that asks the name service loads shared libraries at run time. Users that
 * other services know have entries by number in /etc/subuid, or $USER names them.
 */
static void find_name(struct identity *identity) {
  FILE *stream = fopen("/etc/passwd", "re");
  if (stream != NULL) {
    struct passwd *entry;
    while ((entry = fgetpwent(stream)) != NULL && entry->pw_uid != identity->uid) continue;
    if (entry != NULL) snprintf(identity->name, sizeof identity->name, "%s", entry->pw_name);
    fclose(stream);
  }
  if (identity->name[0] != '\0') return;
  const char *user = getenv("USER");
  if (user != NULL && user[0] != '\0') {
    snprintf(identity->name, sizeof identity->name, "%s", user);
  } else {
    snprintf(identity->name, sizeof identity->name, "%u", identity->uid);
  }
}

static bool write_file(const char *path, const char *text) {
  int fd = RETRY(open(path, O_WRONLY | O_CLOEXEC));
  if (fd < 0) return false;
  bool written = RETRY(write(fd, text, strlen(text))) == (int)strlen(text);
  int error = errno;
  close(fd);
  errno = error;
  return written;
}

/* This process's own id as 0; the only map that needs nobody's leave. */
static bool map_single(const char *file, unsigned own) {
  char line[32];
  snprintf(line, sizeof line, "0 %u 1\n", own);
  return write_file(file, line);
}

/* ---- the helper, which maps ids from outside the new namespace -------------------------------------------------------------------- */

/* What the helper answers: the exit status of newuidmap and newgidmap, COMMAND_NOT_FOUND when there is none. */
struct map_result {
  int uid_status, gid_status;
};

static pid_t start_mapper(const char *program, pid_t target, const struct id_map *map) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  static char text[3 * MAX_EXTENTS + 2][16];
  static char *arguments[3 * MAX_EXTENTS + 3];
  size_t count = 0;
  arguments[count++] = (char *)program;
  snprintf(text[count], sizeof text[0], "%d", target);
  arguments[count] = text[count];
  count++;
  for (size_t i = 0; i < map->count; i++) {
    const unsigned numbers[] = {map->extents[i].inner, map->extents[i].outer, map->extents[i].count};
    for (size_t j = 0; j < 3; j++) {
      snprintf(text[count], sizeof text[0], "%u", numbers[j]);
      arguments[count] = text[count];
      count++;
    }
  }
  arguments[count] = NULL;
  execvp(program, arguments);
  if (errno == ENOENT || errno == EACCES) {
    /* An ordinary user's PATH may lack the folder, or begin with folders nobody but their owner may search. */
    char path[64];
    snprintf(path, sizeof path, "/usr/bin/%s", program);
    execv(path, arguments);
  }
  _exit(errno == ENOENT ? COMMAND_NOT_FOUND : 126);
}

static int wait_status(pid_t pid) {
  int status;
  if (pid < 0 || RETRY(waitpid(pid, &status, 0)) < 0) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool write_map(const char *file, pid_t target, const struct id_map *map) {
  static char text[MAX_EXTENTS * 36];
  char path[64];
  size_t used = 0;
  for (size_t i = 0; i < map->count; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%u %u %u\n", map->extents[i].inner, map->extents[i].outer, map->extents[i].count);
  snprintf(path, sizeof path, "/proc/%d/%s", target, file);
  return write_file(path, text);
}

/*
 * Wait until `target` has its new namespace (a byte on `go`), map, answer on `result`. A process with CAP_SETUID needs no newuidmap.
 * Both maps are written at the same time: each set-user-id program takes two milliseconds to start.
 */
static _Noreturn void map_from_outside(pid_t target, const struct id_map *uids, const struct id_map *gids, bool privileged, int go, int result) {
  char byte;
  if (RETRY(read(go, &byte, 1)) != 1) _exit(1);
  struct map_result answer;
  if (privileged) {
    answer.uid_status = write_map("uid_map", target, uids) ? 0 : 126;
    answer.gid_status = write_map("gid_map", target, gids) ? 0 : 126;
  } else {
    pid_t uid_mapper = start_mapper("newuidmap", target, uids);
    pid_t gid_mapper = start_mapper("newgidmap", target, gids);
    answer.uid_status = wait_status(uid_mapper);
    answer.gid_status = wait_status(gid_mapper);
  }
  _exit(RETRY(write(result, &answer, sizeof answer)) == (int)sizeof answer ? 0 : 1);
}

/* ---- entering ------------------------------------------------------------------------------------------------------------------- */

static int give_up(const char *what, const char *advice) {
  fprintf(stderr, "tsbuild: cannot %s: %s\n%s", what, strerror(errno), advice);
  return FAILED;
}

static int unshare_user(void) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) return 0;
  if (errno == ENOSPC)
    return give_up("create a user namespace", "Raise the limit: sysctl -w user.max_user_namespaces=15000 user.max_mnt_namespaces=15000\n");
  return give_up("create a user namespace",
                 "The system forbids user namespaces to ordinary users. An administrator allows them with one of\n"
                 "  sysctl -w kernel.unprivileged_userns_clone=1                   (Debian, older kernels)\n"
                 "  sysctl -w kernel.apparmor_restrict_unprivileged_userns=0       (Ubuntu from 24.04)\n"
                 "In a container: run it with --security-opt seccomp=unconfined, or as root with --cap-add SYS_ADMIN\n");
}

static bool become_root_inside(void) {
  return setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0;
}

static int map_single_ids(const struct identity *identity, bool uids_done) {
  /* Until setgroups is denied the kernel lets nobody map a group (user_namespaces(7)). */
  if (!write_file("/proc/self/setgroups", "deny") && errno != ENOENT) return give_up("write /proc/self/setgroups", "");
  if (!uids_done && !map_single("/proc/self/uid_map", identity->uid)) return give_up("write /proc/self/uid_map", "");
  if (!map_single("/proc/self/gid_map", identity->gid)) return give_up("write /proc/self/gid_map", "");
  if (!become_root_inside()) return give_up("become root in the user namespace", "");
  return 0;
}

static void describe_mapper(const struct map_result *result, const char *user, char *problem, size_t size) {
  bool uid_failed = result->uid_status != 0;
  const char *program = uid_failed ? "newuidmap" : "newgidmap";
  int status = uid_failed ? result->uid_status : result->gid_status;
  if (status == COMMAND_NOT_FOUND) {
    snprintf(problem, size, "%s was not found; install the package uidmap (Debian, Ubuntu) or shadow-utils (Fedora)", program);
  } else {
    snprintf(problem, size, "%s failed with status %d; check the entries of %s in /etc/subuid and /etc/subgid, and that %s is set-user-id root",
             program, status, user, program);
  }
}

/* Answers 0 with `problem` empty (mapped) or telling why there is one id only; otherwise an exit status. */
static int enter_user_namespace(const struct identity *identity, char *problem, size_t size) {
  static struct id_map uids, gids;
  bool privileged = identity->uid == 0 && has_capability(CAP_SETUID) && has_capability(CAP_SETGID);
  if (privileged) {
    /* Root without CAP_SYS_ADMIN, as in a container: every id it has, unchanged. */
    uids = identity->present_uids;
    gids = identity->present_gids;
    for (size_t i = 0; i < uids.count; i++) uids.extents[i].outer = uids.extents[i].inner;
    for (size_t i = 0; i < gids.count; i++) gids.extents[i].outer = gids.extents[i].inner;
  } else {
    const char *missing = NULL;
    if (!id_map_from_files_or_service("/etc/subgid", identity->name, identity->uid, identity->gid, &identity->present_gids, &gids)) missing = "/etc/subgid";
    if (!id_map_from_files_or_service("/etc/subuid", identity->name, identity->uid, identity->uid, &identity->present_uids, &uids)) missing = "/etc/subuid";
    if (missing != NULL) {
      snprintf(problem, size, "there is no usable entry for %s in %s; an administrator adds one with: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s",
               identity->name, missing, identity->name);
      int status = unshare_user();
      return status != 0 ? status : map_single_ids(identity, false);
    }
  }

  int go[2], result[2];
  if (pipe2(go, O_CLOEXEC) < 0 || pipe2(result, O_CLOEXEC) < 0) return give_up("make a pipe", "");
  pid_t self = getpid();
  pid_t helper = fork();
  if (helper < 0) return give_up("start a process", "");
  if (helper == 0) {
    /* Its own end of `go` must not keep it waiting when this process has died. */
    close(go[1]);
    close(result[0]);
    map_from_outside(self, &uids, &gids, privileged, go[0], result[1]);
  }
  close(go[0]);
  close(result[1]);
  int status = unshare_user();
  struct map_result answer = {126, 126};
  if (status == 0) {
    if (RETRY(write(go[1], "", 1)) != 1 || RETRY(read(result[0], &answer, sizeof answer)) != (int)sizeof answer)
      answer = (struct map_result){126, 126};
  }
  close(go[1]);
  close(result[0]);
  (void)wait_status(helper);
  if (status != 0) return status;
  if (answer.uid_status == 0 && answer.gid_status == 0)
    return become_root_inside() ? 0 : give_up("become root in the user namespace", "");
  describe_mapper(&answer, identity->name, problem, size);
  return map_single_ids(identity, answer.uid_status == 0);
}

static const char *present_mode(const struct identity *identity) {
  const struct id_map *map = &identity->present_uids;
  /* The initial namespace maps all but the last id to itself. */
  if (map->count == 1 && map->extents[0].inner == 0 && map->extents[0].outer == 0 && map->extents[0].count == UINT32_MAX) return "root";
  return id_map_size(map) == 1 ? "single" : "mapped";
}

/* `unshare --user` without a mapping: every id here is the overflow id, and no process may map one but from outside. */
static int no_ids_here(void) {
  fprintf(stderr, "tsbuild: this user namespace maps no ids, so nothing can be owned in it\n"
                  "Start it with ids, for instance: unshare --map-root-user --user --mount\n");
  return FAILED;
}

static int enter_namespaces(bool unmounts) {
  static struct identity identity;
  char problem[1024] = "";
  identity.uid = geteuid();
  identity.gid = getegid();
  if (!id_map_read("/proc/self/uid_map", &identity.present_uids) || !id_map_read("/proc/self/gid_map", &identity.present_gids))
    return identity.present_uids.count == 0 || identity.present_gids.count == 0
               ? no_ids_here()
               : give_up("read /proc/self/uid_map", "");

  if (has_capability(CAP_SYS_ADMIN)) {
    if (!unmounts && unshare(CLONE_NEWNS) < 0) return give_up("create a mount namespace", "");
    const char *mode = present_mode(&identity);
    const char *outer = getenv("TSBUILD_ROOTLESS_UID");
    const char *outer_group = getenv("TSBUILD_ROOTLESS_GID");
    const char *known_problem = getenv("TSBUILD_ID_PROBLEM");
    /* Inside `tsbuild unshare` the variables are there already and say more than can be seen from here. */
    bool inside = strcmp(mode, "root") != 0 && outer != NULL && outer_group != NULL;
    if (inside && known_problem != NULL) snprintf(problem, sizeof problem, "%s", known_problem);
    describe_ids(mode, problem, inside ? (uid_t)strtoul(outer, NULL, 10) : identity.uid,
                 inside ? (gid_t)strtoul(outer_group, NULL, 10) : identity.gid);
    if (unmounts) return 0;
  } else {
    find_name(&identity);
    int status = enter_user_namespace(&identity, problem, sizeof problem);
    if (status != 0) return status;
    describe_ids(problem[0] == '\0' ? "mapped" : "single", problem, identity.uid, identity.gid);
  }
  /* Slave: what is mounted outside later still appears, what tsbuild mounts stays here. */
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
    return give_up("make the mount namespace private",
                   errno == EACCES ? "A security module forbids mounts in user namespaces; on Ubuntu: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\n" : "");
  return 0;
}

int enter_main(char **arguments) {
  if (arguments[0] == NULL || arguments[1] == NULL) {
    fprintf(stderr, "tsbuild-launch: enter needs a program and a script\n");
    return FAILED;
  }
  postpone_certificates();
  const char *command = command_of(arguments + 2);
  if (command != NULL && listed(MAPPED_COMMANDS, command)) {
    int status = enter_namespaces(listed(UNMOUNTING_COMMANDS, command));
    /* The doctor is asked when this does not work, and says what mends it. */
    if (status != 0 && strcmp(command, "doctor") != 0) return status;
  }
  execvp(arguments[0], arguments);
  int error = errno;
  fprintf(stderr, "tsbuild: cannot run \"%s\": %s\n", arguments[0], strerror(error));
  if (error == ENOENT) fprintf(stderr, "Install Node.js 20.19 or newer, or put it into PATH\n");
  return error == ENOENT ? COMMAND_NOT_FOUND : 126;
}
