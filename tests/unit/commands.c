// SPDX-License-Identifier: GPL-2.0-or-later
/* The exit status of commands that read reports, on which scripts depend. */
#include "test.h"
#include "real.h"
#include "host/commands.h"
#include "report/json.h"

#include <fcntl.h>

static struct report r;

#define STATUS(command, ...)                          \
	status_of(command, (char *[]){ __VA_ARGS__ }, \
		  sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *))

/* Discards the output. */
static int status_of(int (*command)(int argc, char **argv), char **argv, int argc)
{
	int out = dup(1), null = open("/dev/null", O_WRONLY), status;

	fflush(stdout);
	dup2(null, 1);
	status = command(argc, argv);
	fflush(stdout);
	dup2(out, 1);
	close(null);
	close(out);
	return status;
}

static int begin(void **state)
{
	real_report(&r, 3);
	if (json_write_report(&r, "old.json"))
		return -1;
	r.levels[1].overhead_kib *= 2;
	if (json_write_report(&r, "worse.json"))
		return -1;
	real_report(&r, 2);
	return json_write_report(&r, "shallow.json");
}

static void report_takes_one_file_and_html_several(void **state)
{
	assert_int_equal(STATUS(command_report, "old.json"), STATUS_OK);
	assert_int_equal(STATUS(command_report, "old.json", "--format", "csv"), STATUS_OK);
	assert_int_equal(STATUS(command_report, "old.json", "worse.json", "--format", "html"),
			 STATUS_OK);
	assert_int_equal(STATUS(command_report, "old.json", "worse.json"), -1);
	assert_int_equal(STATUS(command_report, "nowhere.json"), -1);
	assert_int_equal(status_of(command_report, NULL, 0), -1);
}

static void kcidb_needs_to_know_what_was_tested(void **state)
{
	assert_int_equal(STATUS(command_report, "old.json", "--format=kcidb"), -1);
	assert_int_equal(STATUS(command_report, "old.json", "--origin", "lab"), -1);
	assert_int_equal(STATUS(command_report, "old.json", "--format=kcidb", "--origin", "lab",
				"--build-id", "lab:1"),
			 STATUS_OK);
}

static void compare_says_whether_something_became_worse(void **state)
{
	assert_int_equal(STATUS(command_compare, "old.json", "old.json"), STATUS_OK);
	assert_int_equal(STATUS(command_compare, "worse.json", "old.json"), STATUS_OK);
	assert_int_equal(STATUS(command_compare, "old.json", "worse.json"), STATUS_NOT);
	assert_int_equal(
		STATUS(command_compare, "old.json", "worse.json", "--overhead-limit", "300"),
		STATUS_OK);
	assert_int_equal(STATUS(command_compare, "old.json", "shallow.json"), -1);
	assert_int_equal(STATUS(command_compare, "old.json"), -1);
}

static void plan_needs_a_report_and_enough_memory(void **state)
{
	assert_int_equal(STATUS(command_plan, "--from", "old.json"), STATUS_OK);
	assert_int_equal(STATUS(command_plan, "--from", "old.json", "--format", "json"), STATUS_OK);
	assert_int_equal(STATUS(command_plan, "--from", "old.json", "--memory", "1M"), -1);
	assert_int_equal(STATUS(command_plan, "--memory", "64G"), -1);
}

static void status_is_for_a_level(void **state)
{
	assert_int_equal(status_of(command_status, NULL, 0), -1);
	assert_non_null(strstr(last_error(), "this is not a level"));
}

#define C(test) cmocka_unit_test_setup(test, begin)
RUN(C(report_takes_one_file_and_html_several), C(kcidb_needs_to_know_what_was_tested),
    C(compare_says_whether_something_became_worse), C(plan_needs_a_report_and_enough_memory),
    C(status_is_for_a_level))
