/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command was started with to print on: the one place that looks whether all of it was written,
 * and what "-" means as the name of a file.
 */
#ifndef SUPERNEST_OUTPUT_H
#define SUPERNEST_OUTPUT_H

#include <stdio.h>

#include "lib/base.h"

#define STANDARD "-" /* as a FILE: standard output, or standard input */

/*
 * Opens /dev/null for standard descriptors that were closed before we started, so that no pipe or
 * file of ours gets their numbers. -1 (printed) if that is standard output: the result would be
 * lost.
 */
int output_begin(void);
/*
 * At the end of a command: its status, or STATUS_WRONG (printed) if anything that it printed is lost.  A
 * reader that goes away, as `head` does, has had enough.
 */
int output_end(int status);

bool output_is_standard(const char *path);
/* PATH for writing, or standard output.  NULL with errno set if it can't. */
FILE *output_open(const char *path);
/* Its end.  -1 with errno set if not all of it was written; standard output stays open. */
int output_close(FILE *file);
/* -1 (printed) if nothing could be written to PATH.  What an earlier run left there is gone. */
int output_clear(const char *path);
/* -1 with errno set if nothing could be written to PATH, which is left as it is. */
int output_check(const char *path);

#endif
