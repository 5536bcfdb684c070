/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that is passed on arrives whole, or not at all: half a word means something else.
 */
#ifndef SUPERNEST_WHOLE_H
#define SUPERNEST_WHOLE_H

#include "lib/base.h"

/* Writes the text; -1 (printed), with WHAT it is, if SIZE does not hold all of it. */
int format_whole(const char *what, char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Reads a file as read_text() does; -1 with errno EFBIG if SIZE does not hold all of it. */
int read_whole(const char *path, char *buf, size_t size);

#endif
