// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/poly1305.h"

#include <stdlib.h>
#include <string.h>

#define MASK_44 ((1ULL << 44) - 1)
#define MASK_42 ((1ULL << 42) - 1)
#define BLOCK_END (1ULL << 40) /* 2^128, the top bit of a whole block, in the third limb */

typedef unsigned __int128 u128;

static uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v)); /* little-endian, as we are */
	return v;
}

void poly1305_init(struct poly1305 *p, const char *key)
{
	uint8_t bytes[32];
	uint64_t low, high;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		char digits[3] = { key[2 * i], key[2 * i + 1], '\0' };

		bytes[i] = strtoul(digits, NULL, 16);
	}
	*p = (struct poly1305){ .pad = { load(bytes + 16), load(bytes + 24) } };
	/* RFC 8439, section 2.5.1 */
	low = load(bytes) & 0x0ffffffc0fffffff;
	high = load(bytes + 8) & 0x0ffffffc0ffffffc;
	p->r[0] = low & MASK_44;
	p->r[1] = (low >> 44 | high << 20) & MASK_44;
	p->r[2] = high >> 24;
}

/* h = (h + block) * r modulo 2^130 - 5.  What exceeds 2^132 is folded back multiplied by 20, 4 * 5. */
static void add_blocks(struct poly1305 *p, const uint8_t *data, size_t len, uint64_t end)
{
	const uint64_t r0 = p->r[0], r1 = p->r[1], r2 = p->r[2], s1 = 20 * r1, s2 = 20 * r2;
	uint64_t h0 = p->h[0], h1 = p->h[1], h2 = p->h[2], low, high;
	u128 d0, d1, d2;

	for (; len >= 16; len -= 16, data += 16) {
		low = load(data);
		high = load(data + 8);
		h0 += low & MASK_44;
		h1 += (low >> 44 | high << 20) & MASK_44;
		h2 += high >> 24 | end;
		d0 = (u128)h0 * r0 + (u128)h1 * s2 + (u128)h2 * s1;
		d1 = (u128)h0 * r1 + (u128)h1 * r0 + (u128)h2 * s2;
		d2 = (u128)h0 * r2 + (u128)h1 * r1 + (u128)h2 * r0;
		d1 += (uint64_t)(d0 >> 44);
		d2 += (uint64_t)(d1 >> 44);
		h0 = ((uint64_t)d0 & MASK_44) + 5 * (uint64_t)(d2 >> 42);
		h1 = ((uint64_t)d1 & MASK_44) + (h0 >> 44);
		h0 &= MASK_44;
		h2 = (uint64_t)d2 & MASK_42;
	}
	p->h[0] = h0;
	p->h[1] = h1;
	p->h[2] = h2;
}

void poly1305_add(struct poly1305 *p, const void *data, size_t len)
{
	const uint8_t *from = data;
	size_t n;

	if (p->used) {
		n = len < 16 - p->used ? len : 16 - p->used;
		memcpy(p->block + p->used, from, n);
		p->used += n;
		from += n;
		len -= n;
		if (p->used < 16)
			return;
		add_blocks(p, p->block, 16, BLOCK_END);
	}
	add_blocks(p, from, len, BLOCK_END);
	p->used = len % 16;
	memcpy(p->block, from + len - p->used, p->used);
}

static void carry(uint64_t h[3])
{
	h[1] += h[0] >> 44;
	h[2] += h[1] >> 44;
	h[0] = (h[0] & MASK_44) + 5 * (h[2] >> 42);
	h[1] &= MASK_44;
	h[2] &= MASK_42;
}

void poly1305_end(struct poly1305 *p, char hex[33])
{
	uint64_t *h = p->h, over[3];
	u128 tag;

	if (p->used) {
		p->block[p->used] = 1;
		memset(p->block + p->used + 1, 0, 15 - p->used);
		add_blocks(p, p->block, 16, 0);
	}
	for (int i = 0; i < 3; i++)
		carry(h);
	/* If h is not below 2^130 - 5, adding 5 carries out of 130 bits. */
	over[0] = h[0] + 5;
	over[1] = h[1] + (over[0] >> 44);
	over[2] = h[2] + (over[1] >> 44);
	if (over[2] >> 42)
		for (int i = 0; i < 3; i++)
			h[i] = over[i] & (i < 2 ? MASK_44 : MASK_42);
	tag = (h[0] | (u128)h[1] << 44 | (u128)h[2] << 88) + (p->pad[0] | (u128)p->pad[1] << 64);
	for (int i = 0; i < 16; i++)
		format(hex + 2 * i, 3, "%02x", (uint8_t)(tag >> (8 * i)));
}
