/* A terminal inside the sandbox, and the process outside that carries it over to the caller's. */
#ifndef TSBUILD_TERMINAL_H
#define TSBUILD_TERMINAL_H

#include <sys/types.h>

#include "failure.h"

/* Inside, when /dev is there: open a terminal and hand its far side to the launcher through `socket`. Stage: "terminal". */
bool terminal_open(int socket, struct failure *failure);

/* In the command, as its own session: make that terminal its own, and standard input, output and error. Stage: "terminal". */
bool terminal_take(uid_t owner, struct failure *failure);

/*
 * Outside: as supervise_sandbox, and meanwhile carry bytes between standard input and output and the terminal that comes through `socket`.
 * The caller's terminal is raw until the end, and its size is kept that of the one inside. All output was delivered when this returns.
 */
int supervise_terminal(pid_t init, int status, int socket);

#endif
