// SPDX-License-Identifier: GPL-2.0-or-later
#include "matrix.h"

static volatile int stop;

static void combinations_are_all_of_them(void **state)
{
	assert_int_equal(read_matrix("# what varies\n\ndepth 1 2 # levels\n"
				     "append \"a=1 b=2\" c\r\n"),
			 0);
	assert_int_equal(s.combinations, 4);
	assert_string_equal(options_of(0), "--depth 1 --append a=1 b=2");
	assert_string_equal(options_of(1), "--depth 1 --append c");
	assert_string_equal(options_of(2), "--depth 2 --append a=1 b=2");
	assert_string_equal(options_of(3), "--depth 2 --append c");
}

/* An option that may be repeated may vary twice. */
static void two_axes_of_one_option(void **state)
{
	assert_int_equal(read_matrix("set 1:kvm_amd.npt=0 1:kvm_amd.npt=1\n"
				     "set all:kvm.tdp_mmu=0 all:kvm.tdp_mmu=1\n"),
			 0);
	assert_string_equal(options_of(1), "--set 1:kvm_amd.npt=0 --set all:kvm.tdp_mmu=1");
	assert_string_equal(s.axes[0].key, "set");
	assert_string_equal(s.axes[1].key, "set_2");
}

static void without_a_matrix_nothing_varies(void **state)
{
	s = (struct series){ .repeat = 1 };
	assert_int_equal(series_read(&s, NULL), 0);
	assert_int_equal(s.combinations, 1);
	assert_string_equal(options_of(0), "");
}

static void what_is_no_matrix_is_refused(void **state)
{
	static char large[20000];

	assert_int_equal(series_read(&s, "/nowhere/matrix"), -1);
	assert_non_null(strstr(last_error(), "/nowhere/matrix: No such file"));
	assert_int_equal(read_matrix("# nothing\n"), -1);
	assert_non_null(strstr(last_error(), "no option"));
	assert_int_equal(read_matrix("depth 1\ncpu\n"), -1);
	assert_non_null(strstr(last_error(), "matrix:2: cpu has no values"));
	assert_int_equal(read_matrix("a 1\nb 1\nc 1\nd 1\ne 1\nf 1\ng 1\nh 1\ni 1\n"), -1);
	assert_non_null(strstr(last_error(), "more than 8 options"));
	assert_int_equal(
		read_matrix("a 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 "
			    "1 2 3\n"),
		-1);
	assert_non_null(strstr(last_error(), "more than 32 values"));
	for (const char *name = "abc"; *name; name++) {
		size_t len = strlen(large);

		large[len++] = *name;
		for (int i = 0; i < 30; i++, len += 2)
			memcpy(large + len, " 1", 3);
		memcpy(large + len, "\n", 2);
	}
	assert_int_equal(read_matrix(large), -1);
	assert_non_null(strstr(last_error(), "more than 10000 combinations"));
	memset(large, 'x', sizeof(large) - 1);
	assert_int_equal(read_matrix(large), -1);
	assert_non_null(strstr(last_error(), "longer than"));
}

/* Stands for a run: its depth decides on its outcome. */
static int once(void *context, int argc, char **argv, struct report *r)
{
	int depth = argc > 1 ? atoi(argv[1]) : 1;

	(void)context;
	report_init(r, depth);
	report_level(r, 0)->overhead_kib = 100;
	report_level(r, depth)->exits_chain = depth * 1000;
	r->reached = depth;
	r->stop = STOP_DEPTH;
	puts("what it printed");
	if (depth == 5)
		abort();
	return depth == 2   ? STATUS_NOT
	       : depth == 3 ? STATUS_SKIPPED
	       : depth == 4 ? STATUS_WRONG
			    : STATUS_OK;
}

/* Runs it and returns what was printed. */
static const char *made(int *status)
{
	static char text[8192];
	FILE *out = fmemopen(text, sizeof(text), "w");

	memset(text, 0, sizeof(text));
	assert_non_null(out);
	*status = series_run(&s, once, NULL, &stop, out, NULL);
	fclose(out);
	free(s.runs);
	return text;
}

#define says(text, words)                                               \
	do {                                                            \
		if (!strstr(text, words))                               \
			wrong("it does not say '%s': %s", words, text); \
	} while (0)

static void runs_that_succeed_are_summed_up(void **state)
{
	const char *text;
	int status;

	series_read(&s, NULL);
	s = (struct series){ .combinations = 1, .repeat = 3 };
	text = made(&status);
	assert_int_equal(status, STATUS_OK);
	says(text, "# supernest: run 3 of 3: reached L1");
	says(text, "3 runs: 3 passed, 0 skipped\n  reached L1, stopped by depth: 3\n");
	says(text, "exits to L1                  1000         1000         1000");
	says(text, "overhead of L0, KiB           100          100          100");
	assert_null(strstr(text, "what it printed"));
}

static void one_that_fails_fails_the_whole(void **state)
{
	const char *text;
	int status;

	read_matrix("depth 2 1");
	text = made(&status);
	assert_int_equal(status, STATUS_NOT);
	says(text, "what it printed");
	says(text, "depth=1      1      1      0        L1         1000              100");
	read_matrix("depth 2 1");
	s.stop_on_failure = true;
	text = made(&status);
	assert_int_equal(status, STATUS_NOT);
	says(text, "1 of 2 runs were not made");
}

static void skipped_wrong_and_killed_are_told_apart(void **state)
{
	const char *text;
	int status;

	read_matrix("depth 3");
	says(made(&status), "skipped: this machine cannot do it");
	assert_int_equal(status, STATUS_SKIPPED);
	read_matrix("depth 3 1");
	made(&status);
	assert_int_equal(status, STATUS_OK);
	read_matrix("depth 4 1");
	says(made(&status), "wrong use or a broken setup");
	assert_int_equal(status, STATUS_WRONG);
	read_matrix("depth 5 1");
	text = made(&status);
	says(text, "run 1 of 2, depth=5: supernest was killed by signal 6");
	says(text, "run 2 of 2, depth=1: reached L1");
	assert_int_equal(status, STATUS_NOT);
}

static void a_wish_to_stop_is_obeyed(void **state)
{
	const char *text;
	int status;

	read_matrix("depth 1 1 1");
	stop = 1;
	text = made(&status);
	stop = 0;
	says(text, "3 of 3 runs were not made");
	assert_int_not_equal(status, STATUS_OK);
}

RUN(T(combinations_are_all_of_them), T(two_axes_of_one_option), T(without_a_matrix_nothing_varies),
    T(what_is_no_matrix_is_refused), T(runs_that_succeed_are_summed_up),
    T(one_that_fails_fails_the_whole), T(skipped_wrong_and_killed_are_told_apart),
    T(a_wish_to_stop_is_obeyed))
