// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "host/compare.h"
#include "lib/options.h"
#include "real.h"

#include <cJSON.h>

static const struct compare_limits defaults = { LIMIT_DEFAULT, LIMIT_DEFAULT, LIMIT_DEFAULT };
static struct report old, new;
static char text[1 << 16];

static enum verdict compare(const struct compare_limits *limits, bool json)
{
	FILE *f = fopen("out", "w+");
	enum verdict verdict;
	size_t n;

	assert_int_equal(compare_possible(&old, &new), 0);
	verdict = compare_print(&old, &new, limits, json, f);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return verdict;
}

static void both(int deepest)
{
	real_report(&old, deepest);
	real_report(&new, deepest);
}

/* The last line is the verdict, and names what it is about. */
static void expect(enum verdict verdict, const char *names)
{
	enum verdict is = compare(&defaults, false);
	const char *last = strstr(text, verdict == VERDICT_SAME	    ? "\nSAME: "
					: verdict == VERDICT_BETTER ? "\nBETTER: "
								    : "\nWORSE: ");

	if (is != verdict || !last || !strstr(last, names))
		wrong("not %s, %s: %s", last ? last : "the verdict", names, text);
}

static void test_same(void **state)
{
	for (int deepest = 0; deepest <= 3; deepest++) {
		both(deepest);
		expect(VERDICT_SAME, "none beyond its limit");
	}
	assert_non_null(strstr(text, "old: reached L3 of L3; stopped by depth at L3"));
	assert_non_null(strstr(
		text, "kernel 6.12.117-supernest aaaaaaaa, initramfs bbbbbbbb, QEMU 10.0.13"));
	/* Kernel and QEMU may differ: they are what is compared. */
	memset(new.levels[3].kernel_sha256, 'c', 64);
	strcpy(new.setup.qemu, "9.2.0");
	expect(VERDICT_SAME, "");
	assert_non_null(strstr(text, "cccccccc, initramfs bbbbbbbb, QEMU 9.2.0"));
}

/* More runs of the same build, some on a busy machine: no figure may count as changed. */
static void test_noise(void **state)
{
	static const struct level runs[] = {
		{ .exits_boot = 446,
		  .exits_total = 1372,
		  .exits_chain = 4645,
		  .cpuid_cycles = 424086,
		  .pio_cycles = 1119456,
		  .wall_s = 2.44 },
		{ .exits_boot = 315,
		  .exits_total = 1393,
		  .exits_chain = 4808,
		  .cpuid_cycles = 399958,
		  .pio_cycles = 1052688,
		  .wall_s = 2.42 },
		{ .exits_boot = 285,
		  .exits_total = 1359,
		  .exits_chain = 3607,
		  .cpuid_cycles = 405886,
		  .pio_cycles = 1812252,
		  .wall_s = 1.46 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct level *lv = &new.levels[3];

		both(3);
		lv->exits_boot = runs[i].exits_boot;
		lv->exits_total = runs[i].exits_total;
		lv->exits_chain = runs[i].exits_chain;
		lv->cpuid_cycles = runs[i].cpuid_cycles;
		lv->pio_cycles = runs[i].pio_cycles;
		lv->wall_s = runs[i].wall_s;
		new.levels[1].exits_boot = new.levels[1].exits_chain = 308;
		new.levels[0].cpuid_cycles = 104;
		new.levels[0].pio_cycles = 494;
		new.levels[1].rounding_kib -= 36;
		new.levels[2].rounding_kib += 235;
		expect(VERDICT_SAME, "");
	}
	/* Differences that only come from rounding do not count. */
	both(3);
	new.levels[1].overhead_kib += 2048;
	new.levels[1].rounding_kib += 2048;
	expect(VERDICT_SAME, "");
}

static void set(struct report *r, int level, const char *key, double value)
{
	const struct field *f = level_field(key);
	char number[40];

	format(number, sizeof(number), f->type == FIELD_COUNT ? "%.0f" : "%.6f", value);
	assert_int_equal(level_set(&r->levels[level], f, number), 0);
}

static double get(const struct report *r, int level, const char *key)
{
	char number[40];

	level_get(&r->levels[level], level_field(key), number, sizeof(number));
	return atof(number);
}

/* Up to its limit a figure is the same, beyond it worse; in the other direction better. */
static void test_limits(void **state)
{
	static const struct {
		int level;
		const char *key, *name;
		double same, worse; /* times the old one */
		bool counted;
	} figures[] = {
		{ 0, "overhead_kib", "L0 overhead, KiB", 1.012, 1.02, false },
		{ 1, "overhead_kib", "L1 overhead, KiB", 1.012, 1.02, true },
		{ 1, "boot", "L1 exits to ready", 1.3, 1.35, false },
		{ 2, "boot", "L2 exits to ready", 2.9, 3.1, false },
		{ 2, "boot", "L2 exits to ready", 1.03, 1.06, true },
		{ 1, "chain", "L1 exits of the chain", 1.3, 1.35, false },
		{ 3, "chain", "L3 exits of the chain", 1.9, 2.1, false },
		{ 3, "chain", "L3 exits of the chain", 1.02, 1.04, true },
		{ 2, "total", "L2 exits in all", 1.29, 1.32, false },
		{ 2, "total", "L2 exits in all", 1.03, 1.04, true },
		{ 3, "cpuid_cycles", "L3 cycles, CPUID", 2.9, 3.1, false },
		{ 3, "pio_cycles", "L3 cycles, port I/O", 1.02, 1.04, true },
		{ 2, "wall_s", "L2 seconds to ready", 9, 10, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		double was;

		both(3);
		old.setup.deterministic = new.setup.deterministic = figures[i].counted;
		was = get(&old, figures[i].level, figures[i].key);
		set(&new, figures[i].level, figures[i].key, was * figures[i].same);
		expect(VERDICT_SAME, "");
		set(&new, figures[i].level, figures[i].key, was * figures[i].worse);
		expect(VERDICT_WORSE, figures[i].name);
		assert_non_null(strstr(text, "WORSE: 1 of "));
		set(&old, figures[i].level, figures[i].key, was * figures[i].worse);
		set(&new, figures[i].level, figures[i].key, was);
		expect(VERDICT_BETTER, figures[i].name);
		assert_non_null(strstr(text, "BETTER: 1 of "));
	}
	/* More figures changed than the line can name. */
	both(3);
	for (int level = 0; level <= 3; level++)
		for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
			if (get(&old, level, figures[i].key) > 0)
				set(&new, level, figures[i].key,
				    get(&old, level, figures[i].key) * 20);
	expect(VERDICT_WORSE, ", ...\n");
	assert_non_null(strstr(text, " x20 "));
	/* A figure that is unknown on one side is not compared. */
	both(3);
	new.levels[2].exits_chain = UNKNOWN;
	expect(VERDICT_SAME, "");
	assert_null(strstr(text, "L2   exits of the chain"));
}

static void test_own_limits(void **state)
{
	struct compare_limits limits = defaults;

	both(3);
	set(&new, 1, "total", 11506 * 1.2);
	set(&new, 2, "cpuid_cycles", 112970 * 1.5);
	set(&new, 0, "overhead_kib", 24444 * 1.1);
	new.levels[0].rounding_kib = 941;
	assert_int_equal(compare(&defaults, false), VERDICT_WORSE); /* by KiB */
	limits.kib = 20;
	assert_int_equal(compare(&limits, false), VERDICT_SAME);
	limits.exits = 10;
	assert_int_equal(compare(&limits, false), VERDICT_WORSE);
	assert_non_null(strstr(text, "WORSE: 1 of "));
	assert_non_null(strstr(text, "better: L1 exits in all\n"));
	limits.exits = 30;
	limits.cycles = 20;
	assert_int_equal(compare(&limits, false), VERDICT_WORSE);
	assert_non_null(strstr(text, "better: L2 cycles, CPUID\n"));
	limits.cycles = 0;
	set(&new, 2, "cpuid_cycles", 112970 + 90); /* steps of the counter */
	assert_int_equal(compare(&limits, false), VERDICT_SAME);
}

static void test_checks(void **state)
{
	struct check timer = { "timer", RESULT_FAIL, 1, "s", "late" };

	both(2);
	new.levels[1].checks[2].result = RESULT_FAIL;
	expect(VERDICT_WORSE, "L1 check fpu");
	new.levels[1].checks[2].result = RESULT_SKIP;
	expect(VERDICT_WORSE, "L1 check fpu");
	old.levels[1].checks[2].result = RESULT_FAIL;
	expect(VERDICT_BETTER, "L1 check fpu");
	both(2);
	new.levels[2].check_count--; /* one is gone */
	expect(VERDICT_WORSE, "L2 check archive");
	both(2);
	level_add_check(&new.levels[2], &timer); /* a new one fails */
	expect(VERDICT_WORSE, "L2 check timer");
	timer.result = RESULT_PASS;
	level_add_check(&new.levels[2], &timer);
	expect(VERDICT_BETTER, "L2 check timer");
	both(2);
	strcpy(new.levels[1].cpu_features, "npt nrip_save vmcb_cleaner vgif");
	expect(VERDICT_WORSE, "L1 CPU's vmcb_clean");
	assert_non_null(strstr(text, "CPU's vmcb_cleaner"));
	assert_non_null(strstr(text, "1 better: "));
	strcpy(new.levels[1].cpu_features, "npt nrip_save vgif vmcb_clean v_vmsave_vmload");
	expect(VERDICT_BETTER, "L1 CPU's v_vmsave_vmload");
}

static void test_depth(void **state)
{
	both(3);
	real_report(&new, 2);
	new.requested = 3;
	new.stop = STOP_PANIC;
	new.stop_level = 3;
	report_finish(&new);
	expect(VERDICT_WORSE, "run outcome, run depth, run stopped by");
	assert_non_null(strstr(text, "L2   exits to ready"));
	assert_null(strstr(text, "L2   exits in all")); /* there is no L3 to cause them */
	assert_null(strstr(text, "L3   exits"));
	/* The other way round. */
	real_report(&new, 3);
	real_report(&old, 2);
	old.requested = 3;
	old.stop = STOP_HANG;
	report_finish(&old);
	expect(VERDICT_BETTER, "run outcome, run depth, run stopped by");
	/* Without a requested depth either reason is fine. */
	both(3);
	old.requested = new.requested = DEPTH_OPEN;
	old.stop = STOP_MEMORY;
	new.stop = STOP_TIME;
	report_finish(&old);
	report_finish(&new);
	expect(VERDICT_SAME, "");
	both(2);
	new.lost_records = 3;
	expect(VERDICT_WORSE, "run records lost");
}

static void test_nothing_came_up(void **state)
{
	both(2);
	report_init(&new, 2);
	new.setup = old.setup;
	new.stop = STOP_QEMU;
	report_finish(&new);
	expect(VERDICT_WORSE, "run outcome, run depth");
	report_init(&old, 2);
	old.setup = new.setup;
	old.stop = STOP_QEMU;
	report_finish(&old);
	expect(VERDICT_SAME, "");
	old.reached = 63; /* a file may say so */
	expect(VERDICT_WORSE, "run depth");
	/* A level that did not come up has nothing to compare. */
	both(2);
	new.levels[2].ready = false;
	report_finish(&new);
	expect(VERDICT_WORSE, "run outcome, run depth");
	assert_null(strstr(text, "L2   exits"));
}

static void impossible(const char *why)
{
	assert_int_equal(compare_possible(&old, &new), -1);
	assert_non_null(strstr(last_error(), "not comparable: "));
	if (!strstr(last_error(), why))
		wrong("not '%s': %s", why, last_error());
	both(3);
}

static void test_not_comparable(void **state)
{
	both(3);
	new.requested = 2;
	impossible("requested depth: the old report has L3, the new one L2");
	new.requested = DEPTH_OPEN;
	impossible("the new one max");
	new.setup.memory_kib *= 2;
	impossible("RAM of the outermost guest: the old report has 524288 KiB, the new one 1048576 "
		   "KiB");
	strcpy(new.levels[0].hypervisor, "Bochs");
	impossible("the old report has TCG, the new one Bochs");
	new.outermost = 1;
	impossible("outermost level");
	strcpy(new.levels[0].cpu_vendor, "GenuineIntel");
	impossible("GenuineIntel");
	new.levels[0].cpu_model[0] = '\0';
	impossible("the new one none");
	strcpy(new.levels[0].cpu_virt, "vmx");
	impossible("svm");
	new.setup.deterministic = true;
	impossible("the new one a deterministic clock");
	new.setup.enlightened = true;
	impossible("VMCS: the old report has none that is enlightened, the new one an enlightened "
		   "VMCS");
	new.setup.enlightened = false;
	new.setup.strict = true;
	impossible("the old report has a CPU that is not strict, the new one a strict CPU");
	new.setup.smp = 2;
	impossible("vCPUs of each level: the old report has 1, the new one 2");
	new.setup.smp = 1;
	new.setup.nesting = NESTING_RECURSIVE;
	impossible("nesting: the old report has classic, the new one recursive");
	new.stop = STOP_TIME;
	new.setup.timeout_s = 60;
	impossible("time budget, which was used up: the old report has 0 s, the new one 60 s");
	new.setup.timeout_s = 60; /* not used up */
	assert_int_equal(compare_possible(&old, &new), 0);
	/* In a machine that the user booted, the RAM was not told, but it can be measured. */
	old.setup.memory_kib = UNKNOWN;
	assert_int_equal(compare_possible(&old, &new), 0);
	new.levels[0].total_kib -= 20000; /* another kernel */
	assert_int_equal(compare_possible(&old, &new), 0);
	new.levels[0].total_kib *= 2;
	impossible("RAM of the outermost level");
	old.setup.memory_kib = UNKNOWN;
	new.levels[0].total_kib /= 2;
	impossible("RAM of the outermost level");
}

static void test_json(void **state)
{
	const cJSON *figures, *first;
	cJSON *root;

	both(3);
	set(&new, 1, "boot", 900);
	assert_int_equal(compare(&defaults, true), VERDICT_WORSE);
	root = cJSON_Parse(text);
	assert_non_null(root);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(root, "schema")),
			    COMPARE_SCHEMA);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(root, "verdict")), "worse");
	assert_int_equal(cJSON_GetObjectItem(root, "worse")->valueint, 1);
	figures = cJSON_GetObjectItem(root, "figures");
	assert_int_equal(cJSON_GetArraySize(figures), 3 + 4 + 3 * 7 - 1);
	first = cJSON_GetArrayItem(figures, 0);
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(first, "level")));
	cJSON_ArrayForEach (first, figures)
		if (!strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(first, "verdict")), "worse"))
			break;
	assert_int_equal(cJSON_GetObjectItem(first, "level")->valueint, 1);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(first, "figure")), "boot");
	assert_int_equal(cJSON_GetObjectItem(first, "old")->valueint, 283);
	assert_int_equal(cJSON_GetObjectItem(first, "new")->valueint, 900);
	assert_int_equal(cJSON_GetObjectItem(first, "limit_percent")->valueint, 30);
	cJSON_Delete(root);
}

RUN(T(test_same), T(test_noise), T(test_limits), T(test_own_limits), T(test_checks), T(test_depth),
    T(test_nothing_came_up), T(test_not_comparable), T(test_json))
