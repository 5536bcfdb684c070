// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/whole.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int format_whole(const char *what, char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	if (len >= 0 && (size_t)len < size)
		return 0;
	return fail("%s has %d bytes, and the limit is %zu: shorten it", what, len, size - 1);
}

int read_whole(const char *path, char *buf, size_t size)
{
	if (read_text(path, buf, size))
		return -1;
	if (strlen(buf) < size - 2)
		return 0;
	errno = EFBIG;
	return -1;
}
