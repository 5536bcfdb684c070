// SPDX-License-Identifier: GPL-2.0-or-later
/* A level's clock compared with that of the level above. */
#include "test.h"
#include "lib/clock.h"

#include <x86intrin.h>

static void test_pace(void **state)
{
	char why[96] = "";

	(void)state;
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

static void test_frequency(void **state)
{
	int64_t khz = clock_measure_tsc_khz(), again = clock_measure_tsc_khz();

	(void)state;
	assert_true(khz > 100000);
	assert_in_range(again, khz - khz / 1000, khz + khz / 1000);
}

RUN(T(test_pace), T(test_frequency))
