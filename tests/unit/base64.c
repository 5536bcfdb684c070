// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "lib/base64.h"

/* RFC 4648, section 10, without the padding. */
static void test_rfc(void **state)
{
	static const char *const pairs[][2] = { { "", "" },
						{ "f", "Zg" },
						{ "fo", "Zm8" },
						{ "foo", "Zm9v" },
						{ "foob", "Zm9vYg" },
						{ "fooba", "Zm9vYmE" },
						{ "foobar", "Zm9vYmFy" } };
	char text[16], data[16];

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		size_t len = strlen(pairs[i][0]);

		base64_encode(pairs[i][0], len, text);
		assert_string_equal(text, pairs[i][1]);
		assert_int_equal(base64_decode(text, data), len);
		assert_memory_equal(data, pairs[i][0], len);
	}
}

/* Every byte, at every place of a group. */
static void test_bytes(void **state)
{
	char data[259], text[BASE64_SIZE(sizeof(data))], back[sizeof(data) + 3];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	for (size_t from = 0; from < 3; from++) {
		base64_encode(data + from, sizeof(data) - from, text);
		assert_true(strlen(text) < sizeof(text));
		assert_int_equal(base64_decode(text, back), sizeof(data) - from);
		assert_memory_equal(back, data + from, sizeof(data) - from);
	}
}

static void test_none(void **state)
{
	char data[16];

	assert_int_equal(base64_decode("Zg==", data), -1);
	assert_int_equal(base64_decode("Z g", data), -1);
	assert_int_equal(base64_decode("Z", data), -1);
	assert_int_equal(base64_decode("Zm9\xff", data), -1);
}

RUN(cmocka_unit_test(test_rfc), cmocka_unit_test(test_bytes), cmocka_unit_test(test_none))
