/*
 * tsbuild-launch: the part of tsbuild that talks to the kernel about namespaces.
 *
 *   tsbuild-launch enter NODE SCRIPT ARGUMENTS...   start tsbuild, in a user and mount namespace when its command needs one
 *   tsbuild-launch sandbox PLAN-FD STATUS-FD        run one command in a root file system of its own
 *   tsbuild-launch network STATUS-FD PARENT HELPER... a network namespace, connected by a helper, until this is ended
 *   tsbuild-launch ask STATUS-FD NETWORK ...      whether name servers answer from inside a network
 *   tsbuild-launch runtime STATUS-FD BUNDLE ...     run one container by a runtime of OCI
 *
 * docs/launcher.md has the protocol.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "enter.h"
#include "network.h"
#include "runtime.h"
#include "sandbox.h"

static int parse_descriptor(const char *text) {
  char *end;
  long number = strtol(text, &end, 10);
  return *text != '\0' && *end == '\0' && number > 2 && number < INT_MAX ? (int)number : -1;
}

int main(int count, char **arguments) {
  if (count >= 2 && strcmp(arguments[1], "enter") == 0) return enter_main(arguments + 2);
  if (count == 4 && strcmp(arguments[1], "sandbox") == 0) {
    int plan = parse_descriptor(arguments[2]), status = parse_descriptor(arguments[3]);
    if (plan >= 0 && status >= 0) return sandbox_main(plan, status);
  }
  if (count >= 5 && strcmp(arguments[1], "network") == 0) {
    int status = parse_descriptor(arguments[2]);
    if (status >= 0) return network_main(status, (pid_t)strtol(arguments[3], NULL, 10), arguments + 4);
  }
  if (count >= 5 && strcmp(arguments[1], "ask") == 0) {
    int status = parse_descriptor(arguments[2]);
    if (status >= 0) return ask_main(status, arguments[3], arguments[4], arguments + 5);
  }
  if (count >= 6 && strcmp(arguments[1], "runtime") == 0) {
    int status = parse_descriptor(arguments[2]);
    if (status >= 0) return runtime_main(status, arguments[3], strcmp(arguments[4], "terminal") == 0, arguments + 5);
  }
  fprintf(stderr, "usage: tsbuild-launch enter NODE SCRIPT ARGUMENTS... | sandbox PLAN-FD STATUS-FD | network STATUS-FD PARENT HELPER... | ask STATUS-FD NETWORK MILLISECONDS SERVER... | runtime STATUS-FD BUNDLE terminal|outputs ...\n");
  return 125;
}
