// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memmem, memrchr */
#include "report/record.h"
#include "lib/numbers.h"

#include <ctype.h>
#include <emmintrin.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "@sn1 "
#define MARK_LEN (sizeof(MARK) - 1)

/* CRC-32 (IEEE 802.3), four bytes at a time: every level checks the records with programs' output. */
static uint32_t crc_table[4][256];

static void make_crc_table(void)
{
	for (int i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		crc_table[0][i] = crc;
	}
	for (int i = 0; i < 256; i++)
		for (int k = 1; k < 4; k++)
			crc_table[k][i] =
				crc_table[k - 1][i] >> 8 ^ crc_table[0][crc_table[k - 1][i] & 0xff];
}

static uint32_t crc32(uint32_t crc, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	uint32_t word;

	if (!crc_table[0][1])
		make_crc_table();
	crc = ~crc;
	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		crc ^= word;
		crc = crc_table[3][crc & 0xff] ^ crc_table[2][crc >> 8 & 0xff] ^
		      crc_table[1][crc >> 16 & 0xff] ^ crc_table[0][crc >> 24];
	}
	while (len--)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

uint32_t record_crc(const char *run_id, const char *body, size_t len)
{
	return crc32(crc32(0, run_id, strlen(run_id)), body, len);
}

void record_init(struct record *r, const char *kind, int from, int about)
{
	r->from = from;
	r->about = about;
	r->seq = 0;
	r->line = NULL;
	r->count = 0;
	r->used = 0;
	format(r->kind, sizeof(r->kind), "%s", kind);
}

static const char *keep_text(struct record *r, const char *text)
{
	size_t len = strlen(text) + 1;
	char *p = r->text + r->used;

	if (len > sizeof(r->text) - r->used)
		return NULL;
	r->used += len;
	return memcpy(p, text, len);
}

int record_add(struct record *r, const char *key, const char *value)
{
	size_t used = r->used;
	const char *k = keep_text(r, key), *v = k ? keep_text(r, value) : NULL;

	if (!v || r->count == RECORD_FIELDS) {
		r->used = used;
		return -1;
	}
	r->field[r->count].key = k;
	r->field[r->count++].value = v;
	return 0;
}

int record_add_number(struct record *r, const char *key, double value)
{
	return record_add(r, key, number_exact(value).text);
}

const char *record_get(const struct record *r, const char *key)
{
	for (int i = 0; i < r->count; i++)
		if (!strcmp(r->field[i].key, key))
			return r->field[i].value;
	return "";
}

static bool is_plain(char c)
{
	return c > ' ' && c <= '~' && c != '%' && c != '=' && c != '@' && c != '!' && c != ';';
}

/* Whether 16 characters are all simple: letters, digits, '+' or '/', which precedes '0'. */
static bool all_simple(const char *text)
{
	__m128i c = _mm_loadu_si128((const __m128i *)text);
	__m128i small = _mm_or_si128(c, _mm_set1_epi8(' '));
	__m128i letter = _mm_and_si128(_mm_cmpgt_epi8(small, _mm_set1_epi8('a' - 1)),
				       _mm_cmplt_epi8(small, _mm_set1_epi8('z' + 1)));
	__m128i digit = _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8('/' - 1)),
				      _mm_cmplt_epi8(c, _mm_set1_epi8('9' + 1)));
	__m128i plus = _mm_cmpeq_epi8(c, _mm_set1_epi8('+'));

	return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), plus)) == 0xffff;
}

/*
 * The length of letters, digits and the other characters of base64, which records have unescaped.  It
 * looks at all output of programs, in each level.
 */
static size_t simple_span(const char *text)
{
	size_t n = 0, len = strlen(text);

	while (len - n >= sizeof(__m128i) && all_simple(text + n))
		n += sizeof(__m128i);
	while (isalnum((unsigned char)text[n]) || text[n] == '+' || text[n] == '/')
		n++;
	return n;
}

/* Appends VALUE, with %XX where needed.  Returns the new end; NULL if it does not fit. */
static char *put_value(char *p, const char *end, const char *value)
{
	size_t simple = simple_span(value);

	if ((size_t)(end - p) < simple)
		return NULL;
	memcpy(p, value, simple);
	p += simple;
	for (value += simple; *value; value++) {
		if (end - p < (is_plain(*value) ? 1 : 3))
			return NULL;
		if (is_plain(*value))
			*p++ = *value;
		else
			p += sprintf(p, "%%%02x", (unsigned char)*value);
	}
	return p;
}

int record_encode(const struct record *r, const char *run_id, char *line)
{
	const char *end = line + (RECORD_MAX - RECORD_TAIL - 2); /* newline, NUL */
	char *p = line;

	p += sprintf(p, MARK "%d %d %u %s", r->from, r->about, r->seq, r->kind);
	for (int i = 0; i < r->count; i++) {
		if (end - p < (ssize_t)strlen(r->field[i].key) + 2)
			return -1;
		p += sprintf(p, " %s=", r->field[i].key);
		p = put_value(p, end, r->field[i].value);
		if (!p)
			return -1;
	}
	p += sprintf(p, " !%08x;\n", record_crc(run_id, line, p - line));
	return p - line;
}

static int hex_digit(char c)
{
	const char digits[] = "0123456789abcdef";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? p - digits : -1;
}

/* Decodes %XX in place and sanitizes the result.  -1 if one is malformed or encodes NUL. */
static int unescape(char *value)
{
	char *in = value + simple_span(value), *out = in;

	if (!*in)
		return 0;
	for (; *in; in++) {
		if (*in == '%') {
			int high = hex_digit(in[1]), low = high < 0 ? -1 : hex_digit(in[2]);

			if (low < 0 || high + low == 0)
				return -1;
			*out++ = high << 4 | low;
			in += 2;
		} else if (is_plain(*in)) {
			*out++ = *in;
		} else {
			return -1;
		}
	}
	*out = '\0';
	sanitize(value);
	return 0;
}

static int parse_level(const char *word, int *level)
{
	char *end;
	long n = word ? strtol(word, &end, 10) : -1;

	/* -1 is the host */
	if (!word || *end || !*word || isspace((unsigned char)*word) || n < -1 || n > MAX_LEVEL)
		return -1;
	*level = n;
	return 0;
}

static bool is_name(const char *name, size_t size)
{
	return *name && strlen(name) < size &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* Splits r->text into its words, in place. */
static int parse_body(struct record *r)
{
	char *save, *word, *value;
	int seq;

	strtok_r(r->text, " ", &save); /* the mark */
	if (parse_level(strtok_r(NULL, " ", &save), &r->from) ||
	    parse_level(strtok_r(NULL, " ", &save), &r->about))
		return -1;
	word = strtok_r(NULL, " ", &save);
	if (!word || parse_int(word, 0, INT_MAX, &seq))
		return -1;
	r->seq = seq;
	word = strtok_r(NULL, " ", &save);
	if (!word || !is_name(word, sizeof(r->kind)))
		return -1;
	strcpy(r->kind, word);
	for (r->count = 0; (word = strtok_r(NULL, " ", &save)); r->count++) {
		value = strchr(word, '=');
		if (!value || r->count == RECORD_FIELDS)
			return -1;
		*value++ = '\0';
		if (!is_name(word, RECORD_MAX) || unescape(value))
			return -1;
		r->field[r->count].key = word;
		r->field[r->count].value = value;
	}
	return 0;
}

/* The last start of a record in a line: a torn record is followed by the one that tore it. */
static const char *last_mark(const char *line, size_t len)
{
	const char *found = NULL, *p = line;

	while ((p = memmem(p, len - (p - line), MARK, MARK_LEN)))
		found = p++;
	return found;
}

enum record_verdict record_decode(struct record *r, const char *run_id, const char *line,
				  size_t len)
{
	const char *start = last_mark(line, len), *end;
	uint32_t crc = 0;
	size_t body;

	if (!start)
		return RECORD_NOISE;
	len -= start - line;
	end = memchr(start, ';', len);
	if (!end || end - start < (ssize_t)(MARK_LEN + RECORD_TAIL) ||
	    end - start > RECORD_MAX - 3) /* ';', newline, NUL */
		return RECORD_DAMAGED;
	body = end + 1 - RECORD_TAIL - start;
	if (memcmp(start + body, " !", 2) || memchr(start, '\0', body))
		return RECORD_DAMAGED;
	for (const char *p = end - 8; p < end; p++) {
		if (hex_digit(*p) < 0)
			return RECORD_DAMAGED;
		crc = crc << 4 | hex_digit(*p);
	}
	if (crc != record_crc(run_id, start, body))
		return RECORD_DAMAGED;
	memcpy(r->text, start, body);
	r->text[body] = '\0';
	r->sum = crc;
	r->used = body + 1;
	r->line = start;
	r->line_len = end + 1 - start;
	return parse_body(r) ? RECORD_DAMAGED : RECORD_OK;
}
