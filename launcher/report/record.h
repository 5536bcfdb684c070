/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record: what a level tells the level above it, which passes it on.  One line:
 *
 *	@sn1 FROM ABOUT SEQ KIND key=value key=value !CRC;
 *
 * FROM is the level that sends it, and ABOUT the level that it is about: FROM itself, or the child that it
 * watches.  SEQ counts FROM's records from 0, so that lost and repeated ones are noticed.  Values have
 * blanks and special characters as %XX.  CRC is CRC-32 (IEEE 802.3) in hex, over the run's id and the line
 * up to the blank before '!'.  "!CRC;" ends the line, so a torn line is never taken for a record.
 */
#pragma once

#include "lib/base.h"

#define RECORD_MAX 4000	 /* bytes of a line, with newline and NUL */
#define RECORD_TAIL 11	 /* " !xxxxxxxx;" */
#define RECORD_FIELDS 32 /* at most */

struct record {
	int from, about;
	unsigned int seq;
	uint32_t sum;	  /* the CRC, if it was decoded */
	const char *line; /* the caller's, if it was decoded, up to ';'; otherwise NULL */
	size_t line_len;
	char kind[12];
	int count;
	struct {
		const char *key, *value; /* point into text */
	} field[RECORD_FIELDS];
	size_t used; /* bytes of text */
	char text[RECORD_MAX];
};

enum record_verdict {
	RECORD_OK,
	RECORD_NOISE,	/* the line has no record */
	RECORD_DAMAGED, /* a record began, but is torn, altered or of another run */
};

/* Starts a record.  SEQ is set when it is sent. */
void record_init(struct record *r, const char *kind, int from, int about);
/* Adds a field.  The key is [a-z0-9_], the value any text.  -1 if the record is full; the field is left out. */
int record_add(struct record *r, const char *key, const char *value);
int record_add_number(struct record *r, const char *key, double value);
/* The value of a key, or "". */
const char *record_get(const struct record *r, const char *key);

/* The CRC of BODY, which is everything before " !CRC;". */
uint32_t record_crc(const char *run_id, const char *body, size_t len);
/* Writes the line with its newline.  Returns its length; -1 if it does not fit RECORD_MAX. */
int record_encode(const struct record *r, const char *run_id, char *line);
/*
 * Finds and reads the record in LEN bytes of untrusted text, with or without noise around it.  R is valid
 * only after RECORD_OK; then its values are sanitized (base.h), and it can be encoded again.
 */
enum record_verdict record_decode(struct record *r, const char *run_id, const char *line,
				  size_t len);
