// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "report/formats.h"
#include "host/plan.h"
#include "lib/options.h"
#include "real.h"

#define HOUR_S 3600
#define MIB 1024LL

static struct report r;
static struct plan p;
static char text[1 << 16];

static const char *print(void)
{
	FILE *f = fopen("out", "w+");
	size_t n;

	plan_print(&p, &r, f);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* Runs on the emulator until memory ended them: their RAM, and the level that they reached. */
static void test_memory_as_measured(void **state)
{
	static const struct {
		int mib, reached;
	} runs[] = { { 48, 1 }, { 64, 2 }, { 80, 3 }, { 100, 4 }, { 112, 5 }, { 128, 6 } };
	/* MemTotal of each level of the last one. */
	static const int total_kib[] = { 124208, 108208, 92080, 75952, 59824, 45488, 31408 };

	for (int deepest = 1; deepest <= 3; deepest++) {
		real_report(&r, deepest);
		for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
			assert_int_equal(plan_make(&p, &r, runs[i].mib * MIB, HOUR_S), 0);
			assert_int_equal(p.memory_depth, runs[i].reached);
		}
		/*
		 * A machine has more devices than a level, so its kernel has more data: a plan from L0
		 * alone is rough.
		 */
		for (int i = 0; i <= 6 && deepest > 1; i++)
			if (llabs(p.levels[i].total_kib - total_kib[i]) > (i ? 16 : 64))
				wrong("L%d: %lld KiB of MemTotal, measured %d", i,
				      (long long)p.levels[i].total_kib, total_kib[i]);
	}
}

/* A run with 8 GiB: the plan extrapolates to 63 levels from two that were measured. */
static void test_much_memory(void **state)
{
	real_report(&r, 3);
	assert_int_equal(plan_make(&p, &r, 8192 * MIB, HOUR_S), 0);
	assert_in_range(p.levels[1].total_kib, 8072744 * 0.999, 8072744 * 1.001);
	assert_in_range(p.levels[2].total_kib, 7894568 * 0.999, 7894568 * 1.001);
	/* The deepest chain that can be counted. */
	assert_int_equal(plan_make(&p, &r, 1024 * 1024 * MIB, HOUR_S), 0);
	assert_int_equal(p.memory_depth, MAX_LEVEL);
	assert_non_null(strstr(print(), "By memory: L255, the deepest that a chain can have."));
	assert_int_equal(plan_make(&p, &r, 1LL << 43, HOUR_S), 0);
	/* More memory never gives less depth. */
	for (int64_t mib = 32, depth = -1; mib < 2000; mib += 7) {
		assert_int_equal(plan_make(&p, &r, mib * MIB, HOUR_S), 0);
		if (p.memory_depth < depth)
			wrong("%lld MiB: L%d", (long long)mib, p.memory_depth);
		depth = p.memory_depth;
	}
	assert_int_equal(plan_make(&p, &r, 20 * MIB, HOUR_S), -1);
	assert_non_null(strstr(last_error(), "20 MiB is less than the 23 MiB that a level needs"));
}

/* The times that L4 to L7 took on the same machine, idle. */
static void test_time_as_measured(void **state)
{
	static const double wall_s[] = { [4] = 1.42, 2.22, 4.64, 43.9 };

	real_report(&r, 3);
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_string_equal(p.no_time, "");
	assert_true(p.levels[3].measured && !p.levels[4].measured);
	assert_true(p.levels[3].boot_s == 1.46);
	for (int i = 4; i <= 6; i++)
		if (p.levels[i].boot_s < wall_s[i] / 2.5 || p.levels[i].boot_s > wall_s[i] * 2.5)
			wrong("L%d: %.2f s, measured %.2f", i, p.levels[i].boot_s, wall_s[i]);
	/* L7 came up, barely; L8 never did. */
	assert_in_range(p.time_depth, 6, 7);
	assert_false(p.levels[8].comes_up && p.time_depth > 7);
	print();
	assert_non_null(strstr(text, "L4 "));
	assert_non_null(strstr(text, "extrapolated"));
	assert_non_null(strstr(text, "would not come up: its ticks"));
	assert_non_null(strstr(text, ", and then time ends it\n"));
	/* Less time gives less depth; measured levels are not predicted. */
	assert_int_equal(plan_make(&p, &r, 0, 4.5), 0);
	assert_int_equal(p.time_depth, 2);
	assert_non_null(strstr(print(), "By time, in 4 s: L2. L3 would be ready after 6 s."));
	assert_int_equal(plan_make(&p, &r, 64 * MIB, HOUR_S), 0);
	assert_non_null(strstr(print(), "PLAN: L2, and then memory ends it\n"));
}

/* With recursion an exit of L3 costs the same as one of L2, which is not noise. */
static void test_recursive(void **state)
{
	real_report(&r, 3);
	r.setup.nesting = NESTING_RECURSIVE;
	r.levels[3].pio_cycles = r.levels[2].pio_cycles;
	assert_int_equal(plan_make(&p, &r, 2048 * MIB, HOUR_S), 0);
	assert_string_equal(p.no_time, "");
	assert_true(p.levels[40].comes_up && p.time_depth >= 40);
	assert_true(p.levels[40].boot_s < p.levels[4].boot_s * 3);
	assert_non_null(strstr(print(), "at every level, and the ticks of all levels add up"));
	/* One measured level is enough. */
	real_report(&r, 1);
	r.setup.nesting = NESTING_RECURSIVE;
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_string_equal(p.no_time, "");
}

static void test_no_time(void **state)
{
	real_report(&r, 3);
	r.setup.deterministic = true;
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_non_null(strstr(p.no_time, "--deterministic"));
	assert_non_null(strstr(print(), "PLAN: L25, if there is enough time"));
	real_report(&r, 3);
	r.setup.tsc_khz = UNKNOWN;
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_non_null(strstr(p.no_time, "how long a cycle takes"));
	real_report(&r, 3);
	r.levels[3].pio_cycles = r.levels[2].pio_cycles;
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_non_null(strstr(p.no_time, "noise"));
	real_report(&r, 1);
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_non_null(strstr(p.no_time, "two levels"));
	/* From L2 on there is a prediction, with a warning. */
	real_report(&r, 2);
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_string_equal(p.no_time, "");
	assert_in_range(p.levels[3].boot_s * 100, 146 / 2, 146 * 2);
	assert_non_null(strstr(print(), "a report of L3 or deeper has a better factor"));
}

/* On hardware the outermost level is L1, which its host's KVM counts. */
static void test_outermost_is_l1(void **state)
{
	real_report(&r, 3);
	r.outermost = 1;
	r.used[0] = false;
	r.setup.memory_kib = 499712;
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_int_equal(p.levels[1].ram_kib, 499712);
	assert_int_equal(p.levels[2].total_kib, 463012);
	assert_true(p.levels[1].measured && p.levels[1].ready_s == 0.98);
	assert_null(strstr(print(), "L0"));
	/*
	 * A machine that the user booted: its RAM is unknown and its boot was not timed, so the plan is
	 * approximate.
	 */
	r.levels[1].wall_s = UNKNOWN;
	r.setup.memory_kib = UNKNOWN;
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_int_equal(p.levels[1].total_kib, 487076);
	assert_int_equal(p.levels[2].total_kib, 463012);
}

/* A file may contain anything. */
static void test_nonsense(void **state)
{
	static const struct {
		const char *key, *value;
		int level;
	} bad[] = {
		{ "total_kib", "9007199254740992", 0 },	   { "total_kib", "1", 1 },
		{ "child_kib", "9007199254740992", 0 },	   { "child_kib", "1", 1 },
		{ "rounding_kib", "9007199254740992", 0 }, { "rmaps_kib", "600000", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		real_report(&r, 3);
		level_set(&r.levels[bad[i].level], level_field(bad[i].key), bad[i].value);
		if (!plan_make(&p, &r, 0, HOUR_S))
			wrong("a plan with %s %s", bad[i].key, bad[i].value);
	}
	real_report(&r, 0);
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), -1);
	assert_non_null(strstr(last_error(), "no level that ran another"));
	report_init(&r, 2);
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), -1);
	real_report(&r, 2);
	r.levels[1].check_count = 0; /* then nobody knows how large the archive is */
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), -1);
	/* A level that is not ready, and odd times: whatever the result is, the computation ends. */
	real_report(&r, 3);
	r.levels[3].ready = false;
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	assert_int_equal(p.terms_level, 1);
	print();
	real_report(&r, 3);
	r.levels[3].pio_cycles = 1LL << 53;
	r.levels[2].wall_s = 1e15;
	r.setup.tsc_khz = 1;
	assert_int_equal(plan_make(&p, &r, 0, HOUR_S), 0);
	print();
}

RUN(T(test_memory_as_measured), T(test_much_memory), T(test_time_as_measured), T(test_recursive),
    T(test_no_time), T(test_outermost_is_l1), T(test_nonsense))
