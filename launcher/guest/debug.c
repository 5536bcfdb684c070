// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A debugger outside of the guest: the launcher sets breakpoints, watchpoints and single steps by
 * KVM_SET_GUEST_DEBUG, while the guest, or its guest, has debug registers of its own.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define ROUNDS 20

extern const uint8_t debugged_1[], debugged_2[];

/* The guest: calls the launcher, then runs the code that is debugged. */
void case_debug(void)
{
	uint64_t dr0, dr7;

	asm volatile("mov %0, %%db0" ::"r"(0x1234ull));
	for (int i = 0; i < ROUNDS; i++) {
		guest_call(CALL_HOST);
		asm volatile(".globl debugged_1\ndebugged_1: nop\n\tnop\n\tcpuid\n\t"
			     "movq $1, %0\n\t.globl debugged_2\ndebugged_2: nop\n\tnop"
			     : "=m"(ARENA->scratch[8])
			     : "a"(0), "c"(0)
			     : "rbx", "rdx");
		asm volatile("mov %%db0, %0" : "=r"(dr0));
		asm volatile("mov %%db7, %0" : "=r"(dr7));
		expect("DR0 of a guest that is debugged", dr0, 0x1234);
		expect("DR7 of a guest that is debugged", dr7, 0x400);
	}
	asm volatile("mov %0, %%db0" ::"r"(0ull));
}

/* ---- the launcher ------------------------------------------------------------------------ */

static void debug(struct machine *m, uint32_t control, const void *breakpoint, const void *watched)
{
	struct kvm_guest_debug d = { .control = control };

	if (breakpoint || watched) {
		d.arch.debugreg[0] = (uint64_t)breakpoint;
		d.arch.debugreg[1] = (uint64_t)watched;
		/* APM volume 2, 13.1.1.4: G0; G1, write, 8 bytes */
		d.arch.debugreg[7] = 0x400 | (breakpoint ? 0x2 : 0) | (watched ? 0x900008 : 0);
	}
	if (ioctl(m->vcpu, KVM_SET_GUEST_DEBUG, &d))
		machine_fail(m, "KVM_SET_GUEST_DEBUG: %s", strerror(errno));
}

#define HARDWARE (KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP)
#define STEPPING (KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP)

static void expect_pc(struct machine *m, const char *what, const uint8_t *want)
{
	uint64_t pc = m->run->debug.arch.pc;

	ARENA->cases++;
	if (pc != (uint64_t)want)
		machine_fail(m, "%s: at 0x%llx instead of 0x%llx", what, (unsigned long long)pc,
			     (unsigned long long)(uint64_t)want);
}

/* Checks the cause that DR6 names: APM volume 2, 13.1.1.3. */
static void expect_cause(struct machine *m, int kind)
{
	static const uint64_t causes[] = { 0, 1 << 0, 1 << 1, 1 << 14 };
	uint64_t dr6 = m->run->debug.arch.dr6 & 0x400f;

	ARENA->cases++;
	if (dr6 != causes[kind])
		machine_fail(m, "DR6 of a debug exit: 0x%llx instead of 0x%llx",
			     (unsigned long long)dr6, (unsigned long long)causes[kind]);
}

/* Sets, in turn, a breakpoint, a watchpoint, single steps, and nothing. */
bool call_debug(struct machine *m, int reason)
{
	static int kind, hits;

	if (m->calls == 1)
		kind = hits = 0;
	if (reason == KVM_EXIT_DEBUG) {
		hits++;
		expect_cause(m, kind);
		if (kind == 1)
			expect_pc(m, "breakpoint", debugged_1);
		if (kind == 2)
			expect_pc(m, "watchpoint", debugged_2);
		if (kind == 1)
			debug(m, KVM_GUESTDBG_ENABLE, NULL, NULL);
		if (kind == 3 && m->run->debug.arch.pc == (uint64_t)debugged_2)
			debug(m, KVM_GUESTDBG_ENABLE, NULL, NULL);
		return !m->why[0];
	}
	if (m->calls > 1 && (kind == 1 || kind == 2) && hits != 1)
		machine_fail(m, "%s hit %d times instead of once",
			     kind == 1 ? "a breakpoint" : "a watchpoint", hits);
	if (kind == 3 && (hits < 4 || hits > 30))
		machine_fail(m, "%d single steps", hits);
	if (kind == 0 && hits)
		machine_fail(m, "%d debug exits that nobody wanted", hits);
	ARENA->cases++;
	hits = 0;
	kind = (kind + 1) % 4;
	if (kind == 1)
		debug(m, HARDWARE, debugged_1, NULL);
	else if (kind == 2)
		debug(m, HARDWARE, NULL, &ARENA->scratch[8]);
	else
		debug(m, kind == 3 ? STEPPING : 0, NULL, NULL);
	return !m->why[0];
}
