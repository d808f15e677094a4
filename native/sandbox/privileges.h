/* The last steps before exec: ids, capabilities, limits, filters. */
#ifndef TSBUILD_PRIVILEGES_H
#define TSBUILD_PRIVILEGES_H

#include <linux/filter.h>

#include "plan.h"

struct filter_program {
  struct sock_filter *instructions;
  unsigned short length;
};

/* Read the seccomp programs of the plan. Stage: "filter". */
bool filters_read(const struct plan *plan, struct filter_program *programs, struct failure *failure);

/* Many open files allowed, no core dumps. Stage: "limits". */
bool limits_apply(const struct plan *plan, struct failure *failure);

/* Become the user of the plan with exactly its capabilities, under its filters. Stages: "user", "capabilities", "filter". */
bool privileges_drop(const struct plan *plan, const struct filter_program *programs, struct failure *failure);

#endif
