/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that a program leaves running: they started after it, in other sessions than ours. */
#pragma once

#include "lib/system.h"

struct leftover {
	unsigned long long since; /* in the clock of /proc/PID/stat */
};

/* Counts processes from now on; our own session is spared. */
void leftover_begin(struct leftover *l);
/* Kills them all, within a bounded time.  Returns the number of those that are still there. */
int leftover_kill(const struct appliance *a, const struct leftover *l);
