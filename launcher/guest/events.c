// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events that G1 injects into G2, and virtual interrupts: each is delivered once, to the right guest, at
 * the right time.
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
	v->next_rip = v->rip +
		      1; /* with NextRIP saved, that is pushed; without it RIP, and the NOP runs */
	expect("G2 with an injected software interrupt", g2_run(v), EXIT_VMMCALL);
	expect("injected software interrupts that came", ARENA->irqs[OTHER_VECTOR], 1);
	expect("RIP behind a software interrupt", v->rip - (uint64_t)ARENA->code, 4);
	expect("RIP that a software interrupt saved", ARENA->event_rip,
	       (uint64_t)ARENA->code + svm_has(SVM_NRIPS));
}

/*
 * An exit comes while an event is being delivered: G1 does not map the IDT.  Then the event is delivered
 * once more.
 */
static void try_delivery_fault(void)
{
	struct arena *a = ARENA;
	struct vmcb *v;

	if (!a->have_npt)
		return;
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

/* While the virtual GIF is 0, virtual interrupts wait; G2's STGI lets them come. */
static void try_virtual_gif(void)
{
	struct vmcb *v = prepare_virtual(nops_code, 4, VECTOR >> 4, 0);

	v->rflags |= RFLAGS_IF;
	v->int_ctl |= V_GIF_ENABLE;
	expect("G2 with a virtual GIF of 0", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts with a virtual GIF of 0", ARENA->irqs[VECTOR], 0);
	v->rip = (uint64_t)ARENA->code;
	v->int_ctl |= V_GIF;
	expect("G2 with a virtual GIF of 1", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts with a virtual GIF of 1", ARENA->irqs[VECTOR], 1);
	v = prepare_virtual("\x90\x0f\x01\xdc\x90\x0f\xa2\x90", 8, VECTOR >> 4, 0); /* stgi */
	v->rflags |= RFLAGS_IF;
	v->int_ctl |= V_GIF_ENABLE;
	expect("G2 that sets its virtual GIF", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts behind STGI of G2", ARENA->irqs[VECTOR], 1);
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

/* G1 asks for an exit as soon as G2 could take an interrupt: an interrupt window. */
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

/* An interrupt of G1 is pending while an event is injected into G2: neither is lost. */
static void try_both(void)
{
	struct arena *a = ARENA;

	apic_enable();
	for (int i = 0; i < 10; i++) {
		struct vmcb *v = prepare(nops_code, 4);

		a->eoi = false; /* G2's handler must not write G1's end-of-interrupt register */
		intercept(v, EXIT_INTR, true);
		v->event_inj = INJECT_VALID | INJECT_INTR | VECTOR;
		clgi();
		asm volatile("sti");
		apic_self(OTHER_VECTOR);
		guest_vmrun(v, &a->g2, &a->host_vmcb, RUN_FULL);
		expect("exit by an interrupt of G1 at an injection", v->exit_code, EXIT_INTR);
		a->eoi = true;
		stgi();
		asm volatile("nop; cli");
		a->eoi = false;
		expect("interrupts of G1 behind it", a->irqs[OTHER_VECTOR], 1);
		/* G2 may be anywhere, in its handler too, which has a stack of its own. */
		v->event_inj = v->exit_int_info;
		expect("G2 after that exit", g2_run_full(v), EXIT_VMMCALL);
		expect("injected interrupts behind an exit", a->irqs[VECTOR], 1);
	}
	a->eoi = false;
}

/* Faults of G2 in a row: the third one is a shutdown. */
static void try_shutdown(void)
{
	struct vmcb *v = prepare("\x0f\x0b", 2);

	v->idtr.limit = 0;
	expect("G2 without an IDT", g2_run(v), EXIT_SHUTDOWN);
}

/*
 * The same without nested paging, where this level sees the faults of each delivery.  With an IDT that is
 * not mapped, no handler is found.  If only the first entries up to #DF are mapped, the handler of #DF is.
 *
 * mov %eax, %ds: #GP by selector 0xf8
 */
static void try_double_fault(void)
{
	struct arena *a = ARENA;
	uint64_t page = SMALL_WINDOW + 9 * PAGE, traps = a->traps;

	for (int i = 0; i < 2; i++) {
		struct vmcb *v = prepare("\x8e\xd8\x90", 3);

		v->nested_ctl = 0;
		v->tlb_control = 1;
		v->rax = 0xf8;
		a->small[9] = 0;
		v->idtr.base = page;
		if (!i) {
			expect("G2 whose IDT is not mapped", g2_run(v), EXIT_SHUTDOWN);
			continue;
		}
		a->small[9] = (uint64_t)a->region[0] | PTE_ALL;
		v->idtr.base = page + PAGE - 9 * sizeof(*a->idt); /* the first nine: up to #DF */
		memcpy(a->region[0] + PAGE - 9 * sizeof(*a->idt), a->idt, 9 * sizeof(*a->idt));
		a->fixup = v->rip + 2;
		expect("G2 with a double fault", g2_run(v), EXIT_VMMCALL);
		expect("exceptions then", a->traps - traps, 1);
		expect("vector of a double fault", a->trap.vector, 8);
		expect("error code of a double fault", a->trap.error, 0);
	}
}

/* sti; cpuid: the exit is in the shadow of STI, where no interrupt comes yet. */
static void try_shadow(void)
{
	struct vmcb *v = prepare("\xfb\x0f\xa2\x90", 4);

	intercept(v, EXIT_CPUID, true);
	expect("exit behind STI", g2_run(v), EXIT_CPUID);
	expect("interrupt shadow at an exit behind STI", v->int_shadow & 1, 1);
	intercept(v, EXIT_CPUID, false);
	intercept(v, EXIT_VINTR, true);
	v->int_ctl |= V_IRQ | V_PRIORITY(VECTOR >> 4);
	v->int_vector = VECTOR;
	expect("virtual interrupt with a shadow", g2_run(v), EXIT_VINTR);
	expect("RIP behind the instruction in the shadow", v->rip - (uint64_t)ARENA->code, 3);
	v->int_ctl &= ~V_IRQ;
	intercept(v, EXIT_VINTR, false);
	expect("G2 without that interrupt", g2_run(v), EXIT_VMMCALL);
	expect("interrupt shadow at an exit behind a NOP", v->int_shadow & 1, 0);
	/* When G1 skips the instruction, the shadow ends. */
	v = prepare("\xfb\x0f\xa2\x90\x0f\xa2", 6);
	expect("G2 that goes on behind STI", g2_run(v), EXIT_VMMCALL);
	expect("interrupt shadow behind instructions that KVM steps over", v->int_shadow & 1, 0);
}

/* An NMI and a software interrupt that are being delivered when G2 exits. */
static void try_other_deliveries(void)
{
	static const struct {
		uint32_t inject;
		const char *what;
	} kinds[] = { { INJECT_VALID | INJECT_NMI | 2, "NMI that was under way" },
		      { INJECT_VALID | INJECT_SOFTWARE | OTHER_VECTOR,
			"software interrupt that was under way" } };
	struct arena *a = ARENA;

	if (!a->have_npt)
		return;
	for (int i = 0; i < 2; i++) {
		struct vmcb *v = prepare(nops_code, 4);
		uint64_t nmis = a->nmis;

		v->idtr.base = WINDOW;
		a->npt_small[0] = 0;
		v->tlb_control = 1;
		v->event_inj = kinds[i].inject;
		v->next_rip = v->rip + 1;
		expect("an IDT that is not mapped", g2_run(v), EXIT_NPF);
		expect(kinds[i].what, v->exit_int_info & 0x800007ff,
		       kinds[i].inject & (i ? 0x800007ff : 0x80000700));
		a->npt_small[0] = (uint64_t)a->other_idt | PTE_ALL;
		v->event_inj = kinds[i].inject;
		v->next_rip = (uint64_t)a->code + 1;
		expect("G2 after that", g2_run(v), EXIT_VMMCALL);
		expect("events that came then", i ? a->irqs[OTHER_VECTOR] : a->nmis - nmis, 1);
	}
}

/* A virtual interrupt of G2 and an interrupt that G1 leaves to G2 come at the same time: G2 gets both. */
static void try_two_sources(void)
{
	struct arena *a = ARENA;

	for (int i = 0; i < 5; i++) {
		/* With an exit before STI, KVM itself uses a virtual interrupt to wait. */
		struct vmcb *v = i % 2 ? prepare("\x0f\xa2\xfb\x90\x0f\xa2\x90", 7)
				       : prepare("\xfb\x90\x0f\xa2\x90\x0f\xa2\x90", 8);

		v->int_ctl = V_IRQ | V_PRIORITY(VECTOR >> 4);
		v->int_vector = VECTOR;
		clgi();
		asm volatile("sti");
		apic_self(OTHER_VECTOR);
		guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
		expect("G2 with two interrupts", v->exit_code, EXIT_VMMCALL);
		stgi();
		asm volatile("nop; cli");
		expect("virtual interrupts beside one of G1", a->irqs[VECTOR], 1);
		expect("interrupts of G1 beside a virtual one", a->irqs[OTHER_VECTOR], 1);
		expect("V_IRQ after its interrupt came", v->int_ctl & V_IRQ, 0);
		wrmsr(X2APIC_EOI, 0);
	}
}

/*
 * An exception that KVM itself finds in an instruction of G2 exits if G1 intercepts it, with all its
 * details.
 */
static void try_found_by_kvm(void)
{
	struct vmcb *v = prepare("\x0f\x30", 2); /* wrmsr: reserved bits of EFER */
	struct arena *a = ARENA;
	uint64_t traps = a->traps;

	a->g2.rcx = MSR_EFER;
	a->g2.rdx = 1;
	intercept(v, EXIT_EXCEPTION + 13, true);
	expect("#GP of a WRMSR", g2_run(v), EXIT_EXCEPTION + 13);
	expect("error code of that #GP", v->exit_info_1, 0);
	expect("RIP at that #GP", v->rip, (uint64_t)a->code);
	intercept(v, EXIT_EXCEPTION + 13, false);
	a->fixup = v->rip + 2;
	expect("#GP that G2 handles", g2_run(v), EXIT_VMMCALL);
	expect("#GP in G2", a->traps - traps, 1);
	expect("vector in G2", a->trap.vector, 13);
	/* outsb from an unmapped page: KVM emulates it */
	for (int i = 0; i < 2; i++) {
		v = prepare("\x6e", 1);
		a->g2.rdx = 0x21;
		a->g2.rsi = SMALL_WINDOW + 0x5008;
		v->cr2 = 0x777000;
		intercept(v, EXIT_EXCEPTION + 14, !i);
		a->fixup = i ? v->rip + 1 : 0;
		expect("page fault of OUTS", g2_run(v), i ? EXIT_VMMCALL : EXIT_EXCEPTION + 14);
		if (i) {
			expect("address of a page fault of OUTS in G2", a->trap.cr2,
			       SMALL_WINDOW + 0x5008);
			continue;
		}
		expect("address of a page fault of OUTS", v->exit_info_2, SMALL_WINDOW + 0x5008);
		expect("error code of a page fault of OUTS", v->exit_info_1, 0);
		expect("CR2 of G2 at an intercepted page fault", v->cr2, 0x777000);
	}
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
	if (svm_has(SVM_VGIF))
		try_virtual_gif();
	try_virtual_priority();
	try_window();
	try_both();
	try_shutdown();
	try_double_fault();
	try_shadow();
	try_other_deliveries();
	try_two_sources();
	try_found_by_kvm();
}

static void try_interrupted(int vector)
{
	struct arena *a = ARENA;
	struct vmcb *v = prepare_virtual(nops_code, 4, vector >> 4, 0);

	v->int_vector = vector;
	v->idtr.base = WINDOW;
	v->rflags |= RFLAGS_IF;
	v->tlb_control = 1;
	a->npt_small[0] = 0;
	expect("an IDT that is not mapped, for a virtual interrupt", g2_run(v), EXIT_NPF);
	expect("virtual interrupt that was under way", v->exit_int_info,
	       INJECT_VALID | INJECT_INTR | vector);
	a->npt_small[0] = (uint64_t)a->other_idt | PTE_ALL;
	v->int_ctl = V_INTR_MASKING;
	v->event_inj = v->exit_int_info;
	expect("G2 after that", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts that came then", a->irqs[vector], 1);
}

/*
 * An exit comes while a virtual interrupt is being delivered.  EXITINTINFO must not call it an exception
 * (APM volume 2, 15.7.2): a hypervisor that is told so injects an exception of that vector, and VMRUN
 * refuses it.
 */
void case_interrupted(void)
{
	struct arena *a = ARENA;

	memset(a->npt_small, 0, sizeof(a->npt_small));
	a->npt_pd[WINDOW >> 30][WINDOW >> 21 & 511] = (uint64_t)a->npt_small | PTE_ALL;
	memcpy(a->other_idt, a->idt, sizeof(a->idt));
	for (int i = 0; i < 6; i++)
		try_interrupted(i & 1 ? OTHER_VECTOR : VECTOR);
}
