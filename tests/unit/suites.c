// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of programs that consist of tests. */
#include "test.h"
#include "report/suites.h"

static struct report r;
static char text[4000];

static void add(int level, const char *check, const char *id, enum result result,
		const char *detail)
{
	struct subtest t = { .level = level, .result = result };

	format(t.check, sizeof(t.check), "%s", check);
	format(t.id, sizeof(t.id), "%s", id);
	format(t.detail, sizeof(t.detail), "%s", detail);
	assert_int_equal(report_add_subtest(&r, &t), 0);
}

static const char *printed(void)
{
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	suites_print(&r, out);
	fclose(out);
	return text;
}

static int begin(void **state)
{
	report_init(&r, DEPTH_OPEN);
	r.outermost = 0;
	r.deepest = 10;
	memset(text, 0, sizeof(text));
	return 0;
}

/*
 * Levels are in order, whichever reported first; tests that passed everywhere are only counted, and those
 * that did not run have a dash.
 */
static void test_table(void **state)
{
	add(10, "suite", "bad", RESULT_FAIL, "late");
	add(10, "suite", "good", RESULT_PASS, "");
	add(1, "suite", "good", RESULT_PASS, "");
	add(1, "suite", "bad", RESULT_PASS, "");
	add(1, "suite", "old", RESULT_SKIP, "xfail: known");
	add(1, "suite", "not_here", RESULT_SKIP, "no CPU");
	add(1, "other", "good", RESULT_FAIL, "");
	assert_string_equal(printed(),
			    "  suite                                 L1   L10\n"
			    "  bad                                   ok  FAIL  late\n"
			    "  old                                xfail     -  xfail: known\n"
			    "  not_here                            skip     -  no CPU\n"
			    "  1 passed wherever they ran\n"
			    "  other                                 L1\n"
			    "  good                                FAIL\n"
			    "  0 passed wherever they ran\n");
}

static void test_nothing(void **state)
{
	assert_string_equal(printed(), "");
}

#define S(test) cmocka_unit_test_setup(test, begin)
RUN(S(test_table), S(test_nothing))
