/* Mode "runtime": run one container by a runtime of OCI, and be the parent that such a runtime leaves it to. */
#ifndef TSBUILD_RUNTIME_H
#define TSBUILD_RUNTIME_H

#include <stdbool.h>

/*
 * `commands` are three command lines with ";" between them, run in the directory `bundle`: create, which writes the container's process id to the
 * file `pid`, start, and delete. With `terminal` create hands one over through the socket `console`, and what it shows is carried to the caller's.
 * Answers the exit status of the launcher as the sandbox mode does; nothing of the container is left then.
 */
int runtime_main(int status_fd, const char *bundle, bool terminal, char **commands);

#endif
