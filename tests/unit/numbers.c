// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers as text: only meaningful digits, nothing for unknown ones, exact ones for parsers. */
#include "test.h"
#include "lib/numbers.h"

static void si_numbers_have_three_digits_and_a_prefix(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = { { 0, "0" },	 { 52, "52" },	       { 999, "999" },
		      { 1000, "1 k" },	 { 55926, "55.9 k" },  { 999499, "999 k" },
		      { 999500, "1 M" }, { 1197534, "1.2 M" }, { 0.355, "0.355" },
		      { 9e15, "9 P" },	 { 9e20, "9e+05 P" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(number_si(cases[i].value).text, cases[i].text);
}

static void counts_are_whole_grouped_or_short(void **state)
{
	assert_string_equal(number_whole(9007199254740993).text, "9007199254740993");
	assert_string_equal(number_grouped(0).text, "0");
	assert_string_equal(number_grouped(999).text, "999");
	assert_string_equal(number_grouped(1000).text, "1,000");
	assert_string_equal(number_grouped(INT64_MAX).text, "9,223,372,036,854,775,807");
	assert_string_equal(number_short(99999).text, "99999");
	assert_string_equal(number_short(100000).text, "100k");
	assert_string_equal(number_short(123456789).text, "123M");
}

static void spans_become_minutes_before_a_column_is_full(void **state)
{
	assert_string_equal(number_span(99.94, false).text, "99.9 s");
	assert_string_equal(number_span(99.95, false).text, "1:39");
	assert_string_equal(number_span(7.9, true).text, "7 s"); /* a clock that runs */
	assert_string_equal(number_span(3599, false).text, "59:59");
	assert_string_equal(number_span(3661, false).text, "1:01:01");
	assert_string_equal(number_clock(-5).text, "0:00");
	assert_string_equal(number_clock(65).text, "1:05");
}

static void what_is_unknown_is_empty_and_a_dash_in_a_table(void **state)
{
	assert_string_equal(number_whole(-1).text, "");
	assert_string_equal(number_grouped(-1).text, "");
	assert_string_equal(number_short(-1).text, "");
	assert_string_equal(number_si(-1).text, "");
	assert_string_equal(number_times(-1).text, "");
	assert_string_equal(number_mib(-1).text, "");
	assert_string_equal(number_seconds(-1).text, "");
	assert_string_equal(or_dash(number_mib(-1).text), "-");
	assert_string_equal(or_dash(number_mib(1536).text), "1.5");
}

/* LAVA's pattern for a measurement has no exponent. */
static void exact_numbers_are_decimal_digits_alone(void **state)
{
	assert_string_equal(number_exact(0).text, "0");
	assert_string_equal(number_exact(9007199254740992.0).text, "9007199254740992");
	assert_string_equal(number_exact(0.000001).text, "0.000001");
	assert_string_equal(number_exact(-2.5).text, "-2.500000");
}

RUN(T(si_numbers_have_three_digits_and_a_prefix), T(counts_are_whole_grouped_or_short),
    T(spans_become_minutes_before_a_column_is_full),
    T(what_is_unknown_is_empty_and_a_dash_in_a_table), T(exact_numbers_are_decimal_digits_alone))
