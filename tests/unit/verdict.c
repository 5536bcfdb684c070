// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No evidence makes a run a success unless each level down to the one reached reported ready in this run
 * and, below the outermost, was measured by the level that started it.
 */
#include "test.h"
#include "report/verdict.h"

#define DEEPEST 3
#define RUNS 200000

static struct report r;

static void put_level(int i, bool used, bool ready, bool started, bool sound)
{
	level_init(&r.levels[i], i);
	r.used[i] = used;
	r.levels[i].ready = ready;
	r.levels[i].wall_s = started ? 1 : UNKNOWN;
	r.levels[i].check_count = 1;
	strcpy(r.levels[i].checks[0].id, "clock");
	r.levels[i].checks[0].result = sound ? RESULT_PASS : RESULT_FAIL;
}

/* The condition, written independently of verdict.c. */
static bool may_be_ok(void)
{
	int proved = 0;

	for (int i = r.outermost; i <= DEEPEST && i <= r.reached; i++)
		proved += r.used[i] && r.levels[i].ready && level_sound(&r.levels[i]) &&
			  ((i == r.outermost && r.setup.memory_kib < 0) || r.levels[i].wall_s >= 0);
	if (r.reached < r.outermost || proved != r.reached - r.outermost + 1)
		return false;
	if (r.interrupted || stop_is_failure(r.stop) || r.stop == STOP_NONE)
		return false;
	return r.requested == DEPTH_OPEN || (r.stop == STOP_DEPTH && r.reached >= r.requested);
}

static uint32_t draw(uint32_t *state, uint32_t below)
{
	return scramble(state) % below;
}

static void test_evidence(void **state)
{
	uint32_t random = 14;
	int ok = 0;

	for (int n = 0; n < RUNS; n++) {
		bool mostly = n % 2; /* otherwise hardly any would be ok */

		report_init(&r, (int)draw(&random, DEEPEST + 2) - 1);
		r.outermost = draw(&random, 2);
		r.deepest = (int)draw(&random, DEEPEST + 2) - 1;
		r.reached = draw(&random, DEEPEST + 1);
		r.stop = draw(&random, STOP_COUNT);
		r.stop_level = mostly ? r.reached : (int)draw(&random, DEEPEST + 1);
		r.interrupted = !draw(&random, 8);
		r.setup.memory_kib = draw(&random, 2) ? 1048576 : UNKNOWN;
		for (int i = 0; i <= DEEPEST; i++)
			put_level(i, mostly || draw(&random, 4), mostly || draw(&random, 4),
				  draw(&random, 8), draw(&random, 8));
		if (!verdict_ok(&r))
			continue;
		ok++;
		if (!may_be_ok())
			wrong("case %d is ok", n);
	}
	assert_true(ok > RUNS / 1000); /* otherwise nothing was tested */
}

/* The same by records: a level that is missing, is not ready, or was not started by its parent. */
static void test_one_missing(void **state)
{
	for (int broken = -1; broken <= DEEPEST; broken++)
		for (int how = 0; how < 4; how++) {
			report_init(&r, DEEPEST);
			r.outermost = 0;
			r.deepest = r.reached = r.stop_level = DEEPEST;
			r.stop = STOP_DEPTH;
			r.setup.memory_kib = 1048576;
			for (int i = 0; i <= DEEPEST; i++)
				put_level(i, i != broken || how != 0, i != broken || how != 1,
					  i != broken || how != 2, i != broken || how != 3);
			assert_int_equal(verdict_ok(&r), broken < 0);
		}
	report_init(&r, 0); /* nothing at all */
	r.stop = STOP_DEPTH;
	assert_false(verdict_ok(&r));
}

RUN(T(test_evidence), T(test_one_missing))
