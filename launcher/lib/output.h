/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standard output that the command was started with: the one place that checks that everything was
 * written to it, and that knows "-" as the name of a file.
 */
#pragma once

#include <stdio.h>

#include "lib/base.h"

#define STANDARD "-" /* as a file name: standard output, or standard input */

/*
 * Opens /dev/null in place of standard descriptors that are closed, so that none of our files gets their
 * numbers. -1 (printed) if that is standard output, because the result would be lost.
 */
int output_begin(void);
/*
 * Returns STATUS, or STATUS_WRONG (printed) if anything that was printed is lost.  A reader that goes
 * away, as `head` does, is no error.
 */
int output_end(int status);

bool output_is_standard(const char *path);
/* Opens PATH for writing, or standard output for "-".  NULL with errno set on failure. */
FILE *output_open(const char *path);
/* Closes it.  -1 with errno set if not everything was written.  Standard output stays open. */
int output_close(FILE *file);
/* Removes what an earlier run left in PATH.  -1 (printed) if PATH cannot be written. */
int output_clear(const char *path);
/* -1 with errno set if PATH cannot be written; it is left unchanged. */
int output_check(const char *path);
