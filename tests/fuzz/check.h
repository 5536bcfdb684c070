/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every fuzzer checks of the output, besides that nothing crashed. */
#pragma once

#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>

/* A property that has to hold. */
#define must(condition)                                                                         \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

/* Contains nothing that a terminal or a lab's parser would obey. */
void check_harmless(const char *text);
/*
 * Text of many lines, as on a console or in a file: printable, and well-formed.  Phrases that a lab's
 * parser obeys occur only where one of our writers put them.
 */
void check_lines(const char *text);
/* Checks every writer's output, and that the JSON is read back as the same report. */
void check_report(const struct report *r);

/* A file with these bytes, the same one at each call for the same WHICH.  Returns its path. */
enum which_file { OLD, NEW, WRITTEN, FILES };
const char *file_of(enum which_file which, const void *data, size_t size);
