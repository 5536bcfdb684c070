/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A series of runs: each combination of a matrix, several times, one after the other, and statistics over
 * them.
 */
#pragma once

#include <stdio.h>

#include "host/cases.h"
#include "host/host.h"
#include "report/report.h"

#define AXES_MAX 8
#define AXIS_VALUES 32
#define SERIES_ARGS (2 * AXES_MAX + 2 + CASE_ARGS)

/* An option of `run` and the values that it takes in turn. */
struct axis {
	const char *name;
	char flag[40]; /* with the dashes */
	char key[48];  /* in JSON: a second axis of the same name has a number */
	int count;
	const char *value[AXIS_VALUES];
};

/* What a series keeps of a run. */
struct past_run {
	int combination;
	int status; /* enum status, or 128 + the signal that ended it */
	int requested, reached;
	enum stop stop;
	bool sound;	  /* no check failed */
	int victim;	  /* the level that broke; -1: none */
	char detail[160]; /* why the run ended */
	double seconds;
	int64_t exits[MAX_LEVEL + 1]; /* from L1's start until this level was ready; or UNKNOWN */
	int64_t overhead_kib[MAX_LEVEL + 1];
};

struct options;

struct series {
	int axis_count;
	struct axis axes[AXES_MAX];
	int case_count, cases_left_out; /* cases for other machines are left out */
	struct matrix_case cases[CASES_MAX];
	char depth[16];	  /* for cases, if none is asked for; or "" */
	int combinations; /* number of combinations of cases and values; 1 without a matrix */
	int repeat;	  /* runs of each combination */
	bool stop_on_failure;
	bool quiet; /* no output of failed runs, and no table */
	int count;  /* runs so far */
	struct past_run *runs;
	char text[16384]; /* of the matrix; names and values point into it */
};

/*
 * Reads a matrix.  Each line has an option and its values, in "quotes" if they contain blanks, or `case`
 * and what cases.h reads; # begins a comment.  PATH may name a built-in matrix; NULL: one run, nothing
 * varied.  -1 (printed) if it is malformed.
 */
int series_read(struct series *s, const char *path);
/* Keeps only the cases that this machine can run. */
void series_choose(struct series *s, const struct host *h);
/* Of a combination: its case (NULL: none), the value of an axis, and its name. */
const struct matrix_case *series_case(const struct series *s, int combination);
const char *series_value(const struct series *s, int combination, int axis);
void series_name(const struct series *s, int combination, char *buf, size_t size);
/* The judgement of a run of this case. */
enum judgement series_judge(const struct matrix_case *c, const struct past_run *past);

/* Sets ARG, of SERIES_ARGS, to the options of a combination, and returns their number. */
int series_options(const struct series *s, int combination, char *arg[]);

/* Makes a run with these options, fills in the report and returns the status. */
typedef int once_fn(void *context, int argc, char **argv, struct report *r);
/*
 * Makes all runs, each in a process of its own; the standard output of one that failed is shown.  Prints a
 * line for each run and a table to OUT, and all reports to JSON, unless that is NULL.  Ends early if *STOP
 * is set.  Returns the status of the series.
 */
int series_run(struct series *s, once_fn *once, void *context, const volatile int *stop, FILE *out,
	       FILE *json);
/* Prints the tables: one of all combinations or cases, and, with --repeat, statistics of each combination. */
void series_print(const struct series *s, FILE *out);
/* `run` with --repeat or --matrix.  COMMAND, without these, would make one run. */
int series_command(const struct options *asked, const char *command);
