/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user of the outermost console, or of the host's terminal, reads while a run goes on: a
 * line for each event.
 */
#ifndef SUPERNEST_LINES_H
#define SUPERNEST_LINES_H

#include <stdio.h>

#include "report/record.h"

#define SHELL_ESCAPE "Enter ~ ." /* leaves a shell; as it is shown to users */

struct lines {
	FILE *out;	 /* NULL: nobody reads them */
	const bool *raw; /* whether the terminal is raw: a line has to end with "\r\n"; or NULL */
	int from;	 /* our own level, or HOST_LEVEL */
};

void lines_say(const struct lines *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Of a teller: CONTEXT is a struct lines. */
void lines_hear(void *context, const struct record *rec);

#endif
