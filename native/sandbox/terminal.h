/* A terminal inside the sandbox, and the process outside that carries it over to the caller's. */
#ifndef TSBUILD_TERMINAL_H
#define TSBUILD_TERMINAL_H

#include <sys/types.h>

#include "failure.h"
#include "supervise.h"

/* Inside, when /dev is there: open a terminal and hand its far side to the launcher through `socket`. Stage: "terminal". */
bool terminal_open(int socket, struct failure *failure);

/* In the command, as its own session: make that terminal its own, and standard input, output and error. Stage: "terminal". */
bool terminal_take(uid_t owner, struct failure *failure);

/*
 * Outside: the far side of a terminal inside, which comes through `socket`, sized like the caller's; -1: none came. Closes `socket`. Later changes
 * of the caller's size wait for supervise_terminal.
 */
int terminal_receive(int socket);

/* Outside: a socket in the working directory by which a runtime of OCI hands over a terminal; -1: errno says why not. */
int terminal_listen(const char *name);

/* The same from a runtime that has connected to `listener`, or does in the next seconds. */
int terminal_accept(int listener);

/*
 * Outside: as supervise, and meanwhile carry bytes between standard input and output and `master`, which is closed.
 * The caller's terminal is raw until the end, and its size is kept that of the one inside. All output was delivered when this returns.
 */
int supervise_terminal(pid_t init, int status, int master, end_check *ended);

#endif
