/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Poly1305 (RFC 8439, section 2.5), for a stream.  Two streams that differ have the same tag with a chance of less than
 * 2^-80 for 4 MB, over all keys, however they differ.  It takes a tenth of the instructions of SHA-256.
 */
#ifndef SUPERNEST_POLY1305_H
#define SUPERNEST_POLY1305_H

#include "lib/base.h"

struct poly1305 {
	/* Of 44, 44 and 42 bits, the lowest first: the key's factor, and the sum so far */
	uint64_t r[3], h[3];
	uint64_t pad[2];   /* the key's other half, which is added at the end */
	uint8_t block[16]; /* what does not fill one yet */
	size_t used;
};

/* KEY: 64 hex digits. */
void poly1305_init(struct poly1305 *p, const char *key);
void poly1305_add(struct poly1305 *p, const void *data, size_t len);
/* 32 hex digits and NUL. */
void poly1305_end(struct poly1305 *p, char hex[33]);

#endif
