#include "status.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"

static void send_line(int fd, const char *line) {
  /* When nobody reads any more there is nobody left to tell. */
  (void)RETRY(write(fd, line, strlen(line)));
}

/* Bytes above 0x7f go out as they are: paths are mostly UTF-8, and the reader replaces what is not. */
static void quote(const char *text, char *out, size_t size) {
  size_t used = 0;
  for (const unsigned char *at = (const unsigned char *)text; *at != '\0' && used + 8 < size; at++) {
    if (*at == '"' || *at == '\\') {
      out[used++] = '\\';
      out[used++] = (char)*at;
    } else if (*at < 0x20) {
      used += (size_t)snprintf(out + used, size - used, "\\u%04x", *at);
    } else {
      out[used++] = (char)*at;
    }
  }
  out[used] = '\0';
}

void status_failed(int fd, const struct failure *failure) {
  char path[2 * PATH_MAX], detail[1024], line[3 * PATH_MAX];
  quote(failure->path, path, sizeof path);
  quote(failure->detail, detail, sizeof detail);
  snprintf(line, sizeof line, "{\"event\":\"failed\",\"stage\":\"%s\",\"errno\":%d,\"path\":\"%s\",\"detail\":\"%s\"}\n", failure->stage,
           failure->error, path, detail);
  send_line(fd, line);
}

void status_warning(int fd, const char *about) {
  char line[128];
  snprintf(line, sizeof line, "{\"event\":\"warning\",\"about\":\"%s\"}\n", about);
  send_line(fd, line);
}

void status_ready(int fd, int pid) {
  char line[64];
  snprintf(line, sizeof line, "{\"event\":\"ready\",\"pid\":%d}\n", pid);
  send_line(fd, line);
}

void status_answered(int fd, int server) {
  char line[64];
  snprintf(line, sizeof line, "{\"event\":\"answered\",\"server\":%d}\n", server);
  send_line(fd, line);
}

int status_ended(int fd, int result) {
  char line[64];
  if (WIFEXITED(result))
    snprintf(line, sizeof line, "{\"event\":\"exited\",\"code\":%d}\n", WEXITSTATUS(result));
  else
    snprintf(line, sizeof line, "{\"event\":\"signaled\",\"signal\":%d}\n", WTERMSIG(result));
  send_line(fd, line);
  return WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
}
