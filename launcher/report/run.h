/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run, as whoever takes part in it knows it: what was asked for, what was decided, and what is told of it.
 */
#ifndef SUPERNEST_RUN_H
#define SUPERNEST_RUN_H

#include "lib/options.h"
#include "report/artifacts.h"
#include "report/lines.h"
#include "report/teller.h"

struct run {
	struct options asked;
	struct decided decided;
	struct teller teller;
	struct lines lines;
	struct artifacts artifacts;
	bool stopped;		   /* by a person: nobody knows how deep it would have gone */
	char command[COMMAND_MAX]; /* that would repeat it, or "" */
};

/* What was asked for is known: FROM, a level or HOST_LEVEL, starts to tell. */
void run_begin(struct run *run, int from, int outermost);
/*
 * What an earlier run left where this one is to write must not be taken for this one's, however this one
 * ends.  -1 (printed) if nothing could be written there.
 */
int run_clear_outputs(const struct options *asked);
/* Where a command prints what people read: JSON on standard output is there alone. */
FILE *run_lines_file(const struct options *asked);
/* Prints the report as it was asked for, and its last line. */
void run_print_report(struct run *run);
/* The end of a command's run: the report, printed and in files.  Returns the exit status, or -1 (printed). */
int run_finish(struct run *run);

#endif
