/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Known failures of programs and suites: the user's table, which a run can write, or the shipped table for
 * kvm-selftests.
 */
#pragma once

#include "report/lines.h"
#include "report/report.h"
#include "lib/options.h"

struct expectation {
	char suite[CHECK_ID],
		test[64]; /* the program's check, and the test's id or "-" for the check itself */
	struct levels levels;
	char cpu[60]; /* as in "tcg-svm", or "any" */
	char reason[80];
};

struct expectations {
	int count;
	struct expectation *known;
};

/* Reads a table.  -1 (printed) if PATH cannot be read or a line is malformed. */
int expect_read(struct expectations *e, const char *path);
/* Reads the shipped table.  -1 (printed) on failure. */
int expect_read_shipped(struct expectations *e);
/* Reads the user's table, or that of a suite that has one, and says which.  -1 (printed) on failure. */
int expect_begin(struct expectations *e, const struct options *asked, const struct lines *lines);
void expect_free(struct expectations *e);
/*
 * Turns known failures into skips.  Calls UNEXPECTED for each test that passed although its failure is
 * known.
 */
void expect_apply(const struct expectations *e, struct report *r,
		  void (*unexpected)(void *context, int level, const char *check, const char *test),
		  void *context);
/* Writes the failures of programs, also those that were known, to PATH.  -1 (printed) on failure. */
int expect_learn(const struct report *r, const char *path);
/* At a run's end: does both, as far as the options ask for it.  -1 (printed) on failure. */
int expect_end(const struct expectations *e, struct report *r, const struct options *asked,
	       const struct lines *lines);
