/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Known failures of programs and suites: a table of the user's, which a run can write, or the one of kvm-selftests that comes with the
 * command.
 */
#ifndef SUPERNEST_EXPECT_H
#define SUPERNEST_EXPECT_H

#include "report/report.h"
#include "lib/options.h"

struct expectation {
	char suite[CHECK_ID],
		test[64]; /* the program's check and the test's id; "-": the check itself */
	struct levels levels;
	char cpu[60]; /* as expect_cpu() has it, or "any" */
	char reason[80];
};

struct expectations {
	int count;
	struct expectation *known;
};

/* The outermost level's CPU, as in "tcg-svm" and "none-vmx". */
void expect_cpu(const struct report *r, char *buf, size_t size);
/* -1 (printed): PATH cannot be read, or a line of it is malformed. */
int expect_read(struct expectations *e, const char *path);
/* The table that comes with the command.  -1: printed. */
int expect_read_shipped(struct expectations *e);
void expect_free(struct expectations *e);
/* A failure that is known is skipped.  UNEXPECTED hears of each test that passed, although it was to fail. */
void expect_apply(const struct expectations *e, struct report *r,
		  void (*unexpected)(void *context, int level, const char *check, const char *test),
		  void *context);
/* Writes the failures of programs to PATH, those that were known too.  -1: printed. */
int expect_learn(const struct report *r, const char *path);

#endif
