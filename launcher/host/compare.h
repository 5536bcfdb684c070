/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares two reports: what became better, what worse, and what is only noise. */
#pragma once

#include <stdio.h>

#include "report/report.h"

#define COMPARE_SCHEMA "supernest-compare/1"

enum verdict { VERDICT_SAME, VERDICT_BETTER, VERDICT_WORSE };

/* Limits in percent; LIMIT_DEFAULT (options.h): those of compare.c's table. */
struct compare_limits {
	int exits, kib, cycles;
};

/* -1 (printed) if the runs differ in what was requested or in their machine, so that figures mean nothing. */
int compare_possible(const struct report *old, const struct report *new);
/* Compares figure by figure and prints the result.  Returns the worst verdict; better only if none is worse. */
enum verdict compare_print(const struct report *old, const struct report *new,
			   const struct compare_limits *limits, bool json, FILE *out);
