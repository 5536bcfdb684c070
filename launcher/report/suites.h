/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that consist of tests: their results as a table for people, a row for each test and a column for each level.
 */
#ifndef SUPERNEST_SUITES_H
#define SUPERNEST_SUITES_H

#include "report/report.h"

#include <stdio.h>

/* In front of the detail of a failure that is known, which counts as skipped. */
#define KNOWN_FAILURE "xfail: "

/* Prints nothing if there are none.  What passed at every level is only counted. */
void suites_print(const struct report *r, FILE *out);

#endif
