/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run on a host: the outermost level is its child, on the accelerator that fits.
 */
#ifndef SUPERNEST_OUTERMOST_H
#define SUPERNEST_OUTERMOST_H

#include "report/report.h"

struct options;

/*
 * Makes the run and tells what came of it.  COMMAND would repeat it; COPY gets the report unless it is NULL.
 * Returns the exit status, or -1 (printed) for STATUS_WRONG.
 */
int outermost_run(const struct options *asked, const char *command, struct report *copy);

#endif
