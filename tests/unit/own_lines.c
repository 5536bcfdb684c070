// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of a program on their way up: cut, sanitized, and limited. */
#include "test.h"
#include "lib/own_lines.h"

#include <fcntl.h>

static int passed;
static char last[400];

static void pass(void *context, const char *line)
{
	(void)context;
	passed++;
	snprintf(last, sizeof(last), "%s", line);
}

static void write_to(struct own_lines *w, const char *text)
{
	assert_int_equal(write(w->out, text, strlen(text)), strlen(text));
}

static void test_lines(void **state)
{
	char line[1000];
	struct own_lines w;

	passed = 0;
	assert_int_equal(own_lines_open(&w, pass, NULL), 0);
	own_lines_take(&w); /* the pipe is empty: this does not block */
	assert_int_equal(passed, 0);
	write_to(&w, "one\n\nt\x1b[2Jwo  \nthr");
	own_lines_take(&w);
	assert_int_equal(passed, 2);
	assert_string_equal(last, "t?[2Jwo");
	write_to(&w, "ee");
	own_lines_finish(&w);
	assert_string_equal(last, "three");
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 2] = '\n';
	line[sizeof(line) - 1] = '\0';
	write_to(&w, line);
	own_lines_take(&w);
	assert_int_equal(strlen(last), OWN_LINE_SIZE - 1);
	close(w.in);
	close(w.out);
}

static void test_bound(void **state)
{
	double start = now_s();
	struct own_lines w;
	int limit;

	passed = 0;
	assert_int_equal(own_lines_open(&w, pass, NULL), 0);
	for (int i = 0; i < 100; i++) {
		for (int n = 0; n < 100; n++)
			write_to(&w, "a line of many\n");
		own_lines_take(&w);
	}
	limit = LINES_BURST + LINES_S * (now_s() - start + 1);
	assert_in_range(passed, LINES_BURST, limit);
	own_lines_finish(&w);
	assert_non_null(strstr(last, "lines that this level's programs printed were left out"));
	own_lines_finish(&w); /* once */
	close(w.in);
	close(w.out);
}

RUN(T(test_lines), T(test_bound))
