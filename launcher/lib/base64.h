/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base64 as in RFC 4648, without the padding: any bytes as letters and digits.
 */
#ifndef SUPERNEST_BASE64_H
#define SUPERNEST_BASE64_H

#include "lib/base.h"

#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* TEXT has room for BASE64_SIZE(len), the NUL included. */
void base64_encode(const void *data, size_t len, char *text);
/* DATA has room for 3 bytes of each 4 characters.  Returns how many there are; -1: it is none. */
ssize_t base64_decode(const char *text, void *data);

#endif
