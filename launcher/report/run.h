/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run: what was asked for, what was decided, and who tells what of it. */
#pragma once

#include "lib/decided.h"
#include "report/artifacts.h"
#include "report/lines.h"
#include "report/teller.h"

struct run {
	struct options asked;
	struct decided decided;
	struct teller teller;
	struct lines lines;
	struct artifacts artifacts;
	bool stopped;		   /* by the user: how deep it would have gone is unknown */
	char command[COMMAND_MAX]; /* the command that repeats it, or "" */
};

/* Starts to tell, once the options are known.  FROM is our level, or HOST_LEVEL. */
void run_begin(struct run *run, int from, int outermost);
/* Keeps the command that repeats this run; in a series, one run of it. */
void run_remember(struct run *run, int argc, char *const argv[]);
/*
 * Removes an earlier run's files from where this one will write, so that nobody takes them for this run's.
 * -1 (printed) if a file cannot be written.
 */
int run_clear_outputs(const struct options *asked);
/* Where a command prints what people read; stderr if JSON goes to standard output. */
FILE *run_lines_file(const struct options *asked);
/* Prints the report in the formats that were asked for, and the last line. */
void run_print_report(struct run *run);
/* Ends a command's run: prints the report and writes its files.  Returns the exit status, or -1 (printed). */
int run_finish(struct run *run);
