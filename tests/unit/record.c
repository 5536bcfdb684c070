// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "report/level.h"
#include "report/record.h"

#define ID "5eed"

static struct record out;

static enum record_verdict decode(const char *line, size_t len)
{
	return record_decode(&out, ID, line, len);
}

static int sample(char *line)
{
	struct record r;

	record_init(&r, "check", 1, 2);
	r.seq = 17;
	record_add(&r, "id", "fpu");
	record_add(&r, "detail", "a b=c;d!e@f%g\n\x1b[2J\xff");
	record_add_number(&r, "value", 1000);
	return record_encode(&r, ID, line);
}

/* IEEE 802.3, by another way than the code: a table of the nibbles. */
static uint32_t crc32(const char *p, size_t len, uint32_t crc)
{
	static const uint32_t nibble[] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
					   0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
					   0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
					   0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };

	for (crc = ~crc; len--; p++) {
		crc = nibble[(crc ^ (uint8_t)*p) & 15] ^ crc >> 4;
		crc = nibble[(crc ^ (uint8_t)*p >> 4) & 15] ^ crc >> 4;
	}
	return ~crc;
}

/* Signs any body, as a hostile child could, and decodes it. */
static enum record_verdict decode_signed_bytes(const char *body, size_t len)
{
	char line[RECORD_MAX + 200];

	memcpy(line, body, len);
	len += sprintf(line + len, " !%08x;\n", crc32(body, len, crc32(ID, strlen(ID), 0)));
	return decode(line, len);
}

static enum record_verdict decode_signed(const char *body)
{
	return decode_signed_bytes(body, strlen(body));
}

static void test_wire_format(void **state)
{
	/* CRC-32's check value, and a line that stays the same in all versions. */
	assert_int_equal(crc32("123456789", 9, 0), 0xcbf43926);
	assert_int_equal(decode_signed("@sn1 1 2 17 check id=fpu detail=a%20b"), RECORD_OK);
	assert_int_equal(out.from, 1);
	assert_int_equal(out.about, 2);
	assert_int_equal(out.seq, 17);
	assert_string_equal(out.kind, "check");
	assert_string_equal(record_get(&out, "detail"), "a b");
	assert_string_equal(record_get(&out, "nothing"), "");
}

static void test_round_trip(void **state)
{
	char text[256], line[RECORD_MAX];
	struct record r;
	int len;

	for (int first = 1; first < 256; first++) { /* each byte, first, alone and among others */
		format(text, sizeof(text), "%c", first);
		for (int i = 1; i < 60; i++)
			text[i] = 1 + (first + i * 7) % 255;
		text[60] = '\0';
		record_init(&r, "text", 63, 63);
		r.seq = 999999999;
		assert_int_equal(record_add(&r, "empty", ""), 0);
		assert_int_equal(record_add(&r, "line", text), 0);
		len = record_encode(&r, ID, line);
		assert_true(len > 0 && len < RECORD_MAX);
		assert_int_equal(strlen(line), len);
		assert_ptr_equal(strchr(line, '\n'), line + len - 1);
		for (int i = 0; i < len - 1; i++)
			assert_in_range(line[i], ' ', '~');
		assert_int_equal(decode(line, len), RECORD_OK);
		assert_int_equal(out.seq, 999999999);
		assert_int_equal(out.count, 2);
		assert_string_equal(record_get(&out, "empty"), "");
		sanitize(text);
		assert_string_equal(record_get(&out, "line"), text);
	}
}

/* A record that can be decoded can be encoded again, up to the last byte; a longer one is not accepted. */
static void test_longest(void **state)
{
	char body[RECORD_MAX], line[RECORD_MAX];

	for (int len = RECORD_MAX - 20; len < RECORD_MAX - 8; len++) {
		memset(body, 'x', len);
		memcpy(body, "@sn1 1 1 0 text line=", 21);
		body[len] = '\0';
		if (len > RECORD_MAX - 13) {
			assert_int_equal(decode_signed(body), RECORD_DAMAGED);
			continue;
		}
		assert_int_equal(decode_signed(body), RECORD_OK);
		assert_int_equal(record_encode(&out, ID, line), len + 12);
		assert_memory_equal(line, body, len);
	}
	memcpy(body + 21, "%20", 3); /* three bytes for one, at the end too */
	memcpy(body + RECORD_MAX - 16, "%20", 4);
	assert_int_equal(decode_signed(body), RECORD_OK);
	assert_int_equal(record_encode(&out, ID, line), RECORD_MAX - 1);
}

/* A child's text reaches terminals, logs and lab parsers. */
static void test_harmless(void **state)
{
	static const struct {
		const char *body, *value;
	} table[] = {
		{ "@sn1 1 1 0 text line=%1b[2J%07%0a#%20x", "?[2J??# x" },
		{ "@sn1 1 1 0 text line=%c3%bc%7f%80", "????" },
		{ "@sn1 1 1 0 text line=%0a#%20supernest:%20end", "?? supernest: end" },
		{ "@sn1 1 1 0 text line=<LAVA_SIGNAL_TESTCASE%20TEST_CASE_ID%3dl9_ready>",
		  "?LAVA_SIGNAL_TESTCASE TEST_CASE_ID=l9_ready>" },
		{ "@sn1 1 1 0 text line=<LAVA_<LAVA_", "?LAVA_?LAVA_" },
		{ "@sn1 1 1 0 text line=a%20KTAP%20version%201", "a K?AP version 1" },
		{ "@sn1 1 1 0 text line=TAP%20version%2013", "?AP version 13" },
		{ "@sn1 1 1 0 text line=<6>[%20%201.5]%20#1", "<6>[  1.5] #1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(decode_signed(table[i].body), RECORD_OK);
		assert_string_equal(record_get(&out, "line"), table[i].value);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = { { 0, "0" },
		      { 1, "1" },
		      { -1, "-1" },
		      { 3.25, "3.250000" },
		      { 0.000001, "0.000001" },
		      { 9007199254740992, "9007199254740992" } };
	struct record r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		record_init(&r, "level", 0, 0);
		record_add_number(&r, "n", cases[i].value);
		assert_string_equal(record_get(&r, "n"), cases[i].text);
	}
}

static void test_truncated(void **state)
{
	char line[RECORD_MAX];
	int len = sample(line);

	assert_int_equal(decode(line, len), RECORD_OK);
	assert_int_equal(decode(line, len - 1), RECORD_OK); /* the newline is not part of it */
	for (int n = 0; n < len - 1; n++) {
		char *exact = malloc(n + !n); /* so that ASan sees a read beyond it */

		memcpy(exact, line, n);
		assert_int_equal(decode(exact, n), n < 5 ? RECORD_NOISE : RECORD_DAMAGED);
		free(exact);
	}
}

static void test_torn(void **state)
{
	char line[RECORD_MAX], glued[2 * RECORD_MAX];
	int len = sample(line);

	for (int n = 0; n < len - 1; n++) {
		memcpy(glued, line, n);
		memcpy(glued + n, line, len);
		assert_int_equal(decode(glued, n + len), RECORD_OK);
		assert_string_equal(record_get(&out, "id"), "fpu");
		assert_int_equal(out.count, 3);
		/* the end of one without its beginning */
		memcpy(glued, line + n, len - n);
		if (n)
			assert_int_equal(decode(glued, len - n), RECORD_NOISE);
	}
}

static void test_noise_around(void **state)
{
	char line[RECORD_MAX], noisy[2 * RECORD_MAX];
	int len = sample(line), n;

	n = snprintf(noisy, sizeof(noisy), "[    0.1] printk: @sn1@sn1 ; !%.*s and more; !",
		     len - 1, line);
	assert_int_equal(decode(noisy, n), RECORD_OK);
	assert_string_equal(record_get(&out, "id"), "fpu");
	assert_int_equal(decode("", 0), RECORD_NOISE);
	assert_int_equal(decode("Booting the kernel.", 19), RECORD_NOISE);
}

static void test_bit_flips(void **state)
{
	char line[RECORD_MAX];
	int len = sample(line);

	for (int i = 0; i < len - 1; i++)
		for (int bit = 0; bit < 8; bit++) {
			line[i] ^= 1 << bit;
			assert_int_not_equal(decode(line, len), RECORD_OK);
			line[i] ^= 1 << bit;
		}
	for (int i = 0; i < len - 2; i++) { /* two neighbours swapped, and a NUL */
		char a = line[i], b = line[i + 1];

		line[i] = b;
		line[i + 1] = a;
		if (a != b)
			assert_int_not_equal(decode(line, len), RECORD_OK);
		line[i] = '\0';
		line[i + 1] = b;
		assert_int_not_equal(decode(line, len), RECORD_OK);
		line[i] = a;
	}
	assert_int_equal(decode(line, len), RECORD_OK);
}

static void test_garbage(void **state)
{
	static const char alphabet[] = "@sn1 0123456789abcdef=!;%\n\0 xl";
	char line[200];
	uint32_t seed = 1;

	for (int i = 0; i < 100000; i++) {
		int len = scramble(&seed) % sizeof(line), start = i % 2 ? 5 : 0;

		for (int n = 0; n < len; n++)
			line[n] = i % 3 ? alphabet[scramble(&seed) % sizeof(alphabet)]
					: (char)scramble(&seed);
		memcpy(line, "@sn1 ", start);
		assert_int_not_equal(decode(line, len), RECORD_OK);
	}
}

static void test_too_long(void **state)
{
	char value[RECORD_MAX + 100], line[RECORD_MAX];
	struct record r;
	int fits = 0, len;

	for (size_t n = 1300; n < sizeof(value); n++)
		for (int escaped = 0; escaped < 2; escaped++) {
			memset(value, escaped ? ' ' : 'x', n);
			value[n] = '\0';
			record_init(&r, "text", 0, 0);
			if (record_add(&r, "line", value))
				continue;
			len = record_encode(&r, ID, line);
			if (len < 0)
				continue;
			fits++;
			assert_true(len < RECORD_MAX);
			assert_int_equal(decode(line, len), RECORD_OK);
			assert_string_equal(record_get(&out, "line"), value);
		}
	assert_true(fits > 2600); /* some 3,940 bytes as they are, 1,310 as %20 */

	memset(value, 'x', sizeof(value));
	memcpy(value, "@sn1 0 0 0 text line=", 21);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(decode_signed(value), RECORD_DAMAGED);
}

static void test_full(void **state)
{
	char line[RECORD_MAX], key[16];
	struct record r;
	int added = 0;

	record_init(&r, "level", 0, 0);
	for (int i = 0; i < RECORD_FIELDS + 5; i++) {
		format(key, sizeof(key), "k%d", i);
		added += !record_add(&r, key, "v");
	}
	assert_int_equal(added, RECORD_FIELDS);
	assert_int_equal(decode(line, record_encode(&r, ID, line)), RECORD_OK);
	assert_int_equal(out.count, RECORD_FIELDS);
	assert_string_equal(record_get(&out, "k31"), "v");
}

static void test_other_run(void **state)
{
	char line[RECORD_MAX];
	int len = sample(line);

	assert_int_equal(record_decode(&out, "5eee", line, len), RECORD_DAMAGED);
	assert_int_equal(record_decode(&out, "", line, len), RECORD_DAMAGED);
}

static void test_hostile(void **state)
{
	static const char *const bad[] = {
		"@sn1 ",
		"@sn1 0",
		"@sn1 0 0",
		"@sn1 0 0 0",
		"@sn1 256 256 0 level", /* deeper than any level */
		"@sn1 0 256 0 level",
		"@sn1 -2 0 0 level",
		"@sn1 99999999999999999999 0 0 level",
		"@sn1 0x1 0 0 level",
		"@sn1 0 0 -1 level",
		"@sn1 0 0 4294967296 level",
		"@sn1 0 0 0 LEVEL",
		"@sn1 0 0 0 averylongkind",
		"@sn1 0 0 0 le/vel",
		"@sn1 0 0 0 level word", /* no = */
		"@sn1 0 0 0 level =value",
		"@sn1 0 0 0 level Key=value",
		"@sn1 0 0 0 level k=%0",
		"@sn1 0 0 0 level k=%",
		"@sn1 0 0 0 level k=%zz",
		"@sn1 0 0 0 level k=%0A", /* we write small letters */
		"@sn1 0 0 0 level k=%00", /* a hidden NUL */
		"@sn1 0 0 0 level k=a=b",
		"@sn1 0 0 0 level k=\t",
		"@sn1 0 0 0 level k=\x1b[2J",
		"@sn1 0 0 0 level k=\xff",
		"@sn1 0 0 0 level a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 "
		"a=1 "
		"a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1",
		"@sn2 0 0 0 level",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (decode_signed(bad[i]) == RECORD_OK)
			wrong("taken for a record: %s", bad[i]);
	assert_int_equal(decode_signed_bytes("@sn1 0 0 0 level\0k=v", 20), RECORD_DAMAGED);
	assert_int_equal(decode_signed("@sn1 -1 0 0 level"), RECORD_OK); /* the host speaks of L0 */
	assert_int_equal(decode_signed("@sn1 255 255 999999999 level"), RECORD_OK);
}

RUN(T(test_wire_format), T(test_round_trip), T(test_longest), T(test_harmless), T(test_numbers),
    T(test_truncated), T(test_torn), T(test_noise_around), T(test_bit_flips), T(test_garbage),
    T(test_too_long), T(test_full), T(test_other_run), T(test_hostile))
