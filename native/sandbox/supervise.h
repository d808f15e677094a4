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

/* The end of what runs inside, if it has come: says on `status` what is not said yet and answers the launcher's exit status; -1 before that. */
typedef int end_check(pid_t init, int status);

/* Of a sandbox of ours, whose PID 1 tells the command's end itself: only a death of its own is reported. */
end_check sandbox_ended;

/* Of a container whose PID 1 is the command; what else became ours when the runtime ended is reaped. */
end_check container_ended;

/*
 * Outside: forward signals to PID 1 and wait for it. SIGUSR1 means "end it now": everything inside is killed, and this process still
 * waits until all of it is gone. Answers the exit status of the launcher.
 */
int supervise(pid_t init, int status, end_check *ended);

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
