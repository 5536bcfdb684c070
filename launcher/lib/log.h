/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log file for --artifacts.  Whatever a child prints, the file is text that a terminal can show, and its
 * size is bounded.
 */
#pragma once

#include <stdio.h>

#include "lib/base.h"

#define LOG_MAX_BYTES (32 << 20)

struct log {
	FILE *file; /* NULL: no log is kept */
	char path[512];
	int64_t left; /* bytes that may still be written */
};

/* Creates DIR/NAME.  -1 (printed) if it cannot be written. */
int log_open(struct log *log, const char *dir, const char *name);
/* Writes PREFIX and LEN bytes of untrusted text as one line; unprintable bytes become \xNN. */
void log_line(struct log *log, const char *prefix, const char *text, size_t len);
/* Closes the log.  -1 (printed) if not everything could be written. */
int log_close(struct log *log);
