/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a machine that runs here has waited for a CPU of ours, because others had them. */
#pragma once

#include "report/level.h"

struct starved {
	double waited_s; /* of all its threads */
};

/*
 * Looks at a process that runs.  To be called while it does, every second or so: a thread that ends takes
 * its figure with it.
 */
void starved_look(struct starved *s, int pid);
/* The share of RUN_S seconds in which the machine's VCPUS waited.  UNKNOWN: the kernel does not count it. */
double starved_share(const struct starved *s, double run_s, int vcpus);
