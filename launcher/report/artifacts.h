/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --artifacts: a directory that keeps what a run said and what was made of it.
 */
#ifndef SUPERNEST_ARTIFACTS_H
#define SUPERNEST_ARTIFACTS_H

#include "lib/log.h"
#include "report/report.h"

struct artifacts {
	const char *dir;	     /* NULL: nothing is kept */
	struct log console, records; /* what the outermost guest says */
};

/* Removes what an earlier run left there: neither its report nor its evidence may be taken for this one's. */
void artifacts_clear(const char *dir);
/* Makes the directory, cleared, and what is written while it runs.  -1 if it can't (printed). */
int artifacts_open(struct artifacts *a, const char *dir);
/* Closes those, and writes the report in every form, the evidence as text.  -1 if one of them is not whole (printed). */
int artifacts_close(struct artifacts *a, const struct report *r);

#endif
