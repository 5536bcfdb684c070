// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/sha256.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* FIPS 180-4, section 4.2.2 */
static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load_be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/*
 * FIPS 180-4, section 6.2.2.  The variables are renamed in each round instead of moved, so that they stay
 * in registers: each level hashes 6 MB.
 */
static inline __attribute__((always_inline)) void round_of(uint32_t a, uint32_t b, uint32_t c,
							   uint32_t *d, uint32_t e, uint32_t f,
							   uint32_t g, uint32_t *h, uint32_t kw)
{
	*h += ror(e ^ ror(e ^ ror(e, 14), 5), 6) + (g ^ (e & (f ^ g))) + kw;
	*d += *h;
	*h += ror(a ^ ror(a ^ ror(a, 9), 11), 2) + ((a & b) | (c & (a | b)));
}

static void add_block(uint32_t state[8], const uint8_t *p)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t w[64] = { 0 }; /* gcc -fanalyzer does not see that all are set */

	for (int i = 0; i < 16; i++)
		w[i] = load_be(p + 4 * i);
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15] ^ ror(w[i - 15], 11), 7) ^ w[i - 15] >> 3) +
		       (ror(w[i - 2] ^ ror(w[i - 2], 2), 17) ^ w[i - 2] >> 10);
	for (int i = 0; i < 64; i += 8) {
		round_of(a, b, c, &d, e, f, g, &h, k[i] + w[i]);
		round_of(h, a, b, &c, d, e, f, &g, k[i + 1] + w[i + 1]);
		round_of(g, h, a, &b, c, d, e, &f, k[i + 2] + w[i + 2]);
		round_of(f, g, h, &a, b, c, d, &e, k[i + 3] + w[i + 3]);
		round_of(e, f, g, &h, a, b, c, &d, k[i + 4] + w[i + 4]);
		round_of(d, e, f, &g, h, a, b, &c, k[i + 5] + w[i + 5]);
		round_of(c, d, e, &f, g, h, a, &b, k[i + 6] + w[i + 6]);
		round_of(b, c, d, &e, f, g, h, &a, k[i + 7] + w[i + 7]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void sha256_init(struct sha256 *s)
{
	/* FIPS 180-4, section 5.3.3 */
	*s = (struct sha256){ .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
					 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t used = s->bytes % 64, n;

	s->bytes += len;
	if (used) {
		n = len < 64 - used ? len : 64 - used;
		memcpy(s->block + used, p, n);
		p += n;
		len -= n;
		if (used + n == 64)
			add_block(s->state, s->block);
		else
			return;
	}
	for (; len >= 64; p += 64, len -= 64)
		add_block(s->state, p);
	memcpy(s->block, p, len);
}

void sha256_end(struct sha256 *s, char hex[65])
{
	static const uint8_t padding[64] = { 0x80 };
	uint64_t bits = s->bytes * 8;
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = bits >> (56 - 8 * i);
	sha256_add(s, padding, 1 + (119 - s->bytes % 64) % 64);
	sha256_add(s, length, 8);
	for (int i = 0; i < 8; i++)
		format(hex + 8 * i, 9, "%08x", s->state[i]);
}

int sha256_file(const char *path, char hex[65])
{
	uint8_t buf[65536];
	struct sha256 s;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	sha256_init(&s);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		sha256_add(&s, buf, n);
	close(fd);
	sha256_end(&s, hex);
	return n ? -1 : 0;
}
