/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the level whose KVM is at fault: repeats a failed run, each time with the appliance's own kernel
 * at another level in place of the kernel under test.
 */
#pragma once

#include "host/series.h"
#include "report/report.h"

struct options;

/*
 * Draws the conclusion.  RUNS[0] repeated FIRST unchanged; RUNS[i] had the appliance's own kernel at
 * LEVEL[i].  Only a run that ended well, or deeper than FIRST, names a suspect.
 */
void blame_conclude(struct blame *b, const struct report *first, const struct past_run *runs,
		    const int *level, int count);

/*
 * `run --blame`: makes the run and, if it failed, those that find the suspect.  Returns the exit status,
 * or -1 (printed).
 */
int blame_command(const struct options *asked, const char *command);
