/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plots of one or several reports on one scale, as <svg> elements that fit a telephone's width. */
#pragma once

#include <stdio.h>

#include "report/report.h"

#define PLOT_MAX 8 /* reports: four colours, each filled and hollow */
#define PLOT_ROWS 16

struct plot {
	const char *title, *unit;
	double (*value)(const struct report *r, int level); /* negative: unknown */
};

/*
 * A row for each level, downwards; values grow to the right on a logarithmic scale, and each step has its
 * factor.  Prints nothing and returns -1 if there is no value.
 */
int plot_steps(FILE *out, const struct plot *p, const struct report *const r[], int count);

/* A row of bars for each label, on a linear scale.  VALUE is indexed by report, then row. */
void plot_bars(FILE *out, const char *title, const char *const label[], int rows,
	       const double value[][PLOT_ROWS], int count);

/* Draws the mark of the report with this number around X, Y. */
void plot_mark(FILE *out, int number, double x, double y);
