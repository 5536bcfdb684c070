/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --artifacts: a directory that keeps what a run printed, and its report. */
#pragma once

#include "lib/log.h"
#include "report/report.h"

struct artifacts {
	const char *dir;	     /* NULL: nothing is kept */
	struct log console, records; /* of the outermost guest */
};

/* Removes what an earlier run left in DIR, so that nobody takes it for this run's. */
void artifacts_clear(const char *dir);
/* Makes the directory, clears it, and opens the logs of the run.  -1 (printed) on failure. */
int artifacts_open(struct artifacts *a, const char *dir);
/*
 * Closes the logs, and writes the report in every format and the evidence.  -1 (printed) if a file is
 * incomplete.
 */
int artifacts_close(struct artifacts *a, const struct report *r);
