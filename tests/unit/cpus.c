// SPDX-License-Identifier: GPL-2.0-or-later
/* What CPUs do together, on the build machine.  With one CPU there is nothing to do, but it must end too. */
#include "test.h"
#include "level/cpus.h"

#include <unistd.h>

static void test_listed(void **state)
{
	write_file("list", "0\n");
	assert_int_equal(cpus_listed("list"), 1);
	write_file("list", "0-3\n");
	assert_int_equal(cpus_listed("list"), 4);
	write_file("list", "0,2-3,7\n");
	assert_int_equal(cpus_listed("list"), 4);
	write_file("list", "\n");
	assert_int_equal(cpus_listed("list"), 0);
	assert_int_equal(cpus_listed("nowhere"), 0);
	assert_true(cpus_listed(CPUS_ONLINE) > 0);
}

static void test_move(void **state)
{
	int cpu[CPUS_MAX], one[CPUS_MAX], count = cpus_ours(cpu);

	assert_true(count > 0);
	assert_int_equal(cpus_move(cpu[count - 1]), 0);
	assert_int_equal(cpus_ours(one), 1);
	assert_int_equal(one[0], cpu[count - 1]);
	assert_int_equal(cpus_move(-1), 0);
	assert_int_equal(cpus_ours(one), count);
}

static void (*const acts[])(struct together *t) = { cpus_pass_token, cpus_read_clocks, cpus_remap };

static void test_healthy(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		struct together t = { .rounds = 50, .limit_s = 30 };

		acts[i](&t);
		if (*t.wrong || t.done != 50)
			wrong("%zu: %d rounds, %s", i, t.done, t.wrong);
	}
}

/* Without time it ends early, and reports no error. */
static void test_no_time(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		struct together t = { .rounds = 100000000, .limit_s = 30 };

		t.until_s = now_s() + 0.2;
		acts[i](&t);
		assert_string_equal(t.wrong, "");
		assert_in_range(t.done, 1, 99999999);
	}
}

/* What does not end by itself is killed. */
static void test_stuck(void **state)
{
	struct together t = { .rounds = 1000000000, .limit_s = 0.3 };
	double start = now_s();

	cpus_read_clocks(&t);
	assert_non_null(strstr(t.wrong, "of 1000000000 rounds: no end within 0.3 s"));
	assert_true(now_s() - start < 10);
}

RUN(T(test_listed), T(test_move), T(test_healthy), T(test_no_time), T(test_stuck))
