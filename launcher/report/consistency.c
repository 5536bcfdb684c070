// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/consistency.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int contradicts(char *why, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int contradicts(char *why, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, size, fmt, args);
	va_end(args);
	return -1;
}

/* No level may be ready without the one above it. */
static int check_levels(const struct report *r, char *why, size_t size)
{
	for (int i = r->outermost + 1; i <= r->deepest; i++)
		if (r->levels[i].ready && !r->levels[i - 1].ready)
			return contradicts(why, size, "L%d is ready, but L%d above it is not", i,
					   i - 1);
	return 0;
}

static int check_stop(const struct report *r, char *why, size_t size)
{
	if (r->stop_level < r->outermost ||
	    (r->deepest >= r->outermost && r->stop_level > r->deepest + 1))
		return contradicts(why, size, "it stopped at L%d, but its levels are L%d to L%d",
				   r->stop_level, r->outermost, r->deepest);
	if (r->stop == STOP_DEPTH && r->requested != DEPTH_OPEN && r->reached < r->requested)
		return contradicts(why, size,
				   "it says that L%d was reached as requested, but L%d was",
				   r->requested, r->reached);
	return 0;
}

/* The outcome must be the one that report_finish() draws from its levels. */
static int check_outcome(const struct report *r, char *why, size_t size)
{
	struct report *again = malloc(sizeof(*again));
	int err = 0;

	if (!again)
		return contradicts(why, size, "out of memory");
	*again = *r;
	report_finish(again);
	if (again->reached != r->reached)
		err = contradicts(why, size, "it says that L%d was reached, but its levels say L%d",
				  r->reached, again->reached);
	else if (r->ok && !report_came_up(again))
		err = contradicts(why, size, "it says ok, but no level of it came up");
	else if (r->ok && !again->ok) /* not ok may be right: the user may have stopped the run */
		err = contradicts(why, size,
				  "it says ok, but its levels or its stop reason do not");
	free(again);
	return err;
}

int consistency_check(const struct report *r, char *why, size_t size)
{
	if (check_levels(r, why, size) || check_outcome(r, why, size))
		return -1;
	return check_stop(r, why, size);
}
