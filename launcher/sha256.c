// SPDX-License-Identifier: GPL-2.0-or-later
#include "sha256.h"

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

/* The working variables a to h as round I sees them: they move on by one place each round. */
#define A(i) v[(0u - (i)) % 8]
#define B(i) v[(1u - (i)) % 8]
#define C(i) v[(2u - (i)) % 8]
#define D(i) v[(3u - (i)) % 8]
#define E(i) v[(4u - (i)) % 8]
#define F(i) v[(5u - (i)) % 8]
#define G(i) v[(6u - (i)) % 8]
#define H(i) v[(7u - (i)) % 8]

/* FIPS 180-4, section 6.2.2.  Unrolled, so that the variables are registers: each level sums 6 MB. */
static void add_block(uint32_t state[8], const uint8_t *p)
{
	uint32_t w[64], v[8], t1, t2;

	for (int i = 0; i < 16; i++)
		w[i] = load_be(p + 4 * i);
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, state, sizeof(v));
#pragma GCC unroll 8
	for (unsigned int i = 0; i < 64; i++) {
		t1 = H(i) + (ror(E(i), 6) ^ ror(E(i), 11) ^ ror(E(i), 25)) +
		     ((E(i) & F(i)) ^ (~E(i) & G(i))) + k[i] + w[i];
		t2 = (ror(A(i), 2) ^ ror(A(i), 13) ^ ror(A(i), 22)) +
		     ((A(i) & B(i)) ^ (A(i) & C(i)) ^ (B(i) & C(i)));
		D(i) += t1;
		H(i) = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
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
	static uint8_t buf[65536];
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
