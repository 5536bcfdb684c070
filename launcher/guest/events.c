// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What G1 injects into G2, and virtual interrupts: delivered once, to whom and when they should be.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <string.h>

#define VECTOR 0x51
#define OTHER_VECTOR 0x42
#define RFLAGS_IF 0x200ull

static const char nops_code[] = "\x90\x0f\xa2\x90";
static const char sti_code[] = "\xfb\x90\x0f\xa2\x90";

static struct vmcb *prepare(const char *code, int len)
{
	struct vmcb *v = g2_init_bytes(0, code, len);

	memset(ARENA->irqs, 0, sizeof(ARENA->irqs));
	v->int_ctl = V_INTR_MASKING;
	return v;
}

static void try_interrupt(bool enabled)
{
	struct vmcb *v = prepare(nops_code, 4);

	v->rflags |= enabled ? RFLAGS_IF : 0;
	v->event_inj = INJECT_VALID | INJECT_INTR | VECTOR;
	expect("G2 with an injected interrupt", g2_run(v), EXIT_VMMCALL);
	expect("injected interrupts that came", ARENA->irqs[VECTOR], 1);
	expect("EVENTINJ after it was used", v->event_inj >> 31, 0);
}

static void try_exception(int vector, bool has_error, uint64_t error)
{
	struct vmcb *v = prepare(nops_code, 4);
	uint64_t rip = v->rip, traps = ARENA->traps;

	v->event_inj = INJECT_VALID | INJECT_EXCEPTION | (has_error ? INJECT_ERROR : 0) | vector;
	v->event_error = error;
	v->cr2 = 0x123456;
	ARENA->fixup = rip;
	expect("G2 with an injected exception", g2_run(v), EXIT_VMMCALL);
	expect("injected exceptions that came", ARENA->traps - traps, 1);
	expect("vector of an injected exception", ARENA->trap.vector, vector);
	expect("error code of an injected exception", ARENA->trap.error, has_error ? error : 0);
	expect("RIP of an injected exception", ARENA->trap.rip, rip);
	expect("CR2 at an injected exception", ARENA->trap.cr2, 0x123456);
}

static void try_nmi(void)
{
	struct vmcb *v = prepare(nops_code, 4);
	uint64_t nmis = ARENA->nmis;

	v->event_inj = INJECT_VALID | INJECT_NMI | 2;
	expect("G2 with an injected NMI", g2_run(v), EXIT_VMMCALL);
	expect("injected NMIs that came", ARENA->nmis - nmis, 1);
}

static void try_software(void)
{
	struct vmcb *v = prepare(nops_code, 4);

	v->event_inj = INJECT_VALID | INJECT_SOFTWARE | OTHER_VECTOR;
	v->next_rip =
		v->rip +
		1; /* what is pushed where NextRIP is saved; elsewhere RIP, and the NOP is run */
	expect("G2 with an injected software interrupt", g2_run(v), EXIT_VMMCALL);
	expect("injected software interrupts that came", ARENA->irqs[OTHER_VECTOR], 1);
	expect("RIP behind a software interrupt", v->rip - (uint64_t)ARENA->code, 4);
}

/* An exit comes while the event is being delivered: the IDT is in what G1 does not map.  Then once more. */
static void try_delivery_fault(void)
{
	struct arena *a = ARENA;
	struct vmcb *v;

	memset(a->npt_small, 0, sizeof(a->npt_small));
	a->npt_pd[WINDOW >> 30][WINDOW >> 21 & 511] = (uint64_t)a->npt_small | PTE_ALL;
	memcpy(a->other_idt, a->idt, sizeof(a->idt));
	for (int i = 0; i < 3; i++) {
		uint32_t inject = INJECT_VALID | (i == 1 ? INJECT_EXCEPTION | INJECT_ERROR | 13
							 : INJECT_INTR | VECTOR);
		uint64_t traps = a->traps;

		v = prepare(nops_code, 4);
		v->idtr.base = WINDOW;
		a->npt_small[0] = 0;
		v->tlb_control = 1;
		v->event_inj = inject;
		v->event_error = 0x77;
		a->fixup = i == 1 ? v->rip : 0;
		expect("an IDT that is not mapped", g2_run(v), EXIT_NPF);
		expect("event that was under way", v->exit_int_info, inject);
		expect("error code that was under way", v->exit_int_error, i == 1 ? 0x77 : 0);
		expect("address of that fault", v->exit_info_2 & ~(PAGE - 1), WINDOW);
		a->npt_small[0] = (uint64_t)a->other_idt | PTE_ALL;
		v->event_inj = v->exit_int_info;
		v->event_error = v->exit_int_error;
		expect("G2 after that", g2_run(v), EXIT_VMMCALL);
		expect("events that came then", i == 1 ? a->traps - traps : a->irqs[VECTOR], 1);
		a->fixup = 0;
	}
}

static struct vmcb *prepare_virtual(const char *code, int len, int priority, int tpr)
{
	struct vmcb *v = prepare(code, len);

	v->int_ctl = V_INTR_MASKING | V_IRQ | V_PRIORITY(priority) | tpr;
	v->int_vector = VECTOR;
	return v;
}

static void try_virtual(void)
{
	struct vmcb *v = prepare_virtual(nops_code, 4, VECTOR >> 4, 0);

	expect("G2 with IF 0 and a virtual interrupt", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts with IF 0", ARENA->irqs[VECTOR], 0);
	expect("V_IRQ of one that waits", v->int_ctl & V_IRQ, V_IRQ);
	v->rip = (uint64_t)ARENA->code;
	v->rflags |= RFLAGS_IF;
	expect("G2 with IF 1 and a virtual interrupt", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts with IF 1", ARENA->irqs[VECTOR], 1);
	expect("V_IRQ of one that was taken", v->int_ctl & V_IRQ, 0);
	v = prepare_virtual(sti_code, 5, VECTOR >> 4, 0);
	expect("G2 that sets IF, with a virtual interrupt", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts after STI", ARENA->irqs[VECTOR], 1);
}

static void try_virtual_priority(void)
{
	struct vmcb *v = prepare_virtual(sti_code, 5, VECTOR >> 4, (VECTOR >> 4) + 1);

	expect("G2 with a virtual TPR", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts below the TPR", ARENA->irqs[VECTOR], 0);
	v = prepare_virtual(sti_code, 5, VECTOR >> 4, (VECTOR >> 4) - 1);
	expect("G2 with a lower virtual TPR", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts above the TPR", ARENA->irqs[VECTOR], 1);
	v = prepare_virtual(sti_code, 5, 0, 15);
	v->int_ctl |= V_IGNORE_TPR;
	expect("G2 with a virtual TPR that is ignored", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts that ignore the TPR", ARENA->irqs[VECTOR], 1);
}

/* G1 wants to hear when G2 could take one: an interrupt window. */
static void try_window(void)
{
	struct vmcb *v = prepare_virtual(sti_code, 5, VECTOR >> 4, 0);

	intercept(v, EXIT_VINTR, true);
	expect("exit when G2 sets IF", g2_run(v), EXIT_VINTR);
	expect("virtual interrupts at that exit", ARENA->irqs[VECTOR], 0);
	expect_between("RIP at that exit", v->rip - (uint64_t)ARENA->code, 1, 2);
	v->int_ctl &= ~V_IRQ;
	v->event_inj = INJECT_VALID | INJECT_INTR | VECTOR;
	expect("G2 that gets it injected then", g2_run(v), EXIT_VMMCALL);
	expect("interrupts of it", ARENA->irqs[VECTOR], 1);
	v = prepare_virtual(nops_code, 4, VECTOR >> 4, 0);
	intercept(v, EXIT_VINTR, true);
	expect("no exit while IF is 0", g2_run(v), EXIT_VMMCALL);
}

/* An interrupt of G1 is pending as G2 gets an event: neither is lost. */
static void try_both(void)
{
	struct arena *a = ARENA;

	apic_enable();
	for (int i = 0; i < 10; i++) {
		struct vmcb *v = prepare(nops_code, 4);

		a->eoi = false; /* of G2's */
		intercept(v, EXIT_INTR, true);
		v->event_inj = INJECT_VALID | INJECT_INTR | VECTOR;
		clgi();
		asm volatile("sti");
		apic_self(OTHER_VECTOR);
		guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
		expect("exit by an interrupt of G1 at an injection", v->exit_code, EXIT_INTR);
		a->eoi = true;
		stgi();
		asm volatile("nop; cli");
		a->eoi = false;
		expect("interrupts of G1 behind it", a->irqs[OTHER_VECTOR], 1);
		/* G2 may have been anywhere, in its handler too. */
		v->event_inj = v->exit_int_info;
		expect("G2 after that exit", g2_run(v), EXIT_VMMCALL);
		expect("injected interrupts behind an exit", a->irqs[VECTOR], 1);
	}
	a->eoi = false;
}

/* Faults of G2 in a row: its third one is a shutdown. */
static void try_shutdown(void)
{
	struct vmcb *v = prepare("\x0f\x0b", 2);

	v->idtr.limit = 0;
	expect("G2 without an IDT", g2_run(v), EXIT_SHUTDOWN);
}

void case_events(void)
{
	try_interrupt(false);
	try_interrupt(true);
	try_exception(13, true, 0x1234);
	try_exception(14, true, 0x7);
	try_exception(6, false, 0);
	try_nmi();
	try_software();
	try_delivery_fault();
	try_virtual();
	try_virtual_priority();
	try_window();
	try_both();
	try_shutdown();
}
