// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INIT while a nested guest runs: it exits to a hypervisor that intercepts it, and is pending while GIF is
 * 0, also if the hypervisor is moved to another VM meanwhile.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#define ROUNDS 10
#define VECTOR 0x51

/* What the launcher does at a call: */
enum ask {
	TAKE_BACK, /* the pending INIT */
	MOVE,	   /* the guest to another VM, where the INIT is still pending */
};

void case_reset(void)
{
	struct arena *a = ARENA;

	apic_enable();
	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct vmcb *v = g2_init_bytes(0, "\x90\x0f\xa2\x90", 4);

		intercept(v, EXIT_INIT, true);
		v->event_inj = i & 1 ? INJECT_VALID | INJECT_INTR | VECTOR : 0;
		a->irqs[VECTOR] = 0;
		a->g2.rbx = i;
		clgi();
		wrmsr(X2APIC_ICR, ICR_INIT);
		exit_once();
		if (i & 2) {
			a->argument = MOVE;
			guest_call(CALL_HOST);
		}
		guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
		expect("exit with an INIT pending", v->exit_code, EXIT_INIT);
		expect("event under way at an INIT", v->exit_int_info, 0);
		a->argument = TAKE_BACK;
		guest_call(
			CALL_HOST); /* the launcher takes the INIT back, or STGI would reset G1 */
		stgi();
		exit_once();
		a->eoi = false; /* G2's handler must not write G1's end-of-interrupt register */
		expect("G2 after that INIT", g2_run(v), EXIT_VMMCALL);
		expect("interrupts injected as an INIT came", a->irqs[VECTOR], i & 1);
	}
}

bool call_reset(struct machine *m, int reason)
{
	static struct machine_state moved;

	(void)reason;
	if (ARENA->argument == MOVE)
		return !machine_move(m, &moved);
	ARENA->cases++;
	return !machine_take_init_back(m);
}
