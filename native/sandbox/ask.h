/* Whether name servers answer from inside a network. */
#ifndef TSBUILD_ASK_H
#define TSBUILD_ASK_H

/*
 * tsbuild-launch ask STATUS-FD NETWORK MILLISECONDS SERVER...: a question to each server, and which is the first of them that answers. NETWORK
 * is the path of a network namespace, or "host". Any answer counts, also that there is no such name.
 */
int ask_main(int status_fd, const char *network, const char *milliseconds, char **servers);

#endif
