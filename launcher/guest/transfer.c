// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest is saved, its VM destroyed, and the guest restored in another VM, at any moment: while it runs,
 * while its own guest does, and between VMRUN and the first instruction behind it.  It does not notice.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define VECTOR 0x51
#define ROUNDS 10
#define STEPS_MAX 40 /* instructions from the call to VMRUN */

#define MSR_KERNEL_GS_BASE 0xc0000102

/* out %al, $0xf0: G2 calls the launcher too; rdmsr, which G1 wants to see; nop */
static const char moved_code[] = "\x90\xe6\xf0\x90\x0f\x32\x90";

/* ---- the guest --------------------------------------------------------------------------- */

static void try_g2(uint64_t round)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, moved_code, 7);
	uint64_t irqs = a->irqs[VECTOR], lstar = guest_random() & 0x7fffffffff00;

	v->rax = CALL_HOST;
	v->tsc_offset = round << 36;
	v->cr2 = round << 24;
	v->event_inj = INJECT_VALID | INJECT_INTR | VECTOR;
	a->g2.rbx = ~round;
	a->g2.rcx = MSR_KERNEL_GS_BASE;
	intercept(v, EXIT_MSR, true);
	a->msrpm[2048 + 2 * (MSR_KERNEL_GS_BASE & 0x1fff) / 8] |= 1 << 2 * (MSR_KERNEL_GS_BASE & 3);
	wrmsr(0xc0000082, lstar);
	guest_call(CALL_HOST);
	expect("G2 that is moved to another VM", g2_run(v), EXIT_MSR);
	g2_skip(v, 2);
	expect("G2 behind its MSR", g2_run(v), EXIT_VMMCALL);
	expect("interrupts that were injected at that time", a->irqs[VECTOR] - irqs, 1);
	expect("RBX of G2", a->g2.rbx, ~round);
	expect("CR2 of G2", v->cr2, round << 24);
	expect("LSTAR", rdmsr(0xc0000082), lstar);
	expect("GIF and interrupts of G1", a->irqs[0x61], round + 1);
}

/* Moved while GIF is 0, with an interrupt that waits for it. */
static void try_gif(uint64_t round)
{
	struct arena *a = ARENA;

	a->argument = 1;
	apic_enable();
	clgi();
	asm volatile("sti");
	apic_self(0x62);
	guest_call(CALL_HOST);
	exit_once();
	expect("interrupts of a guest that was moved with GIF at 0", a->irqs[0x62], round);
	stgi();
	asm volatile("nop; nop; cli");
	expect("interrupts of it behind STGI", a->irqs[0x62], round + 1);
	a->eoi = false;
	a->argument = 0;
}

void case_transfer(void)
{
	struct arena *a = ARENA;
	uint64_t start = __rdtsc(), now;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		apic_enable();
		apic_self(0x61);
		asm volatile("sti; nop; nop; cli");
		a->eoi = false;
		if (a->have_npt) {
			try_g2(round);
			try_gif(round);
		} else {
			guest_call(CALL_HOST);
		}
		now = __rdtsc();
		expect("TSC that goes on", now > start, 1);
		start = now;
	}
}

/* ---- the launcher ------------------------------------------------------------------------ */

static bool move(struct machine *m)
{
	static struct machine_state s;

	if (machine_save(m, &s) || machine_replace(m) || machine_restore(m, &s))
		return false;
	ARENA->cases++;
	return true;
}

static bool step(struct machine *m, uint32_t control)
{
	struct kvm_guest_debug d = { .control = control };

	if (!ioctl(m->vcpu, KVM_SET_GUEST_DEBUG, &d))
		return true;
	machine_fail(m, "KVM_SET_GUEST_DEBUG: %s", strerror(errno));
	return false;
}

static bool is_in_g2(struct machine *m)
{
	static union {
		struct kvm_nested_state head;
		uint8_t bytes[sizeof(struct kvm_nested_state) + 2 * PAGE];
	} nested;

	nested.head.size = sizeof(nested);
	return !ioctl(m->vcpu, KVM_GET_NESTED_STATE, &nested) &&
	       nested.head.flags & KVM_STATE_NESTED_GUEST_MODE;
}

/* Steps up to VMRUN: G2 has not yet run, and what G1 injected is still to come. */
static bool move_at_vmrun(struct machine *m, int reason)
{
	static int steps;

	if (reason != KVM_EXIT_DEBUG) {
		steps = 0;
		return step(m, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP);
	}
	if (is_in_g2(m))
		return step(m, 0) && move(m);
	if (++steps < STEPS_MAX * 10)
		return true;
	return step(m, 0);
}

bool call_transfer(struct machine *m, int reason)
{
	static bool at_vmrun;
	bool g2 = m->svm && is_in_g2(m);

	if (m->calls == 1)
		at_vmrun = false;
	if (reason == KVM_EXIT_DEBUG)
		return move_at_vmrun(m, reason);
	if (g2 || ARENA->argument)
		return move(m); /* complete its OUT first: the next KVM_RUN does */
	at_vmrun = !at_vmrun;
	return m->svm && at_vmrun ? move_at_vmrun(m, reason) : move(m);
}
