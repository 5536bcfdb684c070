/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report in its output formats: a writer for each, and the reader of JSON. */
#ifndef SUPERNEST_FORMATS_H
#define SUPERNEST_FORMATS_H

#include <stdio.h>

#include "report/report.h"

#define REPORT_SCHEMA "supernest-report/1"
#define REPORT_END "# supernest: end" /* the last line that a run prints */

/* Prints each format whose bit is in WHICH (enum report_bit), in the table's order. */
void formats_print(const struct report *r, int which, FILE *out);
/* Does the same, but prints JSON last and between its marks, as on a console. */
void formats_print_marked(const struct report *r, int which, FILE *out);
/* Prints the last line of a run. */
void formats_print_end(FILE *out);
/* Writes the JSON to a file.  -1 (printed) on failure. */
int formats_write_json(const struct report *r, const char *path);
/* The JSON as a tree, which the caller frees. */
struct cJSON *formats_to_json(const struct report *r);
/* Prints a tree and frees it.  -1 (printed) if there is no memory. */
int formats_print_tree(struct cJSON *root, FILE *out);
/* Reads a report from such a file, or from standard input for "-".  -1 (printed) if it is not a report. */
int formats_read_json(struct report *r, const char *path);

#endif
