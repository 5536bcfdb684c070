// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest memory for checks: it is at a fixed address, and maps over nothing else. */
#include "test.h"
#include "guest/cases.h"
#include "guest/machine.h"

#include <sys/mman.h>

static void test_in_use(void **state)
{
	char *other = mmap((void *)ARENA_BASE, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	struct machine m = { .kvm = -1 };

	assert_ptr_equal(other, (void *)ARENA_BASE);
	strcpy(other, "heap");
	assert_int_equal(machine_open(&m, false), -1);
	assert_string_equal(m.why, "memory for a guest at 0x4c000000: File exists");
	assert_string_equal(other, "heap");
	munmap(other, PAGE);
}

#define ENOUGH 100000 /* ticks, however long the test is held up */

/* The guest keeps the CPU for S seconds; this level gets so many ticks.  Whether the guest is to try again. */
static bool spin(struct machine *m, double s, int64_t ticks)
{
	m->calls++;
	assert_true(call_timers(m, 0));
	assert_true(ARENA->answer > 0);
	for (double until_s = now_s() + s; now_s() < until_s;)
		usleep(1000); /* a tick ends it */
	m->ticks += ticks;
	m->calls++;
	call_timers(m, 0);
	return ARENA->answer;
}

/* A machine that is held up once is busy; only one that never gets its ticks is broken. */
static void test_ticks(void **state)
{
	struct machine m = { .kvm = -1, .tick_s = 0.4 };
	struct arena *a = mmap((void *)ARENA_BASE, sizeof(*a), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	assert_ptr_equal(a, ARENA);
	assert_false(spin(&m, 0.01, ENOUGH));
	m.tick_s = 0.04;
	m.calls = 0;
	assert_true(spin(&m, 0.1, 0)); /* two were due */
	assert_false(spin(&m, 0.1, ENOUGH));
	assert_string_equal(m.why, "");
	for (int i = 0; i < 3; i++) {
		assert_true(spin(&m, 0.2, 0));
		assert_string_equal(m.why, "");
	}
	spin(&m, 0.4, 0);
	assert_non_null(strstr(m.why, "0 ticks of this level in "));
	machine_tick(0);
	munmap(a, sizeof(*a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
