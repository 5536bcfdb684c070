/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two reports side by side: what became better, what worse, and what is only noise.
 */
#ifndef SUPERNEST_COMPARE_H
#define SUPERNEST_COMPARE_H

#include <stdio.h>

#include "report/report.h"

#define COMPARE_SCHEMA "supernest-compare/1"

enum verdict { VERDICT_SAME, VERDICT_BETTER, VERDICT_WORSE };

/* How much is too much, in percent; LIMIT_DEFAULT (options.h) leaves it to compare.c's table. */
struct compare_limits {
	int exits, kib, cycles;
};

/*
 * -1 (printed) if the two runs differ in what was requested or in their machine: then figures say
 * nothing.
 */
int compare_possible(const struct report *old, const struct report *new);
/* Compares figure by figure and prints it; returns the worst of all verdicts, better if any is and none worse. */
enum verdict compare_print(const struct report *old, const struct report *new,
			   const struct compare_limits *limits, bool json, FILE *out);

#endif
