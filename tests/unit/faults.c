// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults that a kernel found in itself, in its log: which messages count, from when on, and what the first one says. */
#include "test.h"
#include "level/faults.h"

static int faults(const char *log, double since_s, char first[64])
{
	first[0] = '\0';
	return faults_in_log(log, since_s, first, 64);
}

static void test_none(void **state)
{
	char first[64];

	assert_int_equal(faults("", 0, first), 0);
	assert_int_equal(faults("no stamp\n<4>[ no end\nWARNING: without a stamp\n", 0, first), 0);
	assert_int_equal(
		faults("<6>[    0.1] Spectre V2 : WARNING: eBPF\n<6>[    0.2] DEBUG: x", 0, first),
		0);
}

static void test_warning(void **state)
{
	static const char log[] =
		"<4>[    1.500000] ------------[ cut here ]------------\n"
		"<4>[    1.500001] Bad FPU state detected\n"
		"<4>[    1.500002] WARNING: CPU: 0 PID: 20 at 0xffffffff80488023\n"
		"<4>[    1.500003] RIP: 0010:0xffffffff80488023\n";
	char first[64];

	assert_int_equal(faults(log, 1, first), 1);
	assert_string_equal(first, "Bad FPU state detected");
	assert_int_equal(faults(log, 1.6, first), 0);
	/* One that says nothing itself */
	assert_int_equal(faults("<4>[    2.0] ------------[ cut here ]------------\n"
				"<4>[    2.0] WARNING: CPU: 1 PID: 1 at kvm.c:1",
				0, first),
			 1);
	assert_string_equal(first, "WARNING: CPU: 1 PID: 1 at kvm.c:1");
}

static void test_others(void **state)
{
	char first[64];

	assert_int_equal(faults("<1>[    3.0] BUG: kernel NULL pointer dereference\n"
				"<6>[    3.0] PGD 0\n<4>[    3.0] Oops: Oops: 0000 [#1]\n"
				"<4>[    3.1] unchecked MSR access error: RDMSR from 0x123\n",
				0, first),
			 3);
	assert_string_equal(first, "BUG: kernel NULL pointer dereference");
	/* The first is cut off where there is no room. */
	assert_int_equal(
		faults("<4>[1] BUG: KASAN: slab-use-after-free in a function whose name is very "
		       "long indeed, and longer",
		       0, first),
		1);
	assert_int_equal(strlen(first), 63);
}

#define T(test) cmocka_unit_test(test)
RUN(T(test_none), T(test_warning), T(test_others))
