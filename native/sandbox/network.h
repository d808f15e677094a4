/* Mode "network": a network namespace, and the helper program outside that connects it. */
#ifndef TSBUILD_NETWORK_H
#define TSBUILD_NETWORK_H

#include <sys/types.h>

/*
 * Makes a network namespace and starts `helper` for it, in whose arguments %p stands for the process whose namespaces they are, %r for
 * the number of a descriptor and %f for a file, of which one is written to when the network is ready. Then says so on the status
 * descriptor and stays until SIGTERM, the death of `parent`, which started this, or of the helper; nothing of it is left when it has ended.
 */
int network_main(int status_fd, pid_t parent, char **helper);

#endif
