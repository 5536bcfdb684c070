// SPDX-License-Identifier: GPL-2.0-or-later
/* A level's clock compared with that of the level above. */
#include "test.h"
#include "lib/clock.h"

#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

static void test_pace(void **state)
{
	char why[96] = "";

	assert_true(clock_is_sane(1.7, 1.9, why, sizeof(why)));
	assert_true(clock_is_sane(2.2, 2.0, why, sizeof(why)));
	assert_true(clock_is_sane(2, 3600, why, sizeof(why))); /* the record came late */
	assert_string_equal(why, "");
	/* Clocks that were calibrated 4.7 and 9.3 times too fast */
	assert_false(clock_is_sane(4.7, 1, why, sizeof(why)));
	assert_false(clock_is_sane(300, 39, why, sizeof(why)));
	assert_string_equal(why,
			    "its clock runs too fast: it counted 300.0 s where the level above "
			    "counted 39.0");
}

/* A child that reads its clock before its parent does is not later, however long the record took. */
static void test_lead(void **state)
{
	assert_float_equal(clock_lead_s(1700000000.5, 1700000000.501, 1), 0, 0);
	assert_float_equal(clock_lead_s(1700000000.5, 1700000060, 1), 0, 0);
	assert_float_equal(clock_lead_s(1700000000.51, 1700000000.5, 0.3), 0, 0);
	assert_float_equal(clock_lead_s(1700000001.5, 1700000000.5, 60), 0, 0); /* 1.7 % */
	/* L2 in Bochs with the TSC of L1, which began 0.2 s before */
	assert_float_equal(clock_lead_s(1700000000.7, 1700000000.5, 0.7), 0.2, 0.001);
}

/* Somebody who sets the clock of a level makes it no worse than its parent's. */
static void test_watch(void **state)
{
	struct timespec now;
	int fd = clock_watch();

	assert_true(fd >= 0);
	assert_false(clock_was_set(fd));
	assert_true(clock_was_set(-1));
	if (!clock_gettime(CLOCK_REALTIME, &now) && !clock_settime(CLOCK_REALTIME, &now))
		assert_true(clock_was_set(fd));
	close(fd);
}

static void test_frequency(void **state)
{
	int64_t khz = clock_measure_tsc_khz(), again = clock_measure_tsc_khz();

	assert_true(khz > 100000);
	assert_in_range(again, khz - khz / 1000, khz + khz / 1000);
}

RUN(T(test_pace), T(test_lead), T(test_watch), T(test_frequency))
