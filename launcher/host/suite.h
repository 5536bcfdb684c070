/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suites of tests: what they consist of, and the script by which a level runs them (level/suite_test.h).
 */
#ifndef SUPERNEST_SUITE_H
#define SUPERNEST_SUITE_H

#include "lib/base.h"

#define SUITE_NAME 25
#define SUITE_PATH 900
#define SUITE_LINE 2048 /* of a value in unittests.cfg */
#define SUITE_CONFIG "unittests.cfg"
/* Commands of a level (level/suite_test.h) */
#define SUITE_RUNNER "/init test"
#define SUITE_GUEST "/init guest"

struct suite {
	char name[SUITE_NAME]; /* of its check: [a-z0-9_] */
	char dir[SUITE_PATH];
	char words[1024];    /* tests and groups of them, a blank between two; "": all */
	const char *foreign; /* how tests of another CPU begin, or NULL */
	char *config;	     /* SUITE_CONFIG as it is, or NULL: all that is in DIR */
};

/* By "NAME:WORD,WORD" as in --suite, for a CPU with VIRT, svm or vmx.  -1 (printed): there is no such suite. */
int suite_open(struct suite *s, const char *asked, const char *virt);
void suite_close(struct suite *s);
/* Of one without a configuration: whether a level needs the file NAME, which is relative to DIR. */
bool suite_needs(const struct suite *s, const char *name);
/* A section of unittests.cfg: its values as they stand there, or "". */
struct suite_test {
	char name[SUITE_LINE], file[SUITE_LINE], groups[SUITE_LINE], arch[SUITE_LINE],
		accel[SUITE_LINE], machine[SUITE_LINE], check[SUITE_LINE], smp[SUITE_LINE],
		timeout[SUITE_LINE], args[SUITE_LINE], params[SUITE_LINE];
};

/* Of one with a configuration: the next of the wanted tests.  AT is 0 at first.  False: there is none. */
bool suite_next(const struct suite *s, size_t *at, struct suite_test *t);
/* Whether the file of a test is there, and may go into a level. */
bool suite_has_file(const struct suite *s, const struct suite_test *t);
/*
 * The shell script, to free, that runs all wanted tests one after the other where their files are in DIR, and prints their results
 * as TAP.  The number of tests, or -1 (printed).
 */
int suite_script(const struct suite *s, const char *dir, char **text);

#endif
