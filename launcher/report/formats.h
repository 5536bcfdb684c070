/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report in its output formats.  Those with a file of their own are json.c, html.c, svg.c and kcidb.c. */
#pragma once

#include <stdio.h>

#include "report/report.h"

#define REPORT_END "# supernest: end" /* the last line that a run prints */

/* Prints each format whose bit is in WHICH (enum report_bit), in the table's order. */
void formats_print(const struct report *r, int which, FILE *out);
/* Does the same, but prints JSON last and between its marks, as on a console. */
void formats_print_marked(const struct report *r, int which, FILE *out);
/* Prints the last line of a run. */
void formats_print_end(FILE *out);
