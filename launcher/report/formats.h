/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report on paper: one writer for each format, and the reader of the JSON one.
 */
#ifndef SUPERNEST_FORMATS_H
#define SUPERNEST_FORMATS_H

#include <stdio.h>

#include "report/report.h"

#define REPORT_SCHEMA "supernest-report/1"
#define REPORT_END "# supernest: end" /* on its own line, the last that a run prints */

/* Prints each format whose bit is in WHICH (enum report_bit), in the table's order. */
void formats_print(const struct report *r, int which, FILE *out);
/* The same with the JSON last and between its marks, as it stands on a console. */
void formats_print_marked(const struct report *r, int which, FILE *out);
/* The last line of a run. */
void formats_print_end(FILE *out);
/* The JSON alone, as a file has it; -1 (printed) if it can't be written. */
int formats_write_json(const struct report *r, const char *path);
/* The same as a tree, the caller's. */
struct cJSON *formats_to_json(const struct report *r);
/* Prints a tree and frees it.  -1 (printed): there is no memory. */
int formats_print_tree(struct cJSON *root, FILE *out);
/* Reads such a file back, or standard input.  -1 if it is no report; the error is printed. */
int formats_read_json(struct report *r, const char *path);

#endif
