/* Mode "sandbox": run one command in a root file system of its own, as the plan says. */
#ifndef TSBUILD_SANDBOX_H
#define TSBUILD_SANDBOX_H

/* Answers the exit status of the launcher: the command's, 128 + signal, or 125 after a failed set-up. */
int sandbox_main(int plan_fd, int status_fd);

#endif
