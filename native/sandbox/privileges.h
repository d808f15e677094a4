/* The last steps before exec: ids, capabilities, limits, filters. */
#ifndef TSBUILD_PRIVILEGES_H
#define TSBUILD_PRIVILEGES_H

#include <linux/filter.h>

#include "fake/supervisor.h"
#include "plan.h"

struct filter_program {
  struct sock_filter *instructions;
  unsigned short length;
};

struct filters {
  struct filter_program own[4];            /* in the order of the plan */
  struct filter_program notify, fallback; /* length 0: none */
};

/* Read the seccomp programs of the plan. Stage: "filter". */
bool filters_read(const struct plan *plan, struct filters *filters, struct failure *failure);

/* Many open files allowed, no core dumps. Stage: "limits". */
bool limits_apply(const struct plan *plan, struct failure *failure);

/* Become the user of the plan with exactly its capabilities, under its filters; warns on `status` when there is no supervisor for ids. Stages: "user", "capabilities", "filter". */
bool privileges_drop(const struct plan *plan, const struct filters *filters, const struct fake_ids *fake, int status, struct failure *failure);

#endif
