// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest memory for checks: it is at a fixed address, and maps over nothing else. */
#include "test.h"
#include "guest/machine.h"

#include <sys/mman.h>

static void test_in_use(void **state)
{
	char *other = mmap((void *)ARENA_BASE, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	struct machine m = { .kvm = -1 };

	(void)state;
	assert_ptr_equal(other, (void *)ARENA_BASE);
	strcpy(other, "heap");
	assert_int_equal(machine_open(&m, false), -1);
	assert_string_equal(m.why, "memory for a guest at 0x4c000000: File exists");
	assert_string_equal(other, "heap");
	munmap(other, PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
