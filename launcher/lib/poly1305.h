/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Poly1305 (RFC 8439, section 2.5), for a stream.  With a random key, two different streams of 4 MB have
 * the same tag with a probability below 2^-80.  It takes a tenth of SHA-256's instructions.
 */
#pragma once

#include "lib/base.h"

struct poly1305 {
	/* In limbs of 44, 44 and 42 bits, lowest first: the key's factor, and the sum so far */
	uint64_t r[3], h[3];
	uint64_t pad[2];   /* second half of the key, added at the end */
	uint8_t block[16]; /* an incomplete block */
	size_t used;
};

/* KEY has 64 hex digits. */
void poly1305_init(struct poly1305 *p, const char *key);
void poly1305_add(struct poly1305 *p, const void *data, size_t len);
/* Sets HEX to 32 hex digits and a NUL. */
void poly1305_end(struct poly1305 *p, char hex[33]);
