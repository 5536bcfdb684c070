/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every fuzzer asks of what came out, beyond that nothing crashed. */
#ifndef SUPERNEST_CHECK_H
#define SUPERNEST_CHECK_H

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

/* Nothing that a terminal or a lab's parser obeys. */
void check_harmless(const char *text);
/*
 * Text of many lines, as a console or a file gets it: printable, and what a lab's parser obeys only
 * where one of our writers put it, and well formed.
 */
void check_lines(const char *text);
/* Every writer's output of a report, and that its JSON is read back as the same report. */
void check_report(const struct report *r);

/* A file of these bytes, the same one at each call for the same WHICH.  Returns its path. */
enum which_file { OLD, NEW, WRITTEN, FILES };
const char *file_of(enum which_file which, const void *data, size_t size);

#endif
