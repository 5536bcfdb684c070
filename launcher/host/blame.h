/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which level's KVM is at fault: a failed run is repeated with the appliance's own kernel at one level after
 * the other, in place of the kernel under test.
 */
#ifndef SUPERNEST_BLAME_H
#define SUPERNEST_BLAME_H

#include "host/series.h"
#include "report/report.h"

struct options;

/*
 * Draws the conclusion from runs: RUNS[0] repeated FIRST as it was, RUNS[i] had the appliance's own kernel at
 * LEVEL[i]. Only what ended deeper than FIRST, or well, names a suspect.
 */
void blame_conclude(struct blame *b, const struct report *first, const struct past_run *runs,
		    const int *level, int count);

/* `run --blame`: makes the run and, if it failed, those that name the suspect. Returns the exit status, or -1. */
int blame_command(const struct options *asked, const char *command);

#endif
