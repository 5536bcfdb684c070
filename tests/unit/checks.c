// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks, run on the build machine: a healthy one passes, virtual or not. */
#include "test.h"
#include "level/checks.h"
#include "level/cpus.h"
#include "level/thorough.h"

#include <x86intrin.h>

static struct level lv;
static struct platform platform;
static int told;

static void count(void *context, const struct check *k)
{
	(void)context;
	assert_string_not_equal(k->id, "");
	told++;
}

static const struct check *find(const char *id)
{
	for (int i = 0; i < lv.check_count; i++)
		if (!strcmp(lv.checks[i].id, id))
			return &lv.checks[i];
	wrong("no check %s", id);
	return NULL;
}

static void run_phase(enum check_phase phase, bool need_virt, double deadline_s)
{
	struct check_context c = { .self = &lv,
				   .platform = &platform,
				   .phase = phase,
				   .need_virt = need_virt,
				   .deadline_s = deadline_s,
				   .done = count };

	checks_run(&c);
}

/* Checks that need several CPUs: cpus, ipi and clocks early, ipi and tlb late. */
static int early_of_many(void)
{
	int cpu[CPUS_MAX];

	return (cpus_listed(CPUS_PRESENT) > 1) + 2 * (cpus_ours(cpu) > 1);
}

static int late_of_many(void)
{
	int cpu[CPUS_MAX];

	return cpus_ours(cpu) > 1;
}

static int learn(void **state)
{
	level_init(&lv, 0);
	platform_learn(&lv, &platform, -1, "");
	platform_learn_kvm(&lv, &platform, NULL);
	lv.kernel_s = 1;
	told = 0;
	lv.available_kib = 100000;
	return 0;
}

static void test_platform(void **state)
{
	assert_in_range(lv.level, 0, 1);
	assert_string_not_equal(lv.hypervisor, "");
	assert_string_not_equal(lv.cpu_vendor, "");
	assert_string_not_equal(lv.kernel, "");
	assert_int_equal(platform.have_virt, strcmp(lv.cpu_virt, "none") != 0);
	assert_int_equal(platform.have_virt, !platform.virt_problem[0]); /* a reason, or none */
	assert_int_equal(platform.have_kvm, !platform.kvm_problem[0]);
	platform_learn(&lv, &platform, 5, ""); /* the parent told us our level */
	assert_int_equal(lv.level, 5);
}

static void test_healthy(void **state)
{
	static const char *const ids[] = { "memory", "clock", "timer", "fpu" };

	run_phase(CHECK_EARLY, false, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (find(ids[i])->result != RESULT_PASS)
			wrong("%s: %s", ids[i], find(ids[i])->detail);
	assert_int_equal(find("memory")->value, 100000 / 8);
	assert_int_equal(find("fpu")->value, 10);
	assert_true(find("timer")->value >= 0.009 && find("timer")->value < 3);
	assert_true(lv.cpuid_cycles > 0);
	run_phase(CHECK_LATE, false, now_s() + 20);
	assert_int_equal(find("fpu")->value, 1000);
	assert_int_equal(lv.check_count,
			 9 + early_of_many() +
				 late_of_many()); /* a late result replaces the early one */
	/* Without permission to use ports the cost is measured once, early, and only in part. */
	assert_int_equal(told, (find("cost")->result == RESULT_SKIP ? 10 : 11) + early_of_many() +
				       2 * late_of_many());
	assert_true(level_sound(&lv));
}

/* A late check that has no time keeps its early result. */
static void test_no_time_left(void **state)
{
	run_phase(CHECK_EARLY, false, 0);
	run_phase(CHECK_LATE, false, now_s() - 1);
	assert_int_equal(find("fpu")->value, 10);
	assert_int_equal(find("fpu")->result, RESULT_PASS);
	assert_true(lv.cpuid_cycles > 0);
	assert_int_equal(lv.check_count, 9 + early_of_many());
	assert_int_equal(told, 9 + early_of_many());
}

/* A level whose clock runs too fast fails its own check, before its child seems to be at fault. */
static void test_tsc(void **state)
{
	platform.tsc_varies = false;
	platform.tsc_khz = 1000;
	platform.began_s = now_s() - 1e6; /* so long ago that this machine's rate is nothing */
	platform.began_tsc = __rdtsc() - 1000000000000;
	run_phase(CHECK_EARLY, false, 0);
	assert_int_equal(find("tsc")->result, RESULT_PASS);
	platform.began_tsc = __rdtsc() - 5000000000000;
	run_phase(CHECK_EARLY, false, 0);
	assert_int_equal(find("tsc")->result, RESULT_FAIL);
	platform.tsc_varies = true; /* what /proc/cpuinfo says is not the TSC's */
	run_phase(CHECK_EARLY, false, 0);
	assert_int_equal(find("tsc")->result, RESULT_PASS);
	platform.tsc_khz = 0;
	run_phase(CHECK_EARLY, false, 0);
	assert_int_equal(find("tsc")->result, RESULT_FAIL);
}

/* Without virtualization the checks fail if the level was to start another, and are skipped otherwise. */
static void test_no_virt(void **state)
{
	platform = (struct platform){ .kvm_api = UNKNOWN,
				      .kvm_nested = UNKNOWN,
				      .tsc_khz = 1,
				      .tsc_varies = true,
				      .virt_problem = "hidden",
				      .kvm_problem = "gone" };
	run_phase(CHECK_EARLY, true, 0);
	assert_int_equal(find("virt")->result, RESULT_FAIL);
	assert_string_equal(find("virt")->detail, "hidden");
	assert_int_equal(find("kvm")->result, RESULT_FAIL);
	assert_string_equal(find("kvm")->detail, "gone");
	assert_false(level_sound(&lv));
	lv.check_count = 0;
	run_phase(CHECK_EARLY, false, 0);
	assert_int_equal(find("virt")->result, RESULT_SKIP);
	assert_int_equal(find("kvm")->result, RESULT_SKIP);
	assert_true(level_sound(&lv));
}

/* Only the checks named run; without KVM each says why it did not. */
static void test_thorough(void **state)
{
	struct check_context c = { .self = &lv,
				   .platform = &platform,
				   .phase = CHECK_THOROUGH,
				   .deadline_s = now_s() + 20,
				   .wanted = "svm_npt,kvm_memory",
				   .done = count };

	platform = (struct platform){ .kvm_api = UNKNOWN, .kvm_nested = UNKNOWN };
	checks_run(&c);
	assert_int_equal(told, 2);
	assert_int_equal(find("svm_npt")->result, RESULT_SKIP);
	assert_string_equal(find("kvm_memory")->detail, "there is no KVM here");
	platform.have_kvm = true;
	strcpy(lv.cpu_virt, "vmx");
	c.wanted = "thorough";
	c.deadline_s = now_s() - 1;
	checks_run(&c);
	assert_true(told > 15);
	assert_string_equal(find("svm_npt")->detail, "it is for AMD-V");
	assert_string_equal(find("kvm_memory")->detail, "no time was left");
	assert_true(level_sound(&lv));
}

/* A quick run tries its KVM by guests at an emulated L0 alone, with a kernel whose bugs are not long known. */
static void test_brief(void **state)
{
	struct check_context c = { .self = &lv,
				   .platform = &platform,
				   .phase = CHECK_BRIEF,
				   .deadline_s = now_s() + 20,
				   .wanted = "quick",
				   .done = count };

	lv.level = 0;
	strcpy(lv.hypervisor, "TCG");
	strcpy(lv.cpu_virt, "svm");
	strcpy(lv.kernel, "6.12.94");
	assert_true(guests_are_brief(&c));
	platform.have_kvm = false; /* nothing is said of what is not made */
	checks_run(&c);
	assert_int_equal(told, 0);
	strcpy(lv.kernel, "7.0.0-rc1");
	assert_true(guests_are_brief(&c));
	strcpy(lv.kernel, "6.1.0-56-cloud-amd64");
	assert_false(guests_are_brief(&c));
	strcpy(lv.kernel, "6.12.94");
	c.deadline_s = now_s() + 1;
	assert_false(guests_are_brief(&c));
	c.deadline_s = now_s() + 20;
	lv.level = 1;
	assert_false(guests_are_brief(&c));
	lv.level = 0;
	strcpy(lv.hypervisor, "Bochs");
	assert_false(guests_are_brief(&c));
}

static void test_names(void **state)
{
	assert_true(checks_are_known("quick"));
	assert_true(checks_are_known("thorough"));
	assert_true(checks_are_known("kvm_memory,svm_state"));
	assert_false(checks_are_known("kvm_memory,svm_nonsense"));
	assert_false(checks_are_known("memory")); /* a quick check, which always runs */
}

#define S(test) cmocka_unit_test_setup(test, learn)
RUN(S(test_platform), S(test_healthy), S(test_no_time_left), S(test_no_virt), S(test_thorough),
    S(test_brief), S(test_names), S(test_tsc))
