/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as tests with results, which KTAP, LAVA and KCIDB each write in their own form. */
#pragma once

#include "report/report.h"

struct test {
	char id[CHECK_ID + 80]; /* [a-z0-9_] */
	int level;		/* the level that it is about */
	enum result result;
	bool missing; /* it was expected, but the level that it is about never came up */
	double value;
	const char *unit, *detail;
};

/* The deepest level that had to be ready: the one asked for, or the one that broke. */
int results_last_level(const struct report *r);
/*
 * The test that LEVEL was ready, with its time, and the test of check I of LEVEL, which need not have come
 * up.
 */
void results_ready(const struct report *r, int level, struct test *t);
void results_check(const struct level *lv, int i, struct test *t);
/* The test for number I of the tests that programs printed. */
void results_subtest(const struct report *r, int i, struct test *t);
/* Whether that test belongs to this check of this level. */
bool results_is_of(const struct report *r, int i, const struct level *lv, const struct check *k);
/* Calls EACH for all of them, level by level; the last, `depth`, is the outcome. */
void results_each(const struct report *r, void (*each)(const struct test *t, void *context),
		  void *context);
