/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suites of tests: which files they consist of.  scripts/suite-run runs them in a level, and reads unittests.cfg again.
 */
#ifndef SUPERNEST_SUITE_H
#define SUPERNEST_SUITE_H

#include "lib/base.h"

#define SUITE_NAME 25
#define SUITE_PATH 900
#define SUITE_CONFIG "unittests.cfg"

struct suite {
	char name[SUITE_NAME]; /* of its check: [a-z0-9_] */
	char dir[SUITE_PATH];
	char words[256];     /* tests and groups of them, a blank between two; "": all */
	const char *foreign; /* how tests of another CPU begin, or NULL */
	char *config;	     /* SUITE_CONFIG as it is, or NULL: all that is in DIR */
};

/* By "NAME:WORD,WORD" as in --suite, for a CPU with VIRT, svm or vmx.  -1 (printed): there is no such suite. */
int suite_open(struct suite *s, const char *asked, const char *virt);
void suite_close(struct suite *s);
/* Of one without a configuration: whether a level needs the file NAME, which is relative to DIR. */
bool suite_needs(const struct suite *s, const char *name);
/*
 * Of one with a configuration: the next of the files that the wanted tests consist of.  AT is 0 at first.  NULL: there is none.
 * A file may come more than once.
 */
const char *suite_next_file(const struct suite *s, size_t *at, char *file, size_t size);

#endif
