// SPDX-License-Identifier: GPL-2.0-or-later
#include "matrix.h"

static void a_case_has_options_of_its_own(void **state)
{
	char name[200];

	assert_int_equal(read_matrix("case plain all # nothing\n"
				     "case other L1:no-virt svm --set \"1:a.b=c d\" --cpu max\n"),
			 0);
	assert_int_equal(s.combinations, 2);
	assert_string_equal(options_of(0), "");
	assert_string_equal(options_of(1), "--set 1:a.b=c d --cpu max");
	series_name(&s, 1, name, sizeof(name));
	assert_string_equal(name, "other");
	strcpy(s.depth, "2");
	assert_string_equal(options_of(0), "--depth 2");
}

static void cases_are_combined_with_values(void **state)
{
	char name[200];

	assert_int_equal(read_matrix("memory 1G 2G\ncase a all --x 1\ncase b all --x 2\n"), 0);
	assert_int_equal(s.combinations, 4);
	assert_string_equal(options_of(1), "--x 1 --memory 2G");
	assert_string_equal(options_of(2), "--x 2 --memory 1G");
	series_name(&s, 2, name, sizeof(name));
	assert_string_equal(name, "b memory=1G");
}

static void a_case_for_another_machine_is_left_out(void **state)
{
	struct host tcg = { .accel = ACCEL_TCG }, kvm = { .accel = ACCEL_KVM };
	const char *text = "case a all vmx\ncase b all svm\ncase c all tcg\ncase d all kvm\n"
			   "case e all recursive\ncase f all\n";

	assert_int_equal(read_matrix(text), 0);
	series_choose(&s, &tcg);
	assert_int_equal(s.combinations, 3); /* b, c, f */
	assert_int_equal(s.cases_left_out, 3);
	assert_string_equal(series_case(&s, 1)->name, "c");
	read_matrix(text);
	strcpy(kvm.self.cpu_virt, "vmx");
	kvm.recursion_fits = true;
	series_choose(&s, &kvm);
	assert_int_equal(s.combinations, 4); /* a, d, e, f */
	assert_string_equal(series_case(&s, 0)->name, "a");
}

static void what_is_no_case_is_refused(void **state)
{
	assert_int_equal(read_matrix("case a\n"), -1);
	assert_non_null(strstr(last_error(), "matrix:1: a case is NAME EXPECTED"));
	assert_int_equal(read_matrix("case a all\ncase b L1:nonsense\n"), -1);
	assert_non_null(strstr(last_error(), "matrix:2: L1"));
	assert_int_equal(read_matrix("case a 1\n"), -1);
	assert_int_equal(read_matrix("case a L1x\n"), -1);
	assert_int_equal(read_matrix("case a L99999\n"), -1);
	assert_int_equal(read_matrix("case a all arm --x\n"), -1);
	assert_non_null(strstr(last_error(), "arm is not a machine"));
	assert_int_equal(read_matrix("case a all 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9\n"), -1);
	assert_int_equal(read_matrix("case a all --1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9\n"), -1);
	assert_non_null(strstr(last_error(), "more than 16 words"));
}

static void the_shipped_one_is_known_by_its_name(void **state)
{
	s = (struct series){ .repeat = 1 };
	assert_int_equal(series_read(&s, "unusual"), 0);
	assert_true(s.case_count > 40);
	assert_string_equal(s.cases[0].name, "plain");
	assert_int_equal(series_read(&s, "./unusual"), -1);
}

static enum judgement judged(const char *expected, int reached, enum stop stop, int status,
			     bool sound)
{
	const struct outcome o = { status, 2, reached, stop, sound };
	char text[40], *word[] = { "name", text };
	struct matrix_case c;

	strcpy(text, expected);
	assert_int_equal(case_read(&c, word, 2, "here"), 0);
	return case_judge(&c, &o);
}

static void runs_are_judged_by_what_was_expected(void **state)
{
	assert_int_equal(judged("all", 2, STOP_DEPTH, STATUS_OK, true), CASE_EXPECTED);
	assert_int_equal(judged("L5:memory", 2, STOP_DEPTH, STATUS_OK, true), CASE_EXPECTED);
	assert_int_equal(judged("all", 1, STOP_MEMORY, STATUS_NOT, true), CASE_WORSE);
	assert_int_equal(judged("all", 1, STOP_NO_VIRT, STATUS_NOT, true), CASE_WORSE);
	assert_int_equal(judged("all", 1, STOP_PANIC, STATUS_NOT, true), CASE_BROKEN);
	assert_int_equal(judged("all", 2, STOP_DEPTH, STATUS_NOT, false), CASE_BROKEN);
	assert_int_equal(judged("all", 2, STOP_DEPTH, 128 + 11, true), CASE_BROKEN);
	assert_int_equal(judged("all", 0, STOP_NONE, STATUS_WRONG, true), CASE_BROKEN);
	assert_int_equal(judged("all", 0, STOP_NONE, STATUS_SKIPPED, true), CASE_SKIPPED);
	assert_int_equal(judged("L1:no-virt", 1, STOP_NO_VIRT, STATUS_NOT, true), CASE_EXPECTED);
	assert_int_equal(judged("L1:no-virt", 1, STOP_MEMORY, STATUS_NOT, true), CASE_WORSE);
	assert_int_equal(judged("L1:no-virt", 2, STOP_DEPTH, STATUS_OK, true), CASE_BETTER);
	assert_int_equal(judged("L0:hang", 0, STOP_HANG, STATUS_NOT, true), CASE_EXPECTED);
	assert_int_equal(judged("L0:hang", 0, STOP_PANIC, STATUS_NOT, true), CASE_BROKEN);
}

RUN(T(a_case_has_options_of_its_own), T(cases_are_combined_with_values),
    T(a_case_for_another_machine_is_left_out), T(what_is_no_case_is_refused),
    T(the_shipped_one_is_known_by_its_name), T(runs_are_judged_by_what_was_expected))
