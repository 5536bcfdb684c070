// SPDX-License-Identifier: GPL-2.0-or-later
/* When a boot costs far more exits than is known, and what the warning names. */
#include "test.h"
#include "level/boot_exits.h"

static void what_was_measured_is_usual(void **state)
{
	assert_false(boot_exits_are_many(258, 0.3, 1));
	assert_false(boot_exits_are_many(352, 2, 1));
	assert_false(boot_exits_are_many(1035, 1, 1)); /* without x-direct-boot */
	assert_false(boot_exits_are_many(1485, 4, 4));
	assert_false(boot_exits_are_many(629, 139, 1)); /* ticks of a slow boot */
}

static void what_is_broken_costs_more(void **state)
{
	assert_true(boot_exits_are_many(8880, 2, 1)); /* no huge pages */
	assert_true(boot_exits_are_many(11559, 25, 1));
	assert_true(boot_exits_are_many(3000, 1, 1));
	assert_false(boot_exits_are_many(2800, 1, 2));
}

/* Nothing here is as it was built for the appliance, and its files are not there. */
static void no_figure_is_known_elsewhere(void **state)
{
	assert_false(boot_exits_are_known(""));
}

static int64_t faults, ports, interrupts;

static int64_t count(const struct vm *vm, const char *name)
{
	assert_null(vm);
	if (!strcmp(name, "pf_taken"))
		return faults;
	if (!strcmp(name, "io_exits"))
		return ports;
	return strcmp(name, "irq_exits") ? UNKNOWN : interrupts;
}

static void expect(int vcpus, const char *detail)
{
	struct check k;

	boot_exits_warn(&k, vcpus, 9000, count, NULL);
	assert_string_equal(k.id, "exits");
	assert_int_equal(k.result, RESULT_PASS);
	assert_float_equal(k.value, 9000, 0);
	assert_string_equal(k.detail, detail);
	assert_true(check_is_clean(&k));
}

static void the_warning_names_the_reason_of_most_exits(void **state)
{
	faults = 8000, ports = 500, interrupts = 0;
	expect(1, "far more than the usual 350, mostly for page faults: 8000");
	faults = 100, ports = 6000;
	expect(2, "far more than the usual 700, mostly for port accesses: 6000");
	interrupts = 2000, ports = 400; /* the rest is of no count */
	expect(1, "far more than the usual 350, mostly for CPUID, MSRs and the like: 6500");
	faults = ports = interrupts = UNKNOWN;
	expect(1, "far more than the usual 350, mostly for CPUID, MSRs and the like: 9000");
}

RUN(cmocka_unit_test(what_was_measured_is_usual), cmocka_unit_test(what_is_broken_costs_more),
    cmocka_unit_test(no_figure_is_known_elsewhere),
    cmocka_unit_test(the_warning_names_the_reason_of_most_exits))
