/* Replace this process by the command of the plan. */
#ifndef TSBUILD_COMMAND_H
#define TSBUILD_COMMAND_H

#include "plan.h"

/* Does not return: when the command cannot be run it says why on standard error and exits with 127 or 126, as a shell does. */
_Noreturn void command_run(const struct plan *plan);

#endif
