/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run on a host: the outermost level is a child of the command, with the accelerator that works here. */
#pragma once

#include "report/report.h"

struct options;

/*
 * Makes the run and prints its report.  COMMAND would repeat it.  COPY, if not NULL, gets the report.
 * Returns the exit status, or -1 (printed) for STATUS_WRONG.
 */
int outermost_run(const struct options *asked, const char *command, struct report *copy);
