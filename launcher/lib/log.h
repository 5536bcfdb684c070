/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of what a child said, for --artifacts.  Whatever the child does, the file is text that a
 * terminal may show, and no larger than a disk bears.
 */
#ifndef SUPERNEST_LOG_H
#define SUPERNEST_LOG_H

#include <stdio.h>

#include "lib/base.h"

#define LOG_MAX_BYTES (32 << 20)

struct log {
	FILE *file; /* NULL: nothing is kept */
	char path[512];
	int64_t left; /* bytes that it may still grow by */
};

/* -1 (printed) if DIR/NAME cannot be written. */
int log_open(struct log *log, const char *dir, const char *name);
/* Adds PREFIX and LEN bytes of untrusted text as a line; what is not blank to tilde as \xNN. */
void log_line(struct log *log, const char *prefix, const char *text, size_t len);
/* -1 (printed) if not all of it could be written. */
int log_close(struct log *log);

#endif
