/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test suites: their tests, and the script with which a level runs them (level/suite_test.h). */
#pragma once

#include "lib/base.h"

#define SUITE_NAME 25
#define SUITE_PATH 900
#define SUITE_WORDS 4096
#define SUITE_LINE 2048 /* the longest value in unittests.cfg */
#define SUITE_CONFIG "unittests.cfg"
/* Commands in a level (level/suite_test.h) */
#define SUITE_RUNNER "/init test"
#define SUITE_GUEST "/init guest"

struct suite {
	char name[SUITE_NAME]; /* of its check: [a-z0-9_] */
	char dir[SUITE_PATH];
	char words[SUITE_WORDS]; /* wanted tests and groups, separated by blanks; "": all */
	const char *foreign;	 /* prefix of tests for the other CPU, or NULL */
	char *config;		 /* text of SUITE_CONFIG, or NULL: every program in DIR is a test */
};

/*
 * Opens a suite by "NAME:WORD,WORD", as in --suite, for a CPU with VIRT (svm or vmx).  -1 (printed) on
 * failure.
 */
int suite_open(struct suite *s, const char *asked, const char *virt);
void suite_close(struct suite *s);
/* Whether ASKED is the suite that has a shipped table of known failures. */
bool suite_is_shipped(const char *asked);
/* Of a suite without a configuration: whether a level needs the file NAME, relative to DIR. */
bool suite_needs(const struct suite *s, const char *name);
/* A section of unittests.cfg: its values as they are there, or "". */
struct suite_test {
	char name[SUITE_LINE], file[SUITE_LINE], groups[SUITE_LINE], arch[SUITE_LINE],
		accel[SUITE_LINE], machine[SUITE_LINE], check[SUITE_LINE], smp[SUITE_LINE],
		timeout[SUITE_LINE], args[SUITE_LINE], params[SUITE_LINE];
};

/* Of a suite with a configuration: the next wanted test.  AT starts at 0.  False at the end. */
bool suite_next(const struct suite *s, size_t *at, struct suite_test *t);
/* Whether the test's file exists and can be packed. */
bool suite_has_file(const struct suite *s, const struct suite_test *t);
/*
 * Makes the shell script that runs all wanted tests, whose files are in DIR, and prints their results as
 * TAP.  The caller frees it.  Returns the number of tests, or -1 (printed).
 */
int suite_script(const struct suite *s, const char *dir, char **text);

/* Checks that each wanted word names a test or a group.  -1 (printed) if one does not. */
int suite_check_words(const struct suite *s);
