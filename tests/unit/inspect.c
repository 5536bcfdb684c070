// SPDX-License-Identifier: GPL-2.0-or-later
/* `supernest status` and `supernest cpuid` in a level's shell. */
#include "test.h"
#include "real.h"
#include "level/inspect.h"

#include <cpuid.h>

static struct report r;
static char out[4096];

static FILE *begin(void)
{
	memset(out, 0, sizeof(out));
	return fmemopen(out, sizeof(out), "w");
}

static void cpuid_prints_what_the_instruction_returns(void **state)
{
	unsigned int eax, ebx, ecx, edx;
	char expected[120];
	FILE *f = begin();

	assert_int_equal(inspect_cpuid("0x0", NULL, f), 0);
	fclose(f);
	__cpuid(0, eax, ebx, ecx, edx);
	format(expected, sizeof(expected),
	       "cpuid 0 0: eax %#010x ebx %#010x ecx %#010x edx %#010x\n", eax, ebx, ecx, edx);
	assert_string_equal(out, expected);
}

static void a_number_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = { "",	 "x",		"1x",
					   "-1", "0x100000000", "99999999999999999999" };
	FILE *f = begin();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (inspect_cpuid(bad[i], NULL, f) != -1 || inspect_cpuid("0", bad[i], f) != -1 ||
		    inspect_msr(bad[i], f) != -1)
			wrong("accepted: '%s'", bad[i]);
	fclose(f);
	assert_string_equal(out, "");
}

static void status_says_where_this_level_is_in_the_chain(void **state)
{
	struct platform p = { .have_kvm = true };
	FILE *f = begin();

	real_report(&r, 2);
	r.levels[2].total_kib = 462380;
	r.levels[2].available_kib = 444060;
	report_so_far(&r);
	inspect_status(&r.levels[2], &p, &r, f);
	fclose(f);
	assert_non_null(strstr(out, "chain: L0 > L1 > L2 (here)\nruns on: KVM, AuthenticAMD "));
	assert_non_null(strstr(out, "virtualization svm: npt nrip_save"));
	assert_non_null(strstr(out, "\nmemory: 451.5 MiB, available 433.7;"));
	assert_non_null(strstr(out, "\nkvm: yes\n"));
	assert_non_null(strstr(out, "\nL1   hypervisor  KVM"));
	assert_null(strstr(out, "PASS")); /* the run goes on */
}

static void status_without_a_report_is_of_this_level_alone(void **state)
{
	struct platform p = { .kvm_problem = "/dev/kvm: no" };
	struct level self;
	FILE *f = begin();

	real_report(&r, 1);
	self = r.levels[1];
	report_init(&r, DEPTH_OPEN);
	inspect_status(&self, &p, &r, f);
	fclose(f);
	assert_non_null(strstr(out, "chain: L1 (here)\n"));
	assert_non_null(strstr(out, "\nkvm: /dev/kvm: no\n"));
	assert_null(strstr(out, "role"));
}

RUN(T(cpuid_prints_what_the_instruction_returns), T(a_number_that_is_none_is_refused),
    T(status_says_where_this_level_is_in_the_chain),
    T(status_without_a_report_is_of_this_level_alone))
