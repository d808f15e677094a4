/* The status descriptor: one JSON object per line, each written by a single write(2). docs/launcher.md has the events. */
#ifndef TSBUILD_STATUS_H
#define TSBUILD_STATUS_H

#include "failure.h"

void status_failed(int fd, const struct failure *failure);
void status_warning(int fd, const char *about);
void status_ready(int fd, int pid);
/* `server`: the number of the one that answered, from 0; -1: none did. */
void status_answered(int fd, int server);
/* How a process ended, as waitpid(2) tells it; returns the exit code that says the same, as a shell has it. */
int status_ended(int fd, int result);

#endif
