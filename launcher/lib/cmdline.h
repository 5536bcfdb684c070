/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel command line as text of a bounded length: what does not fit is cut off by loader or kernel
 * without a word, and half a word means something else.
 */
#ifndef SUPERNEST_CMDLINE_H
#define SUPERNEST_CMDLINE_H

#include "lib/base.h"

#define CMDLINE_SIZE 2048 /* COMMAND_LINE_SIZE, arch/x86/include/asm/setup.h: with the NUL */
#define CMDLINE_OWN \
	128 /* what our kernel puts before it (CONFIG_CMDLINE in kernel-config), at the most */

/*
 * It is so long that something may have been cut off.  Nobody writes a line of just this length; a UTF-8
 * character of up to 4 bytes is cut off whole (drivers/firmware/efi/libstub).
 */
bool cmdline_is_full(const char *cmdline);

/* Writes the text; -1 (printed), with WHAT it is, if SIZE does not hold all of it. */
int format_whole(const char *what, char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Reads a file as read_text() does; -1 with errno EFBIG if SIZE does not hold all of it. */
int read_whole(const char *path, char *buf, size_t size);

#endif
