/* The two processes above the command: the launcher outside, which waits for the sandbox, and PID 1 inside, which waits for all. */
#ifndef TSBUILD_SUPERVISE_H
#define TSBUILD_SUPERVISE_H

#include <signal.h>
#include <sys/types.h>

#include "failure.h"

/* Block what is forwarded, so that nothing is lost between here and the loops below; `before` is for the command. */
void signals_block(sigset_t *before);

/* What the command starts with: every signal at its default and none blocked that `before` did not block. */
void signals_restore(const sigset_t *before);

/* Die with the parent, whoever kills it. False when `parent` has gone already. */
bool die_with_parent(pid_t parent);

/*
 * Outside: forward signals to PID 1 and wait for it. SIGUSR1 means "end it now": everything inside is killed, and this process still
 * waits until all of it is gone. Reports a death of PID 1 itself on `status`. Answers the exit status of the launcher.
 */
int supervise_sandbox(pid_t init, int status);

/* The end of PID 1, if it has come: reports a death of its own on `status` and answers the launcher's exit status; -1 before that. */
int sandbox_ended(pid_t init, int status);

/* Pass on a signal that came to the launcher; SIGUSR1 kills all inside. */
void signal_passed_on(int number, int code, pid_t init);

/* The signals that the launcher waits for. */
void signals_watched(sigset_t *set);

/* Adopt what loses its parent, where no process namespace holds it together. */
bool adopt_orphans(void);

/* Kill every child of this process, those it adopts meanwhile included, and wait for all of them. */
void end_children(void);

/* PID 1: forward signals to `command`, reap, report how the command ended on `status`, and exit, which ends whatever it left. Not `alone`:
   without a process namespace of its own it ends them one by one. */
_Noreturn void supervise_command(pid_t command, int status, bool alone);

#endif
