// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "lib/poly1305.h"

static const char *tag(const char *key, const void *data, size_t len, size_t chunk)
{
	static char hex[33];
	struct poly1305 p;

	poly1305_init(&p, key);
	for (size_t i = 0; i < len; i += chunk)
		poly1305_add(&p, (const char *)data + i, len - i < chunk ? len - i : chunk);
	poly1305_end(&p, hex);
	return hex;
}

#define ZERO "00000000000000000000000000000000"
#define ONES "ffffffffffffffffffffffffffffffff"
#define TWO "02000000000000000000000000000000"
#define ONE "01000000000000000000000000000000"

/* RFC 8439, section 2.5.2, and of appendix A.3 those in which the sum comes to the modulus or carries. */
static void test_vectors(void **state)
{
	static const struct {
		const char *key, *data, *tag;
	} vectors[] = {
		{ "85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b",
		  "43727970746f6772617068696320466f72756d2052657365617263682047726f7570",
		  "a8061dc1305136c6c22b8baf0c0127a9" },
		{ ZERO "36e5f6b5c5e06070f0efca96227a863e", "", "36e5f6b5c5e06070f0efca96227a863e" },
		{ TWO ZERO, ONES, "03000000000000000000000000000000" },
		{ TWO ONES, TWO, "03000000000000000000000000000000" },
		{ ONE ZERO, ONES "f0ffffffffffffffffffffffffffffff11000000000000000000000000000000",
		  "05000000000000000000000000000000" },
		{ ONE ZERO, ONES "fbfefefefefefefefefefefefefefefe01010101010101010101010101010101",
		  ZERO },
		{ TWO ZERO, "fdffffffffffffffffffffffffffffff",
		  "faffffffffffffffffffffffffffffff" },
		{ "01000000000000000400000000000000" ZERO,
		  "e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000" ZERO ONE,
		  "14000000000000005500000000000000" },
		{ "01000000000000000400000000000000" ZERO,
		  "e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000" ZERO,
		  "13000000000000000000000000000000" },
	};
	uint8_t data[100];
	unsigned int byte;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		len = strlen(vectors[i].data) / 2;
		for (size_t j = 0; j < len; j++) {
			sscanf(vectors[i].data + 2 * j, "%2x", &byte);
			data[j] = byte;
		}
		for (size_t chunk = 1; chunk <= 40; chunk++)
			assert_string_equal(tag(vectors[i].key, data, len, chunk), vectors[i].tag);
	}
}

/* The same for a long stream in any pieces; another for one flipped bit, one byte less, and another key. */
static void test_stream(void **state)
{
	static const char key[] =
		"85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b";
	static char data[100003];
	uint32_t seed = 5;
	char whole[33];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = scramble(&seed);
	strcpy(whole, tag(key, data, sizeof(data), sizeof(data)));
	for (size_t chunk = 1; chunk < sizeof(data); chunk = chunk * 3 + 1)
		assert_string_equal(tag(key, data, sizeof(data), chunk), whole);
	assert_string_not_equal(tag(key, data, sizeof(data) - 1, 1000), whole);
	assert_string_not_equal(tag(key + 1, data, sizeof(data), 1000), whole);
	for (size_t bit = 0; bit < sizeof(data) * 8; bit += 8191) {
		data[bit / 8] ^= 1 << bit % 8;
		assert_string_not_equal(tag(key, data, sizeof(data), 1000), whole);
		data[bit / 8] ^= 1 << bit % 8;
	}
}

RUN(T(test_vectors), T(test_stream))
