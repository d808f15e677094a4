/* The status descriptor: one JSON object per line, each written by a single write(2). docs/launcher.md has the events. */
#ifndef TSBUILD_STATUS_H
#define TSBUILD_STATUS_H

#include "failure.h"

void status_failed(int fd, const struct failure *failure);
void status_warning(int fd, const char *about);
void status_ready(int fd, int pid);
void status_exited(int fd, int code);
void status_signaled(int fd, int signal);

#endif
