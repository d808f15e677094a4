/* An interface of one network namespace, carried to another with its addresses and routes. */
#ifndef TSBUILD_MOVE_LINK_H
#define TSBUILD_MOVE_LINK_H

#include "failure.h"

/*
 * Moves the one interface that is not loopback from the namespace of the descriptor `from` to that of `to`. The caller ends in `to`. Stage: "network".
 */
bool move_link(int from, int to, struct failure *failure);

#endif
