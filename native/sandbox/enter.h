/* Mode "enter": start Node, inside a user and mount namespace of its own when the command needs mapped ids or mounts. */
#ifndef TSBUILD_ENTER_H
#define TSBUILD_ENTER_H

/* `arguments`: the Node program, its script, and tsbuild's own arguments; ends in NULL. Returns only the exit status of a failure. */
int enter_main(char **arguments);

#endif
