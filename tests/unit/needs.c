// SPDX-License-Identifier: GPL-2.0-or-later
/* CPU features that KVM needs, by the text of /proc/cpuinfo. */
#include "test.h"
#include "level/needs.h"

#define CPU(flags, mhz) "processor\t: 0\nflags\t\t: " flags "\ncpu MHz\t\t: " mhz "\n"

static void test_missing(void **state)
{
	char why[200] = "";

	assert_false(needs_missing(CPU("fpu tsc apic svm", "2000.000"), 0, why, sizeof(why)));
	assert_false(needs_missing("", 0, why, sizeof(why)));
	assert_string_equal(why, "");
	assert_true(needs_missing(CPU("fpu tsc x2apic svm", "2000.000"), 3, why, sizeof(why)));
	assert_non_null(strstr(why, "L3 has no local APIC"));
	assert_true(needs_missing(CPU("fpu apic svm", "2000.000"), 1, why, sizeof(why)));
	assert_non_null(strstr(why, "L1 has no time-stamp counter"));
	/* arch/x86/kernel/tsc.c found no reference */
	assert_true(needs_missing(CPU("fpu tsc apic svm", "0.000"), 0, why, sizeof(why)));
	assert_non_null(strstr(why, "the kernel of L0 does not know the frequency"));
	assert_true(strlen(why) < sizeof(why) - 1);
}

static void test_avx(void **state)
{
	assert_true(needs_avx("fpu xsave avx", 7));
	assert_false(needs_avx("fpu avx", 7));	     /* without XSAVE nobody saves the registers */
	assert_false(needs_avx("fpu xsave avx", 3)); /* not enabled by the operating system */
	assert_false(needs_avx("fpu xsave avx", 0));
	assert_false(needs_avx("fpu xsave avx2", 7));
}

static void test_pace(void **state)
{
	char why[96] = "";

	assert_true(needs_pace_is_sane(2e6, 2000000000, 1, why, sizeof(why)));
	assert_true(needs_pace_is_sane(2e6, 1, 0.01, why, sizeof(why))); /* too short to tell */
	assert_string_equal(why, "");
	/* Calibrated 4.7 times too slow: the clock runs too fast */
	assert_false(needs_pace_is_sane(425e3, 2000000000, 1, why, sizeof(why)));
	assert_non_null(strstr(why, "425000 kHz; by its clock it has 2000000"));
	assert_false(needs_pace_is_sane(2e6, 0, 1, why, sizeof(why)));
}

RUN(T(test_missing), T(test_avx), T(test_pace))
