// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The launcher sets its guest's registers from outside, as a debugger, an INIT or a restore does: another
 * mode and other segment bases each time.  The guest then reads through the segment that it was given.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define ROUNDS 60
#define LOW_SLOT 2
#define LOW_BYTES 0x10000
#define LOW_CODE 0x1000
#define LOW_TABLES 0x2000 /* of PAE: four entries, and a page behind them */
#define LOW_DATA 0x4000

void case_segments(void)
{
	guest_call(CALL_HOST);
	expect("64-bit mode after all the others", ARENA->argument, 0);
}

/* ---- the launcher ------------------------------------------------------------------------ */

enum mode { REAL, PROTECTED, PAE, LONG, MODES };

/* Loads EBX by the segment; mov $2, %al; out %al, $0xf0 */
static const struct {
	const char *code;
	uint8_t len;
} readers[MODES] = {
	[REAL] = { "\x66\x8b\x1e\x00\x00\xb0\x02\xe6\xf0", 9 },
	[PROTECTED] = { "\x8b\x1d\x00\x00\x00\x00\xb0\x02\xe6\xf0", 10 },
	[PAE] = { "\x8b\x1d\x00\x00\x00\x00\xb0\x02\xe6\xf0", 10 },
	[LONG] = { "\x64\x8b\x1c\x25\x00\x00\x00\x00\xb0\x02\xe6\xf0", 12 },
};

static uint8_t *low(uint32_t address)
{
	return ARENA->region[2] + address;
}

static int add_low_memory(struct machine *m)
{
	memset(low(0), 0, LOW_BYTES);
	for (uint32_t i = LOW_DATA; i < LOW_BYTES; i += 4)
		memcpy(low(i), &i, 4);
	*(uint64_t *)low(LOW_TABLES) = (LOW_TABLES + PAGE) | PTE_PRESENT;
	*(uint64_t *)low(LOW_TABLES + PAGE) = PTE_ALL | PTE_HUGE;
	return machine_set_slot(m, LOW_SLOT, 0, 0, low(0), LOW_BYTES);
}

static struct kvm_segment segment(uint64_t base, enum mode mode, bool code)
{
	return (struct kvm_segment){ .base = base,
				     .limit = mode == REAL ? 0xffff : 0xffffffff,
				     .selector = mode == REAL ? base >> 4
						 : code	      ? CODE_32
							      : DATA,
				     .type = code ? 11 : 3,
				     .present = 1,
				     .s = 1,
				     .db = mode == PROTECTED || mode == PAE,
				     .g = mode != REAL,
				     .l = mode == LONG && code };
}

static int enter(struct machine *m, const struct kvm_sregs *as_found, enum mode mode, uint64_t base)
{
	struct kvm_sregs s = *as_found;
	struct kvm_regs regs = { .rip = LOW_CODE, .rsp = LOW_DATA, .rflags = 2 };

	memcpy(low(LOW_CODE), readers[mode].code, readers[mode].len);
	if (mode != LONG) {
		s.cr0 = mode == PAE ? 0x80000031 : mode == REAL ? 0x30 : 0x31;
		s.cr4 = mode == PAE ? 0x20 : 0;
		s.cr3 = LOW_TABLES;
		s.efer = 0;
	}
	s.cs = segment(0, mode, true);
	s.ss = s.es = s.gs = segment(0, mode, false);
	s.ds = segment(mode == LONG ? 0 : base, mode, false);
	s.fs = segment(mode == LONG ? base : 0, mode, false);
	if (mode == LONG) {
		regs.rip = (uint64_t)low(LOW_CODE);
		s.fs.base = (uint64_t)low(base);
	}
	if (ioctl(m->vcpu, KVM_SET_SREGS, &s) || ioctl(m->vcpu, KVM_SET_REGS, &regs))
		return machine_fail(m, "KVM_SET_SREGS: %s", strerror(errno));
	return 0;
}

static int compare(struct machine *m, enum mode mode, uint64_t base)
{
	static const char *const names[MODES] = { "real mode", "protected mode", "PAE",
						  "64-bit mode" };
	struct kvm_regs regs;

	if (ioctl(m->vcpu, KVM_GET_REGS, &regs))
		return machine_fail(m, "KVM_GET_REGS: %s", strerror(errno));
	ARENA->cases++;
	return (uint32_t)regs.rbx == base
		       ? 0
		       : machine_fail(m, "%s: it read 0x%x by a segment at 0x%llx", names[mode],
				      (uint32_t)regs.rbx, (unsigned long long)base);
}

bool call_segments(struct machine *m, int reason)
{
	static struct kvm_sregs sregs;
	static struct kvm_regs regs;
	static enum mode mode;
	static uint64_t base, seed;

	(void)reason;
	if (m->calls == 1) {
		machine_complete(m);
		seed = ARENA->seed;
		if (add_low_memory(m) || ioctl(m->vcpu, KVM_GET_SREGS, &sregs) ||
		    ioctl(m->vcpu, KVM_GET_REGS, &regs))
			return false;
	} else {
		machine_complete(m);
		if (compare(m, mode, base))
			return false;
	}
	if (m->calls > ROUNDS)
		return !ioctl(m->vcpu, KVM_SET_SREGS, &sregs) &&
		       !ioctl(m->vcpu, KVM_SET_REGS, &regs);
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	/* Half of the time the mode stays, and only the base changes. */
	if (m->calls == 1 || seed >> 40 & 1)
		mode = seed >> 33 & 3;
	base = LOW_DATA + (seed >> 50) % 0x800 * 16;
	return !enter(m, &sregs, mode, base);
}
