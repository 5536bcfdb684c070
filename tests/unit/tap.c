// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "report/tap.h"

static struct subtest t;

static void is(const char *line, const char *id, enum result result, const char *detail)
{
	if (!tap_result(line, &t))
		wrong("no result: %s", line);
	assert_string_equal(t.id, id);
	assert_int_equal(t.result, result);
	assert_string_equal(t.detail, detail);
}

static void test_results(void **state)
{
	is("ok 1 a test", "a_test", RESULT_PASS, "");
	is("not ok 2 - Another: one", "another_one", RESULT_FAIL, "");
	is("    ok 3 nested # ms=5", "nested", RESULT_PASS, "ms=5");
	is("ok 4 global.basic # SKIP no such CPU", "global_basic", RESULT_SKIP, "no such CPU");
	is("not ok 5 x # TODO later", "x", RESULT_SKIP, "TODO later");
	is("not ok 6 y # XFAIL old", "y", RESULT_SKIP, "XFAIL old");
	is("ok 7", "7", RESULT_PASS, "");
}

static void test_no_results(void **state)
{
	static const char *const lines[] = { "",     "okay 1 x", "not", "# ok 1 x",
					     "1..3", "nok 1",	 "ok",	"ok -" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (tap_result(lines[i], &t))
			wrong("a result: %s", lines[i]);
}

static void test_begins(void **state)
{
	assert_true(tap_begins("TAP version 13"));
	assert_true(tap_begins("  KTAP version 1"));
	assert_false(tap_begins("ok 1 TAP version 13"));
}

static void test_plan(void **state)
{
	static const char *const others[] = { "1..", "1..x", "  1..3", "2..3", "1..3 x", "# 1..3" };
	int count = 0;

	assert_true(tap_plan("1..12", &count) && count == 12);
	assert_true(tap_plan("1..0 # SKIP no CPU", &count) && count == 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (tap_plan(others[i], &count))
			wrong("a plan: %s", others[i]);
	assert_int_equal(count, 0); /* what is no plan plans nothing */
	assert_true(tap_bails("Bail out! no memory"));
	assert_false(tap_bails("# Bail out!"));
}

/* Long lines, with characters that a report must not contain. */
static void test_hostile(void **state)
{
	char line[1000];

	memset(line, 'a', sizeof(line));
	memcpy(line, "ok 1 ", 5);
	memcpy(line + 700, " # <LAVA_\033", 10);
	line[sizeof(line) - 1] = '\0';
	assert_true(tap_result(line, &t));
	assert_int_equal(strlen(t.id), sizeof(t.id) - 1);
	assert_null(strstr(t.detail, "<LAVA_"));
	assert_null(strchr(t.detail, '\033'));
}

RUN(cmocka_unit_test(test_results), cmocka_unit_test(test_no_results),
    cmocka_unit_test(test_begins), cmocka_unit_test(test_plan), cmocka_unit_test(test_hostile))
