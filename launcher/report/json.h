/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as JSON (docs/schema/report.schema.json): json.c writes it, json_reader.c reads it. */
#pragma once

#include <stdio.h>

#include "report/report.h"

#define REPORT_SCHEMA "supernest-report/1"

/* The report as a tree, which the caller frees. */
struct cJSON *json_from_report(const struct report *r);
/* Prints a tree and frees it.  -1 (printed) if there is no memory. */
int json_print(struct cJSON *root, FILE *out);
void json_print_report(const struct report *r, FILE *out);
/* Writes the report to a file.  -1 (printed) on failure. */
int json_write_report(const struct report *r, const char *path);
/* Reads a report from such a file, or from standard input for "-".  -1 (printed) if it is not a report. */
int json_read_report(struct report *r, const char *path);
