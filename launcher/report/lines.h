/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines that the user reads while a run goes on, on the outermost console or the host's terminal: one
 * for each event.
 */
#pragma once

#include <stdio.h>

#include "report/record.h"

#define SHELL_ESCAPE "Enter ~ ." /* how to leave a shell, as users read it */

struct lines {
	FILE *out;	 /* NULL: nobody reads them */
	const bool *raw; /* whether the terminal is raw, where a line ends in "\r\n"; or NULL */
	int from;	 /* our own level, or HOST_LEVEL */
};

void lines_say(const struct lines *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A teller's listener; CONTEXT is a struct lines. */
void lines_hear(void *context, const struct record *rec);
