/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A series of runs: each combination of a matrix, so many times, one after the other, and what they
 * had in common.
 */
#ifndef SUPERNEST_SERIES_H
#define SUPERNEST_SERIES_H

#include <stdio.h>

#include "host/cases.h"
#include "host/host.h"
#include "report/report.h"

#define AXES_MAX 8
#define AXIS_VALUES 32
#define SERIES_ARGS (2 * AXES_MAX + 2 + CASE_ARGS)

/* An option of `run`, by its name without the dashes, and the values that it takes in turn. */
struct axis {
	const char *name;
	char flag[40]; /* with them */
	char key[48];  /* of JSON: a second one of the same name has a number */
	int count;
	const char *value[AXIS_VALUES];
};

/* What is kept of a run. */
struct past_run {
	int combination;
	int status; /* enum status, or 128 + the signal that ended it */
	int requested, reached;
	enum stop stop;
	bool sound;	  /* no check failed */
	int victim;	  /* the level that broke, -1 if none did */
	char detail[160]; /* why it ended */
	double seconds;
	int64_t exits[MAX_LEVEL + 1]; /* from the start of L1 to this level's ready; UNKNOWN */
	int64_t overhead_kib[MAX_LEVEL + 1];
};

struct options;

struct series {
	int axis_count;
	struct axis axes[AXES_MAX];
	int case_count, cases_left_out; /* those that are for other machines */
	struct matrix_case cases[CASES_MAX];
	char depth[16];	  /* of cases, if none is asked for; or "" */
	int combinations; /* of cases and values; 1 without a matrix */
	int repeat;	  /* runs of each */
	bool stop_on_failure;
	bool quiet; /* no output of runs that fail, and no table */
	int count;  /* runs so far */
	struct past_run *runs;
	char text[16384]; /* of the matrix; names and values point into it */
};

/*
 * Reads a matrix: a line for each option, its name and its values, "in quotes" if there are blanks in
 * them, or `case` and what cases.h reads; # begins a comment.  PATH may be the name of a matrix that is part
 * of this program.  -1 if that is not what it is (printed).  NULL: one run, nothing varied.
 */
int series_read(struct series *s, const char *path);
/* Those cases that this machine can run stay. */
void series_choose(struct series *s, const struct host *h);
/* Of a combination: its case, or NULL; the value of an axis; what it is called. */
const struct matrix_case *series_case(const struct series *s, int combination);
const char *series_value(const struct series *s, int combination, int axis);
void series_name(const struct series *s, int combination, char *buf, size_t size);
/* The options of a combination, ARG[SERIES_ARGS] at the most; returns how many arguments they are. */
int series_options(const struct series *s, int combination, char *arg[]);

/* Makes a run with these options, fills in the report and returns the status. */
typedef int once_fn(void *context, int argc, char **argv, struct report *r);
/*
 * Makes all runs, each in a process of its own; what it writes to its standard output is shown if it did not
 * succeed.  A line for each run goes to OUT, a table at the end; to JSON, if it is not NULL, all reports.
 * Ends early by *STOP.  Returns the status of the whole.
 */
int series_run(struct series *s, once_fn *once, void *context, const volatile int *stop, FILE *out,
	       FILE *json);
/* `run` with --repeat or --matrix; COMMAND without them would make each run alone. */
int series_command(const struct options *asked, const char *command);

#endif
