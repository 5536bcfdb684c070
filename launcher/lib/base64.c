// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t len, char *text)
{
	const uint8_t *p = data;

	for (; len >= 3; len -= 3, p += 3) {
		uint32_t bits = p[0] << 16 | p[1] << 8 | p[2];

		*text++ = digits[bits >> 18];
		*text++ = digits[bits >> 12 & 63];
		*text++ = digits[bits >> 6 & 63];
		*text++ = digits[bits & 63];
	}
	if (len) {
		uint32_t bits = p[0] << 16 | (len > 1 ? p[1] << 8 : 0);

		*text++ = digits[bits >> 18];
		*text++ = digits[bits >> 12 & 63];
		if (len > 1)
			*text++ = digits[bits >> 6 & 63];
	}
	*text = '\0';
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ssize_t base64_decode(const char *text, void *data)
{
	uint8_t *out = data;
	uint32_t bits = 0;
	int have = 0;

	for (; *text; text++) {
		int value = digit_value(*text);

		if (value < 0)
			return -1;
		bits = bits << 6 | value;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		*out++ = bits >> have;
	}
	return have == 6 ? -1 : out - (uint8_t *)data;
}
