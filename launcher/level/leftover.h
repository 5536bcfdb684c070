/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program leaves running: processes that began after it, in other sessions than ours.
 */
#ifndef SUPERNEST_LEFTOVER_H
#define SUPERNEST_LEFTOVER_H

#include "lib/system.h"

struct leftover {
	unsigned long long since; /* on the clock that /proc/PID/stat has */
};

/* From now on; our own session is spared. */
void leftover_begin(struct leftover *l);
/* Kills all of them.  Returns how many are still there after a bounded time. */
int leftover_kill(const struct appliance *a, const struct leftover *l);

#endif
