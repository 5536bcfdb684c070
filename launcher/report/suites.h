/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests of suites as a table for people: a row for each test, a column for each level. */
#pragma once

#include "report/report.h"

#include <stdio.h>

/* Precedes the detail of a known failure, which counts as skipped. */
#define KNOWN_FAILURE "xfail: "

/* Prints the table, if there are tests.  Those that passed at every level are only counted. */
void suites_print(const struct report *r, FILE *out);
