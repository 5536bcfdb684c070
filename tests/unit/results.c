// SPDX-License-Identifier: GPL-2.0-or-later
/* The tests that KTAP, LAVA and KCIDB report: which ones, in which order, with which results. */
#include "test.h"
#include "real.h"
#include "report/results.h"

static struct report r;
static char all[4000];

static void note(const struct test *t, void *context)
{
	(void)context;
	append(all, sizeof(all), "%s=%s%s ", t->id, result_names[t->result], t->missing ? "!" : "");
}

static const char *listed(void)
{
	all[0] = '\0';
	results_each(&r, note, NULL);
	return all;
}

static void each_level_is_ready_then_its_checks_then_the_depth(void **state)
{
	real_report(&r, 1);
	assert_string_equal(listed(), "l0_ready=pass l0_virt=pass l0_nested=pass l0_fpu=pass "
				      "l1_ready=pass l1_virt=pass l1_nested=pass l1_fpu=pass "
				      "l1_archive=pass depth=pass ");
}

/* A level that was asked for and never came up is a failed test, not a missing one. */
static void what_was_asked_for_and_did_not_come_up_has_failed(void **state)
{
	struct test t;

	real_report(&r, 0);
	r.requested = 2;
	r.stop = STOP_PANIC;
	r.stop_level = 1;
	r.ok = false;
	assert_string_equal(listed(), "l0_ready=pass l0_virt=pass l0_nested=pass l0_fpu=pass "
				      "l1_ready=fail! l2_ready=fail! depth=fail ");
	results_ready(&r, 1, &t);
	assert_string_equal(t.detail, "panic");
}

static void without_a_depth_only_the_level_that_broke_is_expected(void **state)
{
	real_report(&r, 1);
	r.requested = DEPTH_OPEN;
	r.stop = STOP_MEMORY;
	assert_int_equal(results_last_level(&r), 1);
	r.stop = STOP_HANG;
	r.stop_level = 2;
	assert_int_equal(results_last_level(&r), 2);
	r.stop_level = 1; /* it broke after it was ready */
	assert_int_equal(results_last_level(&r), 1);
}

static void tests_of_a_program_follow_its_own_result(void **state)
{
	const struct check exec = { "exec", RESULT_FAIL, 1.5, "s", "exit status 1" };
	const struct subtest sub = { 1, "exec", "open_file", RESULT_FAIL, "no such file" };

	real_report(&r, 1);
	level_add_check(&r.levels[1], &exec);
	report_add_subtest(&r, &sub);
	assert_non_null(strstr(listed(), "l1_exec=fail l1_exec_open_file=fail depth="));
}

RUN(T(each_level_is_ready_then_its_checks_then_the_depth),
    T(what_was_asked_for_and_did_not_come_up_has_failed),
    T(without_a_depth_only_the_level_that_broke_is_expected),
    T(tests_of_a_program_follow_its_own_result))
