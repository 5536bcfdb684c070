/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as tests with results: what KTAP, LAVA and KCIDB all say, each in its own form.
 */
#ifndef SUPERNEST_RESULTS_H
#define SUPERNEST_RESULTS_H

#include "report/report.h"

struct test {
	char id[CHECK_ID + 80]; /* [a-z0-9_] */
	int level;		/* that it is about */
	enum result result;
	bool missing; /* it was expected, and nothing came that it could have been done on */
	double value;
	const char *unit, *detail;
};

/* The deepest level that must be ready: the one asked for, or the one that broke. */
int results_last_level(const struct report *r);
/* Whether LEVEL was ready, and when; its check number I.  LEVEL need not have come up. */
void results_ready(const struct report *r, int level, struct test *t);
void results_check(const struct level *lv, int i, struct test *t);
/* Number I of the tests that a program has printed. */
void results_subtest(const struct report *r, int i, struct test *t);
/* Whether it is of this check of this level. */
bool results_is_of(const struct report *r, int i, const struct level *lv, const struct check *k);
/* All of them in order, level by level; the last, `depth`, is the outcome. */
void results_each(const struct report *r, void (*each)(const struct test *t, void *context),
		  void *context);

#endif
