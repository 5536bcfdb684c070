/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test includes. */
#pragma once

#include "lib/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* ours takes a format */

/* cmocka hands a state to each test, and few use it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define wrong(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

/* Expected errors are not printed; last_error() has them. */
static inline void keep_quiet(void *context, const char *message)
{
	(void)context;
	(void)message;
}

#define RUN(...)                                                   \
	int main(void)                                             \
	{                                                          \
		const struct CMUnitTest tests[] = { __VA_ARGS__ }; \
                                                                   \
		fail_to(keep_quiet, NULL);                         \
		return cmocka_run_group_tests(tests, NULL, NULL);  \
	}
#define T(test) cmocka_unit_test(test)

/* A reproducible random number (xorshift, Marsaglia 2003). */
static inline uint32_t scramble(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static inline void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}
