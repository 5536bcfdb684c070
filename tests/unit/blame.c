// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/blame.h"

#include "test.h"

static struct report first;
static struct blame b;

/* L2 of L3 broke: a check of it failed. */
static void break_level(int victim)
{
	report_init(&first, 3);
	for (int i = 0; i <= 3; i++) {
		struct level *lv = report_level(&first, i);

		strcpy(lv->checks[0].id, "timer");
		lv->check_count = 1;
		lv->checks[0].result = i == victim ? RESULT_FAIL : RESULT_PASS;
	}
	first.outermost = 0;
	first.deepest = first.reached = first.stop_level = 3;
	first.stop = STOP_DEPTH;
}

static void conclude(int count, const struct past_run *runs)
{
	static const int level[] = { -1, 0, 1, 2 };

	break_level(2);
	blame_conclude(&b, &first, runs, level, count);
}

#define BROKE(level) .status = STATUS_NOT, .victim = (level)
#define PASSED .status = STATUS_OK, .victim = -1

static void the_level_that_mends_it_is_the_suspect(void **state)
{
	conclude(4, (struct past_run[]){ { BROKE(2) }, { BROKE(2) }, { PASSED }, { BROKE(2) } });
	assert_int_equal(b.victim, 2);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.suspects[0], 1);
	assert_non_null(strstr(b.sentence, "L2 broke;"));
	assert_non_null(strstr(b.sentence, "the suspect is the KVM of L1"));
}

/* If L0 and L1 have the same fault, then with L0's kernel replaced the run breaks a level deeper. */
static void a_fault_that_moves_deeper_counts(void **state)
{
	conclude(4, (struct past_run[]){ { BROKE(2) }, { BROKE(3) }, { BROKE(2) }, { BROKE(2) } });
	assert_int_equal(b.count, 1);
	assert_int_equal(b.suspects[0], 0);
}

/* The unchanged run broke at L2, then at L3: so L3 is no progress. */
static void where_it_breaks_may_change(void **state)
{
	conclude(4, (struct past_run[]){ { BROKE(3) }, { PASSED }, { BROKE(3) }, { BROKE(3) } });
	assert_int_equal(b.count, 1);
	assert_int_equal(b.suspects[0], 0);
}

static void a_fault_that_moves_up_does_not(void **state)
{
	conclude(4, (struct past_run[]){ { BROKE(2) }, { BROKE(1) }, { BROKE(2) }, { BROKE(0) } });
	assert_int_equal(b.count, 0);
	assert_non_null(strstr(b.sentence, "several levels or in none"));
}

static void the_victims_own_kernel_is_no_kvm(void **state)
{
	conclude(4, (struct past_run[]){ { BROKE(2) }, { BROKE(2) }, { BROKE(2) }, { PASSED } });
	assert_int_equal(b.suspects[0], 2);
	assert_non_null(strstr(b.sentence, "its own kernel"));
}

static void all_that_mend_it_are_named(void **state)
{
	conclude(4, (struct past_run[]){ { BROKE(2) }, { PASSED }, { PASSED }, { BROKE(2) } });
	assert_int_equal(b.count, 2);
	assert_non_null(strstr(b.sentence, "at L0 or L1 alone"));
}

static void what_does_not_come_again_blames_nobody(void **state)
{
	conclude(4, (struct past_run[]){ { PASSED }, { PASSED }, { PASSED }, { PASSED } });
	assert_int_equal(b.count, 0);
	assert_non_null(strstr(b.sentence, "--repeat"));
}

/* A run that could not be made (wrong use, skipped, a signal) blames nobody. */
static void a_run_that_was_none_blames_nobody(void **state)
{
	conclude(4, (struct past_run[]){ { BROKE(2) },
					 { .status = STATUS_WRONG, .victim = 3 },
					 { .status = STATUS_SKIPPED, .victim = 3 },
					 { BROKE(2) } });
	assert_int_equal(b.count, 0);
	conclude(0, NULL);
	assert_int_equal(b.count, 0);
}

static void the_victim_is_the_first_that_is_not_sound(void **state)
{
	break_level(1);
	assert_int_equal(report_victim(&first), 1);
	break_level(-1);
	first.stop = STOP_HANG;
	first.reached = 1;
	first.stop_level = 2;
	assert_int_equal(report_victim(&first), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_level_that_mends_it_is_the_suspect),
		cmocka_unit_test(a_fault_that_moves_deeper_counts),
		cmocka_unit_test(where_it_breaks_may_change),
		cmocka_unit_test(a_fault_that_moves_up_does_not),
		cmocka_unit_test(the_victims_own_kernel_is_no_kvm),
		cmocka_unit_test(all_that_mend_it_are_named),
		cmocka_unit_test(what_does_not_come_again_blames_nobody),
		cmocka_unit_test(a_run_that_was_none_blames_nobody),
		cmocka_unit_test(the_victim_is_the_first_that_is_not_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
