// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The launcher takes MSRs from its guest and gives them back (KVM_X86_SET_MSR_FILTER): it answers accesses
 * to those that it took itself.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define ROUNDS 24
#define TAKEN_VALUE 0x123456780000ull

static const uint32_t msrs[] = { 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
				 0xc0000102, 0x174,	 0x175,	     0x277 };
#define MSRS (sizeof(msrs) / sizeof(*msrs))
#define FIRST 0xc0000080u /* of the range of the filter */

static uint64_t value_of(uint32_t msr, uint64_t round)
{
	return msr == 0x277 ? 0x0007010600070106 | (round & 1) << 16
			    : (round * 0x1111 + msr) & 0xffff;
}

void case_msrs(void)
{
	for (uint64_t round = 0; round < ROUNDS; round++) {
		guest_call(
			CALL_HOST); /* the answer has one bit for each MSR that the launcher took */
		for (uint64_t i = 0; i < MSRS; i++) {
			uint64_t own = value_of(msrs[i], round);

			wrmsr(msrs[i], own);
			expect("an MSR", rdmsr(msrs[i]),
			       ARENA->answer >> i & 1 ? TAKEN_VALUE + i : own);
		}
	}
}

/* ---- the launcher ------------------------------------------------------------------------ */

static int index_of(uint32_t msr)
{
	for (size_t i = 0; i < MSRS; i++)
		if (msrs[i] == msr)
			return i;
	return -1;
}

static bool allow_others(struct machine *m, uint64_t taken)
{
	uint8_t high[32], low[128];
	struct kvm_msr_filter filter = { .flags = KVM_MSR_FILTER_DEFAULT_ALLOW };
	uint32_t both = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE;

	memset(high, 0xff, sizeof(high));
	memset(low, 0xff, sizeof(low));
	filter.ranges[0] = (struct kvm_msr_filter_range){ both, sizeof(high) * 8, FIRST, high };
	filter.ranges[1] = (struct kvm_msr_filter_range){ both, sizeof(low) * 8, 0, low };
	for (size_t i = 0; i < MSRS; i++) {
		uint8_t *map = msrs[i] < FIRST ? low : high;
		uint32_t bit = msrs[i] < FIRST ? msrs[i] : msrs[i] - FIRST;

		if (taken >> i & 1)
			map[bit / 8] &= ~(1 << bit % 8);
	}
	if (!ioctl(m->vm, KVM_X86_SET_MSR_FILTER, &filter))
		return true;
	machine_fail(m, "KVM_X86_SET_MSR_FILTER: %s", strerror(errno));
	return false;
}

static bool answer(struct machine *m, int reason, uint64_t taken)
{
	int i = index_of(m->run->msr.index);

	ARENA->cases++;
	m->run->msr.error = 0;
	if (i < 0 || !(taken >> i & 1))
		machine_fail(m, "MSR 0x%x came to the launcher, which did not want it",
			     m->run->msr.index);
	else if (reason == KVM_EXIT_X86_RDMSR)
		m->run->msr.data = TAKEN_VALUE + i;
	return !m->why[0];
}

bool call_msrs(struct machine *m, int reason)
{
	static uint64_t taken;
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_USER_SPACE_MSR,
				      .args = { KVM_MSR_EXIT_REASON_FILTER } };

	if (reason == KVM_EXIT_X86_RDMSR || reason == KVM_EXIT_X86_WRMSR)
		return answer(m, reason, taken);
	if (m->calls == 1) {
		taken = 0;
		if (ioctl(m->vm, KVM_ENABLE_CAP, &cap)) {
			machine_fail(m, "KVM_CAP_X86_USER_SPACE_MSR: %s", strerror(errno));
			return false;
		}
	}
	taken = (taken * 5 + 0x2d) & 0xff; /* all 256, in another order */
	ARENA->answer = taken;
	return allow_others(m, taken);
}
