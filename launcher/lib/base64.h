/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 as in RFC 4648, without padding. */
#pragma once

#include "lib/base.h"

#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* TEXT must hold BASE64_SIZE(len) bytes, which include the NUL. */
void base64_encode(const void *data, size_t len, char *text);
/* DATA must hold 3 bytes for each 4 characters.  Returns the number of bytes; -1 if TEXT is not base64. */
ssize_t base64_decode(const char *text, void *data);
