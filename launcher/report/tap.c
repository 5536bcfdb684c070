// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/tap.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

bool tap_begins(const char *line)
{
	line = skip_blanks(line);
	return !strncmp(line, "TAP version ", 12) || !strncmp(line, "KTAP version ", 13);
}

/* Makes an id of a name: whatever is between two allowed characters becomes one '_'. */
static void make_id(const char *name, size_t len, char *id, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < size - 1; i++) {
		char c = tolower((unsigned char)name[i]);

		if (isalnum((unsigned char)c) && (unsigned char)c < 0x80)
			id[n++] = c;
		else if (n && id[n - 1] != '_')
			id[n++] = '_';
	}
	while (n && id[n - 1] == '_')
		n--;
	id[n] = '\0';
}

/* Reads the directive behind '#'.  A test that is known to fail has not failed. */
static void take_directive(const char *text, struct subtest *t)
{
	text = skip_blanks(text);
	if (!strncasecmp(text, "SKIP", 4)) {
		t->result = RESULT_SKIP;
		text = skip_blanks(text + 4);
	} else if (!strncasecmp(text, "TODO", 4) || !strncasecmp(text, "XFAIL", 5)) {
		t->result = t->result == RESULT_FAIL ? RESULT_SKIP : t->result;
	}
	format(t->detail, sizeof(t->detail), "%s", text);
	sanitize(t->detail);
}

bool tap_result(const char *line, struct subtest *t)
{
	const char *number, *p = skip_blanks(line), *hash;
	char *end;

	t->result = RESULT_PASS;
	t->detail[0] = '\0';
	if (!strncmp(p, "not ", 4)) {
		t->result = RESULT_FAIL;
		p += 4;
	}
	if (strncmp(p, "ok", 2) || (p[2] && p[2] != ' '))
		return false;
	number = skip_blanks(p + 2);
	strtoul(number, &end, 10);
	p = skip_blanks(end);
	if (*p == '-')
		p = skip_blanks(p + 1);
	hash = strchr(p, '#');
	make_id(p, hash ? (size_t)(hash - p) : strlen(p), t->id, sizeof(t->id));
	if (!*t->id)
		format(t->id, sizeof(t->id), "%.*s", (int)strspn(number, "0123456789"), number);
	if (hash)
		take_directive(hash + 1, t);
	return *t->id;
}

bool tap_plan(const char *line, int *count)
{
	char *end;
	long n;

	if (strncmp(line, "1..", 3) || !isdigit((unsigned char)line[3]))
		return false;
	n = strtol(line + 3, &end, 10);
	end = (char *)skip_blanks(end);
	if (*end && *end != '#')
		return false;
	*count = n < INT_MAX ? n : INT_MAX;
	return true;
}

bool tap_bails(const char *line)
{
	return !strncmp(line, "Bail out!", 9);
}
