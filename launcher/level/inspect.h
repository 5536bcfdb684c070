/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user of a level's shell can ask: where am I, and what does the CPU say? */
#pragma once

#include <stdio.h>

#include "level/platform.h"
#include "report/report.h"

/* Prints this level as it is now, and the run as far as SO_FAR knows it (if it has levels). */
void inspect_status(const struct level *self, const struct platform *p, const struct report *so_far,
		    FILE *out);

/* Prints the four registers of CPUID.  -1 (printed) if a number is malformed.  SUBLEAF may be NULL. */
int inspect_cpuid(const char *leaf, const char *subleaf, FILE *out);
/* Prints a model-specific register.  -1 if the number is malformed, -2 if it cannot be read (both printed). */
int inspect_msr(const char *number, FILE *out);
