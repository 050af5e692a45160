// SPDX-License-Identifier: Apache-2.0
//
// The processors that the system schedules this process on.

#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif

#include "CRetortKernels.h"

int rk_bound_processors(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return 0;
}
