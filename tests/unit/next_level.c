// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether there is a next level: the first reason against it counts, and names its evidence. */
#include "test.h"
#include "level/next_level.h"

static struct life l;

static int begin(void **state)
{
	memset(&l, 0, sizeof(l));
	options_init(&l.run.asked);
	options_decide(&l.run.asked, SHELL_NONE, &l.run.decided);
	run_begin(&l.run, 1, 1);
	l.run.teller.self->ready_s = 2;
	l.platform.have_virt = l.platform.have_kvm = true;
	strcpy(l.platform.virt_problem, "no svm");
	strcpy(l.platform.kvm_problem, "no /dev/kvm");
	return 0;
}

static void expect(enum stop stop, const char *words)
{
	next_level_consider(&l, 4096);
	if (l.why.stop != stop || !strstr(l.why.detail, words))
		wrong("%s: %s instead of %s: %s", stop_names[l.why.stop], l.why.detail,
		      stop_names[stop], words);
}

static void nothing_is_in_the_way(void **state)
{
	expect(STOP_NONE, "");
	assert_true(l.budget.child_kib > 0);
}

static void depth_comes_first(void **state)
{
	l.platform.have_virt = false;
	l.run.decided.depth = 1;
	expect(STOP_DEPTH, "depth 1 was asked for and reached");
}

static void then_what_the_cpu_lacks(void **state)
{
	l.platform.have_virt = l.platform.have_kvm = false;
	expect(STOP_NO_VIRT, "no svm");
}

static void then_what_kvm_lacks(void **state)
{
	l.platform.have_kvm = false;
	expect(STOP_NO_KVM, "no /dev/kvm");
}

static void a_next_level_that_is_too_small_is_not_started(void **state)
{
	l.run.asked.mem_kib = 2048;
	expect(STOP_MEMORY, "the next level needs");
}

/* In a level's shell --memory sets the RAM of the next level. */
static void the_option_counts_more_than_the_word(void **state)
{
	l.run.asked.mem_kib = 2048;
	l.run.asked.memory_kib = 65536;
	expect(STOP_NONE, "");
	assert_int_equal(l.budget.child_kib, 65536);
}

static void a_terminal_takes_memory_of_its_own(void **state)
{
	int64_t need_kib;

	expect(STOP_NONE, "");
	need_kib = l.budget.need_kib;
	l.run.decided.shell = 3;
	expect(STOP_NONE, "");
	assert_int_equal(l.budget.need_kib, need_kib + VM_TERMINAL_KIB);
}

/* A child is slower than its parent, so with less time than our own boot took none is started. */
static void less_time_than_our_own_boot_is_too_little(void **state)
{
	l.run.decided.deadline_s = now_s() + 10;
	expect(STOP_NONE, "");
	l.run.decided.deadline_s = now_s() + 1;
	expect(STOP_TIME, "no time is left");
}

static void the_first_reason_stands(void **state)
{
	reason_set(&l.why, STOP_MEMORY, "no room for the archive");
	l.run.decided.depth = 1;
	expect(STOP_MEMORY, "no room for the archive");
}

#define B(test) cmocka_unit_test_setup(test, begin)
RUN(B(nothing_is_in_the_way), B(depth_comes_first), B(then_what_the_cpu_lacks),
    B(then_what_kvm_lacks), B(a_next_level_that_is_too_small_is_not_started),
    B(the_option_counts_more_than_the_word), B(a_terminal_takes_memory_of_its_own),
    B(less_time_than_our_own_boot_is_too_little), B(the_first_reason_stands))
