/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 (FIPS 180-4), for a stream. */
#pragma once

#include "lib/base.h"

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/* Sets HEX to 64 hex digits and a NUL. */
void sha256_end(struct sha256 *s, char hex[65]);

/* The checksum of a whole file.  -1 with errno set if it cannot be read. */
int sha256_file(const char *path, char hex[65]);
