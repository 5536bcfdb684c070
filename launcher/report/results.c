// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/results.h"

#include <string.h>

int results_last_level(const struct report *r)
{
	if (r->requested != DEPTH_OPEN)
		return r->requested;
	/* If something broke while the next level came up, that level failed. */
	return stop_is_failure(r->stop) && r->stop_level > r->reached ? r->reached + 1 : r->reached;
}

void results_ready(const struct report *r, int level, struct test *t)
{
	const struct level *lv = level <= r->deepest ? &r->levels[level] : NULL;
	bool ready = lv && lv->ready;
	double s = ready ? level_boot_s(lv) : 0;

	*t = (struct test){ .level = level,
			    .result = ready ? RESULT_PASS : RESULT_FAIL,
			    .missing = !ready,
			    .value = s < 0 ? 0 : s,
			    .unit = "s",
			    .detail = ready ? "" : stop_names[r->stop] };
	format(t->id, sizeof(t->id), "l%d_ready", level);
}

void results_check(const struct level *lv, int i, struct test *t)
{
	const struct check *k = &lv->checks[i];

	*t = (struct test){ .level = lv->level,
			    .result = k->result,
			    .value = k->value,
			    .unit = k->unit,
			    .detail = k->detail };
	format(t->id, sizeof(t->id), "l%d_%s", lv->level, k->id);
}

bool results_is_of(const struct report *r, int i, const struct level *lv, const struct check *k)
{
	const struct subtest *s = &r->subtests[i];

	return s->level == lv->level && !strcmp(s->check, k->id);
}

void results_subtest(const struct report *r, int i, struct test *t)
{
	const struct subtest *s = &r->subtests[i];

	*t = (struct test){ .level = s->level,
			    .result = s->result,
			    .value = s->result == RESULT_PASS,
			    .unit = "bool",
			    .detail = s->detail };
	format(t->id, sizeof(t->id), "l%d_%s_%s", s->level, s->check, s->id);
}

void results_each(const struct report *r, void (*each)(const struct test *t, void *context),
		  void *context)
{
	struct test t;

	for (int i = r->outermost; i <= r->deepest || i <= results_last_level(r); i++) {
		results_ready(r, i, &t);
		each(&t, context);
		for (int c = 0; i <= r->deepest && c < r->levels[i].check_count; c++) {
			results_check(&r->levels[i], c, &t);
			each(&t, context);
			for (int s = 0; s < r->subtest_count; s++) {
				if (!results_is_of(r, s, &r->levels[i], &r->levels[i].checks[c]))
					continue;
				results_subtest(r, s, &t);
				each(&t, context);
			}
		}
	}
	t = (struct test){ .id = "depth",
			   .level = r->reached,
			   .result = r->ok ? RESULT_PASS : RESULT_FAIL,
			   .value = r->reached,
			   .unit = "levels",
			   .detail = r->detail };
	each(&t, context);
}
