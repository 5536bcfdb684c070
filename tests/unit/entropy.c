// SPDX-License-Identifier: GPL-2.0-or-later
/* Seeds: a fresh one if none was handed down; the same ones derive from the same seed. */
#include "test.h"
#include "lib/entropy.h"

static void test_seeds(void **state)
{
	char a[SEED_SIZE], b[SEED_SIZE], c[SEED_SIZE];
	double start = now_s();

	entropy_find(a);
	entropy_find(b);
	assert_true(now_s() - start < 1);
	assert_int_equal(strlen(a), SEED_SIZE - 1);
	assert_int_equal(strspn(a, "0123456789abcdef"), SEED_SIZE - 1);
	assert_string_not_equal(a, b);
	entropy_derive(a, 1, b);
	entropy_derive(a, 1, c);
	assert_string_equal(b, c);
	entropy_derive(a, 2, c);
	assert_string_not_equal(b, c);
	assert_string_not_equal(a, b);
}

RUN(T(test_seeds))
