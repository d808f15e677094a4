/* Asks the kernel for what tests of the sandbox want to see. One word per action, answers on standard output. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <grp.h>

static void say(const char *what, long result) {
  printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
}

static void print_ids(void) {
  uid_t r, e, s;
  gid_t rg, eg, sg, groups[32];
  getresuid(&r, &e, &s);
  getresgid(&rg, &eg, &sg);
  printf("%u %u %u / %u %u %u /", r, e, s, rg, eg, sg);
  int count = getgroups(32, groups);
  for (int i = 0; i < count; i++) printf(" %u", groups[i]);
  printf("\n");
  fflush(stdout);
}

static void show(const char *path) {
  struct stat status;
  struct statx extended;
  if (lstat(path, &status) < 0) {
    say(path, -1);
    return;
  }
  statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &extended);
  printf("%s %o %u:%u %u,%u%s\n", path, status.st_mode, status.st_uid, status.st_gid, major(status.st_rdev), minor(status.st_rdev),
         status.st_uid == extended.stx_uid && status.st_mode == extended.stx_mode ? "" : " statx differs");
}

/* The child of a child whose parent has ended, before either asked who it is. */
static void orphan(void) {
  int ends[2];
  if (pipe(ends) < 0) exit(1);
  if (fork() == 0) {
    if (fork() == 0) {
      char byte;
      close(ends[1]);
      if (read(ends[0], &byte, 1) != 0) exit(1);
      while (syscall(SYS_getppid) != 1) usleep(1000);
      print_ids();
      exit(0);
    }
    _exit(0);
  }
  wait(NULL);
  close(ends[1]);
  close(ends[0]);
  usleep(300000);
}

/* A child that acts only after its parent became somebody else. */
static void late_child(void) {
  int ends[2];
  if (pipe(ends) < 0) exit(1);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    char byte;
    close(ends[1]);
    if (read(ends[0], &byte, 1) != 0) exit(1);
    print_ids();
    exit(0);
  }
  close(ends[0]);
  if (setresuid(9, 9, 9) < 0) exit(1);
  close(ends[1]);
  waitpid(child, NULL, 0);
}

static volatile int stop;
static char *swapped;
static const char *other;

static void *swap_names(void *unused) {
  (void)unused;
  while (!stop) syscall(SYS_renameat2, AT_FDCWD, "/race/name", AT_FDCWD, "/race/link", 2 /* RENAME_EXCHANGE */);
  return NULL;
}

static void *swap_bytes(void *unused) {
  (void)unused;
  while (!stop) {
    strcpy(swapped, "/race/in/file");
    strcpy(swapped, other);
  }
  return NULL;
}

/* chown while another thread exchanges what the path leads through, and what it is. */
static void race(const char *target) {
  pthread_t one, two;
  other = target;
  swapped = calloc(1, 4096);
  pthread_create(&one, NULL, swap_names, NULL);
  pthread_create(&two, NULL, swap_bytes, NULL);
  for (int i = 0; i < 3000; i++) {
    if (chown("/race/name/file", 7, 7) < 0 && errno != ENOENT && errno != EINVAL) say("race", -1);
    chown(swapped, 8, 8);
    int fd = open(swapped, O_CREAT | O_WRONLY, 0644);
    if (fd >= 0) close(fd);
  }
  stop = 1;
  pthread_join(one, NULL);
  pthread_join(two, NULL);
  printf("raced\n");
}

/* Processes that are killed in their calls, so that numbers are used again while answers are on their way. */
static void churn(void) {
  char name[32];
  for (int i = 1; i <= 400; i++) {
    snprintf(name, sizeof name, "/churn/%d", i);
    close(open(name, O_CREAT | O_WRONLY, 0644));
    pid_t child = fork();
    if (child == 0) {
      if (setuid(0) < 0) _exit(1);
      for (;;) chown(name, (uid_t)i, (gid_t)i);
    }
    struct timespec pause = {.tv_nsec = (i % 20) * 20000};
    nanosleep(&pause, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
  }
  printf("churned\n");
}

static void ignore(int signal) {
  (void)signal;
}

static void storm(void) {
  char name[32];
  struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
  struct itimerval often = {.it_interval = {.tv_usec = 50}, .it_value = {.tv_usec = 50}}, never = {{0}, {0}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  int failures = 0;
  for (int i = 0; i < 2000; i++) {
    snprintf(name, sizeof name, "/storm/%d", i);
    if (mkdir(name, 0755) < 0) failures++;
  }
  setitimer(ITIMER_REAL, &never, NULL);
  printf("storm %d\n", failures);
}

static double microseconds(const char *what) {
  struct timespec from, to;
  struct stat status;
  const int count = 20000;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (int i = 0; i < count; i++) {
    if (what[0] == 'c') chown("/bench", 3, (gid_t)(i & 1) + 3);
    if (what[0] == 's') stat("/bench", &status);
    if (what[0] == 'u') syscall(SYS_getuid);
    if (what[0] == 'r') setreuid(0, (uid_t)-1);
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  return ((double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3) / count;
}

int main(int count, char **words) {
  for (int at = 1; at < count; at++) {
    const char *word = words[at];
    const char *next = at + 1 < count ? words[at + 1] : "";
    if (strcmp(word, "ids") == 0) print_ids();
    else if (strcmp(word, "setuid") == 0) say(word, setuid((uid_t)atoi(next))), at++;
    else if (strcmp(word, "setgid") == 0) say(word, setgid((gid_t)atoi(next))), at++;
    else if (strcmp(word, "seteuid") == 0) say(word, seteuid((uid_t)atoi(next))), at++;
    else if (strcmp(word, "setresuid") == 0) say(word, setresuid((uid_t)atoi(next), (uid_t)atoi(words[at + 2]), (uid_t)atoi(words[at + 3]))), at += 3;
    else if (strcmp(word, "setgroups") == 0) {
      gid_t groups[2] = {(gid_t)atoi(next), (gid_t)atoi(words[at + 2])};
      say(word, setgroups(2, groups)), at += 2;
    } else if (strcmp(word, "fsuid") == 0) printf("fsuid %d\n", setfsuid((uid_t)atoi(next))), at++;
    else if (strcmp(word, "keepcaps") == 0) say(word, prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
    else if (strcmp(word, "chown") == 0) say(word, lchown(words[at + 1], (uid_t)atoi(words[at + 2]), (gid_t)atoi(words[at + 3]))), at += 3;
    else if (strcmp(word, "follow") == 0) say(word, chown(next, 5, 5)), at++;
    else if (strcmp(word, "badchown") == 0) say(word, chown((char *)8, 1, 1));
    else if (strcmp(word, "longchown") == 0) {
      char *path = malloc(8192);
      memset(path, 'x', 8191);
      path[8191] = '\0';
      say(word, chown(path, 1, 1));
    } else if (strcmp(word, "chmod") == 0) say(word, chmod(next, (mode_t)strtoul(words[at + 2], NULL, 8))), at += 2;
    else if (strcmp(word, "mknod") == 0) say(word, mknod(next, S_IFBLK | 0640, makedev(8, 300))), at++;
    else if (strcmp(word, "create") == 0) {
      int fd = open(next, O_CREAT | O_EXCL | O_RDWR, 0666);
      say(word, fd), at++;
      say("write", write(fd, "x", 1));
      close(fd);
    } else if (strcmp(word, "unnamed") == 0) {
      char name[64];
      int fd = open("/", O_TMPFILE | O_RDWR, 0600);
      snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
      say(word, fd < 0 ? -1 : linkat(AT_FDCWD, name, AT_FDCWD, next, AT_SYMLINK_FOLLOW)), at++;
    } else if (strcmp(word, "mkdir") == 0) say(word, mkdir(next, 0777)), at++;
    else if (strcmp(word, "umask") == 0) umask((mode_t)strtoul(next, NULL, 8)), at++;
    else if (strcmp(word, "show") == 0) show(next), at++;
    else if (strcmp(word, "orphan") == 0) orphan();
    else if (strcmp(word, "late-child") == 0) late_child();
    else if (strcmp(word, "race") == 0) race(next), at++;
    else if (strcmp(word, "churn") == 0) churn();
    else if (strcmp(word, "storm") == 0) storm();
    else if (strcmp(word, "microseconds") == 0) printf("%s %.2f\n", next, microseconds(next)), at++;
    else if (strcmp(word, "call") == 0) {
      long result = syscall(SYS_getpgid, strtoul(next, NULL, 0));
      printf("%d\n", result < 0 ? errno : 0), at++;
    } else if (strcmp(word, "listen") == 0) {
      /* What an outer container may have done: of listeners there can be one only. */
      struct sock_filter allow = {.code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW};
      struct sock_fprog program = {.len = 1, .filter = &allow};
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
      if (listener < 0 || dup(listener) < 0) say(word, -1);
    } else if (strcmp(word, "exec") == 0) {
      fflush(stdout);
      execv(next, words + at + 1);
      say(word, -1), at++;
    } else return 2;
    fflush(stdout);
  }
  return 0;
}
