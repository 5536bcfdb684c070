// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/verdict.h"

/*
 * Whether the level's launcher reported ready in this run, all its checks passed, and the one above it
 * started its QEMU.
 */
static bool is_proved(const struct report *r, int level)
{
	const struct level *lv = &r->levels[level];
	bool has_parent = level > r->outermost || r->setup.memory_kib >= 0; /* or a command */

	return r->used[level] && lv->ready && level_sound(lv) && (!has_parent || lv->wall_s >= 0);
}

static bool all_are_proved(const struct report *r)
{
	if (r->outermost < 0 || r->reached < r->outermost || r->reached > r->deepest ||
	    r->deepest > MAX_LEVEL)
		return false;
	for (int i = r->outermost; i <= r->reached; i++)
		if (!is_proved(r, i))
			return false;
	return true;
}

/* Whether it ended as it should: at the depth that was asked for, or for lack of memory or time. */
static bool ended_well(const struct report *r)
{
	if (r->stop == STOP_NONE || stop_is_failure(r->stop) || r->interrupted)
		return false;
	if (r->stop == STOP_DEPTH && r->stop_level != r->reached)
		return false;
	return r->requested == DEPTH_OPEN || (r->stop == STOP_DEPTH && r->reached >= r->requested);
}

bool verdict_ok(const struct report *r)
{
	return all_are_proved(r) && ended_well(r);
}
