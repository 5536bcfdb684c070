// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "lib/sha256.h"

static const char *sum(const char *data, size_t len, size_t chunk)
{
	static char hex[65];
	struct sha256 s;

	sha256_init(&s);
	for (size_t i = 0; i < len; i += chunk)
		sha256_add(&s, data + i, len - i < chunk ? len - i : chunk);
	sha256_end(&s, hex);
	return hex;
}

/* FIPS 180-2, appendix B, and the empty message. */
static void test_vectors(void **state)
{
	static const struct {
		const char *text, *hex;
	} vectors[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	static char million[1000000];

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		assert_string_equal(sum(vectors[i].text, strlen(vectors[i].text), 64),
				    vectors[i].hex);
	memset(million, 'a', sizeof(million));
	for (size_t chunk = 1; chunk < 300000; chunk = chunk * 3 + 1)
		assert_string_equal(
			sum(million, sizeof(million), chunk),
			"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* All lengths around the ends of block and padding, in all small pieces, and as a file. */
static void test_lengths(void **state)
{
	char data[200], command[100], expected[80], hex[65];
	uint32_t seed = 7;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = 1 + scramble(&seed) % 255;
	for (size_t len = 0; len <= 130; len++) {
		FILE *f = fopen("data", "w"), *p;
		char whole[65];

		assert_int_equal(fwrite(data, 1, len, f), len);
		fclose(f);
		assert_int_equal(sha256_file("data", hex), 0);
		strcpy(whole, sum(data, len, sizeof(data)));
		assert_string_equal(hex, whole);
		for (size_t chunk = 1; chunk < 70; chunk += 2)
			assert_string_equal(sum(data, len, chunk), whole);
		if (len % 16 > 8)
			continue;
		format(command, sizeof(command), "sha256sum data");
		p = popen(command, "r");
		assert_non_null(fgets(expected, sizeof(expected), p));
		pclose(p);
		expected[64] = '\0';
		assert_string_equal(hex, expected);
	}
	assert_int_equal(sha256_file("missing", hex), -1);
	assert_int_equal(sha256_file(".", hex), -1);
}

RUN(T(test_vectors), T(test_lengths))
