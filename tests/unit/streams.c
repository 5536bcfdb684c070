// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "lib/base64.h"
#include "report/streams.h"
#include "report/record.h"

#include <unistd.h>

static char shown[4096], dir[] = "streams-XXXXXX";
static struct lines lines;
static struct streams streams;

static void hear(int level, const char *id, const char *fd, const void *data, size_t len)
{
	char text[4096];
	struct record rec;

	base64_encode(data, len, text);
	record_init(&rec, "out", level, level);
	record_add(&rec, "id", id);
	record_add(&rec, "fd", fd);
	record_add(&rec, "data", text);
	streams_hear(&streams, &rec);
}

static void hear_end(const char *status)
{
	struct record rec;

	record_init(&rec, "exec", 1, 1);
	record_add(&rec, "id", "exec");
	record_add(&rec, "state", "off");
	record_add(&rec, "status", status);
	streams_hear(&streams, &rec);
}

static int begin(void **state)
{
	strcpy(dir, "streams-XXXXXX");
	memset(shown, 0, sizeof(shown));
	lines = (struct lines){ .out = fmemopen(shown, sizeof(shown), "w") };
	streams = (struct streams){ .lines = &lines, .dir = mkdtemp(dir) };
	return !lines.out || !streams.dir;
}

static int end(void **state)
{
	streams_clear(dir);
	return fclose(lines.out) || rmdir(dir); /* it is empty again */
}

static void is_file(const char *name, const void *data, size_t len)
{
	char path[64], is[256];
	FILE *f;

	format(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(is, 1, sizeof(is), f), len);
	assert_memory_equal(is, data, len);
	fclose(f);
}

/* Partial lines of several programs stay separate; control characters are replaced. */
static void test_lines(void **state)
{
	hear(1, "exec", "1", "one li", 6);
	hear(2, "exec", "1", "deeper\n", 7);
	hear(1, "exec", "2", "error\n", 6);
	hear(1, "exec", "1", "ne\nlast\033[31m\0", 13);
	streams_close(&streams);
	assert_string_equal(shown, "# supernest: L2 exec| deeper\n"
				   "# supernest: L1 exec| error\n"
				   "# supernest: L1 exec| one line\n"
				   "# supernest: L1 exec| last?[31m?\n");
	is_file("L1.exec.stdout", "one line\nlast\033[31m\0", 19);
	is_file("L1.exec.stderr", "error\n", 6);
	is_file("L2.exec.stdout", "deeper\n", 7);
}

static void test_status(void **state)
{
	assert_false(streams.started);
	hear_end("7");
	hear_end("0");
	assert_true(streams.ended);
	assert_int_equal(streams.status, 7);
	streams_close(&streams);
}

/* A program's resources: its level reports them, except the exits, which the level above counts. */
static void test_use(void **state)
{
	static struct report report;
	const struct program_use *p = report.programs;
	struct record rec;

	report_init(&report, DEPTH_OPEN);
	streams.report = &report;
	hear_end("7");
	record_init(&rec, "exec", 0, 1);
	record_add(&rec, "id", "exec");
	record_add(&rec, "exits", "1234");
	streams_hear(&streams, &rec);
	record_init(&rec, "exec", 2, 2);
	record_add(&rec, "id", "other");
	record_add(&rec, "state", "off");
	record_add(&rec, "status", "99999");
	record_add(&rec, "s", "1.5");
	record_add(&rec, "cpu_s", "-1");
	streams_hear(&streams, &rec);
	streams_close(&streams);
	assert_int_equal(report.program_count, 2);
	assert_true(p[0].level == 1 && p[0].status == 7 && p[0].exits == 1234 && p[0].s == UNKNOWN);
	assert_true(p[1].level == 2 && p[1].status == 255 && p[1].exits == UNKNOWN);
	assert_true(p[1].s == 1.5 && p[1].cpu_s == UNKNOWN);
	assert_string_equal(p[1].check, "other");
}

static void print(const char *text)
{
	hear(1, "exec", "1", text, strlen(text));
}

static void has_subtest(const struct report *r, int i, const char *id, enum result result,
			const char *detail)
{
	assert_true(i < r->subtest_count);
	assert_string_equal(r->subtests[i].id, id);
	assert_int_equal(r->subtests[i].result, result);
	assert_string_equal(r->subtests[i].detail, detail);
}

/*
 * Announced tests that never ended, a program that gives up, and a failure that a later result of the same
 * name would hide: all are failures.
 */
static void test_tap(void **state)
{
	static struct report report;

	report_init(&report, DEPTH_OPEN);
	streams.report = &report;
	print("1..9\nok 1 before\nTAP version 13\n1..2\nok 1 a\n  1..7\n  ok 1 part\nok 2 b\n");
	print("TAP version 13\n1..3\nok 1 c\nnot ok 2 d\nok 3 d\n");
	print("TAP version 13\n1..3\nok 1 e\nBail out! no more\n");
	hear_end("0");
	streams_close(&streams);
	assert_int_equal(report.subtest_count, 8);
	has_subtest(&report, 0, "a", RESULT_PASS, "");
	has_subtest(&report, 4, "d", RESULT_FAIL, "");
	has_subtest(&report, 6, "bail_out", RESULT_FAIL, "Bail out! no more");
	has_subtest(&report, 7, "plan", RESULT_FAIL, "3 tests were planned, and 1 have a result");
	assert_null(strstr(shown, "AP version")); /* it is for parsers */
}

/* With more results than a report holds no failure is lost, and one line says so. */
static void test_many_results(void **state)
{
	static struct report report;
	char text[64];

	report_init(&report, DEPTH_OPEN);
	streams.report = &report;
	print("TAP version 13\n");
	for (int i = 0; i < SUBTESTS_MAX + 9; i++) {
		format(text, sizeof(text), "ok %d t%d\n", i, i);
		print(text);
	}
	print("not ok 1 late\n");
	hear_end("0");
	streams_close(&streams);
	assert_int_equal(report.subtest_count, SUBTESTS_MAX);
	has_subtest(&report, SUBTESTS_MAX - 1, "late", RESULT_FAIL, "");
}

/* A lying level cannot make files outside of the directory. */
static void test_lies(void **state)
{
	hear(1, "../../escape", "1", "a", 1);
	hear(1, "exec", "3", "a", 1);
	hear(1, "", "1", "a", 1);
	streams_close(&streams);
	assert_string_equal(shown, "");
}

#define S(test) cmocka_unit_test_setup_teardown(test, begin, end)
RUN(S(test_lines), S(test_status), S(test_use), S(test_tap), S(test_many_results), S(test_lies))
