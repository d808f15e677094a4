/* Mode "runtime": run one container by a runtime of OCI, and be the parent that such a runtime leaves it to. */
#ifndef TSBUILD_RUNTIME_H
#define TSBUILD_RUNTIME_H

/*
 * `commands` are three command lines with ";" between them: create, which writes the container's process id to `pid_file`, start, and
 * delete. Answers the exit status of the launcher as the sandbox mode does; nothing of the container is left then.
 */
int runtime_main(int status_fd, const char *pid_file, char **commands);

#endif
