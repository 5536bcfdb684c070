// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts of G1 while G2 runs: who gets them, and when.  None may be lost. */
#include "guest/cases.h"
#include "guest/runtime.h"

#define VECTOR 0x61
#define RFLAGS_IF 0x200ull
#define TIMER_ROUNDS 50
#define HALT_ROUNDS 50
#define TIMER_COUNT 20000 /* ns: the unit of KVM's APIC timer */
#define SPIN \
	(1ull << 34) /* a busy machine may hold up QEMU's timers for seconds, while the CPU runs */

static const char spin_code[] = "\x48\xff\xc9\x75\xfb"; /* 1: dec %rcx; jnz 1b */
/*
 * CPUID exits to this level's KVM.  A KVM without a second CPU cannot interrupt a guest that it has just
 * entered (arch/x86/kvm/x86.c, req_immediate_exit), and looks for events again at the next exit.
 */
static const char nops_code[] = "\x90\x0f\xa2\x90";
static const char sti_code[] = "\xfb\x90\x0f\xa2\x90";

/* Makes an interrupt pending: IF is 1, but GIF holds it back until VMRUN. */
static void pend(uint8_t vector)
{
	clgi();
	asm volatile("sti");
	apic_self(vector);
}

static void settle(void)
{
	asm volatile("sti; nop; nop; cli");
}

static struct vmcb *prepare(const char *code, int len, uint64_t flags, bool masking, bool intr)
{
	struct vmcb *v = g2_init_bytes(0, code, len);

	v->rflags |= flags;
	v->int_ctl = masking ? V_INTR_MASKING : 0;
	intercept(v, EXIT_INTR, intr);
	ARENA->g2.rcx = SPIN;
	ARENA->irqs[VECTOR] = 0;
	return v;
}

/* A pending interrupt of G1 makes G2 exit at once, whatever G2's IF is.  G1 gets it when it sets GIF. */
static void try_exit_by_interrupt(uint64_t flags)
{
	struct vmcb *v = prepare(nops_code, 4, flags, true, true);
	struct arena *a = ARENA;

	pend(VECTOR);
	guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
	expect("exit by an interrupt of G1", v->exit_code, EXIT_INTR);
	exit_once();
	expect("interrupts while GIF is 0", a->irqs[VECTOR], 0);
	stgi();
	exit_once();
	asm volatile("cli");
	expect("interrupts once GIF is 1", a->irqs[VECTOR], 1);
}

/* mov $0x83f, %ecx; mov $VECTOR, %eax; xor %edx, %edx; wrmsr; cpuid; nop: a self-IPI by G1's APIC */
static const char self_code[] =
	"\xb9\x3f\x08\x00\x00\xb8\x61\x00\x00\x00\x31\xd2\x0f\x30\x0f\xa2\x90";

/* The interrupt comes while G2 runs, and G1's GIF was 1 before: the exit itself clears it. */
static void try_gif(uint32_t int_ctl)
{
	struct vmcb *v = prepare(self_code, 17, 0, true, true);
	struct arena *a = ARENA;

	v->int_ctl |= int_ctl;
	asm volatile("sti");
	guest_vmrun(v, &a->g2, &a->host_vmcb, RUN_WITH_GIF);
	expect("exit by an interrupt that G2 caused", v->exit_code, EXIT_INTR);
	expect("interrupts right behind an exit", a->irqs[VECTOR], 0);
	exit_once();
	expect("interrupts behind an exit, with GIF at 0", a->irqs[VECTOR], 0);
	stgi();
	exit_once();
	asm volatile("cli");
	expect("interrupts behind an exit, with GIF at 1", a->irqs[VECTOR], 1);
}

/* G2 has a GIF of its own, which does not affect G1's interrupts. */
static void try_virtual_gif(void)
{
	struct vmcb *v;

	try_gif(V_GIF_ENABLE | V_GIF);
	try_gif(V_GIF_ENABLE);
	v = prepare("\x0f\x01\xdd\x90", 4, 0, true, true); /* clgi */
	v->int_ctl |= V_GIF_ENABLE | V_GIF;
	expect("G2 that clears its GIF", g2_run(v), EXIT_VMMCALL);
	expect("GIF of G2, cleared", v->int_ctl & V_GIF, 0);
	v = prepare("\x0f\x01\xdc\x90", 4, 0, true, true); /* stgi */
	v->int_ctl |= V_GIF_ENABLE;
	expect("G2 that sets its GIF", g2_run(v), EXIT_VMMCALL);
	expect("GIF of G2, set", v->int_ctl & V_GIF, V_GIF);
}

/* While G1's own IF is 0, G2 is not interrupted. */
static void try_masked(uint64_t flags)
{
	struct vmcb *v = prepare(nops_code, 4, flags, true, true);

	apic_self(VECTOR);
	expect("G2 while G1 masks interrupts", g2_run(v), EXIT_VMMCALL);
	expect("interrupts while G1 masks them", ARENA->irqs[VECTOR], 0);
	settle();
	expect("interrupts after G1 masked them", ARENA->irqs[VECTOR], 1);
}

/* Without V_INTR_MASKING, G2's own IF decides. */
static void try_unmasked(void)
{
	struct vmcb *v = prepare(nops_code, 4, 0, false, true);

	pend(VECTOR);
	expect("G2 with IF 0 and no masking", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupt that G1 did not want", v->int_ctl & V_IRQ, 0);
	settle();
	expect("interrupts behind a G2 with IF 0", ARENA->irqs[VECTOR], 1);
	v = prepare(sti_code, 5, 0, false, true);
	pend(VECTOR);
	expect("G2 that sets IF, without masking", g2_run(v), EXIT_INTR);
	expect_between("RIP of G2 at that interrupt", v->rip - (uint64_t)ARENA->code, 2, 4);
	settle();
	expect("interrupts of a G2 that set IF", ARENA->irqs[VECTOR], 1);
}

/* G1 does not intercept interrupts: G2 gets the interrupt, through its own IDT. */
static void try_handed_through(void)
{
	struct vmcb *v = prepare(sti_code, 5, 0, false, false);

	pend(VECTOR);
	guest_vmrun(v, &ARENA->g2, &ARENA->host_vmcb, 0);
	expect("G2 that takes an interrupt itself", v->exit_code, EXIT_VMMCALL);
	expect("interrupts that G2 took", ARENA->irqs[VECTOR], 1);
	expect("an interrupt that G2 took is still pending", apic_is_pending(VECTOR), 0);
	stgi();
	asm volatile("cli");
}

/* G2 keeps its IF at 0: G1 gets the interrupt as soon as its own GIF and IF are 1, without an exit. */
static void try_left_over(void)
{
	struct vmcb *v = prepare(nops_code, 4, 0, false, false);

	pend(VECTOR);
	guest_vmrun(v, &ARENA->g2, &ARENA->host_vmcb, 0);
	expect("G2 that takes no interrupt", v->exit_code, EXIT_VMMCALL);
	expect("interrupts that it took", ARENA->irqs[VECTOR], 0);
	stgi();
	asm volatile("nop; nop; cli");
	expect("interrupts that it left", ARENA->irqs[VECTOR], 1);
}

static void try_nmi(bool intercepted)
{
	struct vmcb *v = prepare(nops_code, 4, 0, true, true);
	struct arena *a = ARENA;
	uint64_t nmis = a->nmis;

	intercept(v, EXIT_NMI, intercepted);
	clgi();
	wrmsr(X2APIC_ICR, ICR_NMI);
	guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
	expect("exit with an NMI pending", v->exit_code, intercepted ? EXIT_NMI : EXIT_VMMCALL);
	exit_once();
	expect("NMIs while GIF is 0", a->nmis - nmis, !intercepted);
	stgi();
	exit_once();
	expect("NMIs in all", a->nmis - nmis, 1);
}

static void arm_timer(uint32_t count)
{
	wrmsr(X2APIC_DIVIDE, 0xb); /* by 1 */
	wrmsr(X2APIC_LVT_TIMER, VECTOR);
	wrmsr(X2APIC_INITIAL, count);
}

/* G2 computes with interrupts off and without an exit: G1 must get its ticks, and can stop G2. */
static void try_spinning(uint64_t flags)
{
	for (uint64_t i = 0; i < rounds(TIMER_ROUNDS, 1); i++) {
		struct vmcb *v = prepare(spin_code, 5, flags, true, true);

		clgi();
		asm volatile("sti");
		arm_timer(TIMER_COUNT);
		expect("exit of a G2 that spins, by a timer", g2_run(v), EXIT_INTR);
		asm volatile("cli");
		expect("ticks of G1 while G2 spins", ARENA->irqs[VECTOR], 1);
	}
}

/* STI; HLT with a timer that may fire before: G1 must wake up. */
static void try_halting(void)
{
	ARENA->irqs[VECTOR] = 0;
	for (uint64_t i = 0; i < rounds(HALT_ROUNDS, 1); i++) {
		arm_timer(1 + guest_random() % TIMER_COUNT);
		asm volatile("sti; hlt; cli" ::: "memory");
		expect("timer interrupts of STI; HLT", ARENA->irqs[VECTOR], i + 1);
	}
}

static void set_cr8(uint64_t priority)
{
	asm volatile("mov %0, %%cr8" ::"r"(priority));
}

static uint64_t get_cr8(void)
{
	uint64_t priority;

	asm volatile("mov %%cr8, %0" : "=r"(priority));
	return priority;
}

static void try_priority(void)
{
	struct vmcb *v;

	ARENA->irqs[VECTOR] = 0;
	set_cr8(VECTOR >> 4);
	apic_self(VECTOR);
	settle();
	expect("interrupts below CR8", ARENA->irqs[VECTOR], 0);
	expect("CR8", get_cr8(), VECTOR >> 4);
	set_cr8((VECTOR >> 4) - 1);
	settle();
	expect("interrupts above CR8", ARENA->irqs[VECTOR], 1);
	set_cr8(0);
	/* mov %rax, %cr8: G2's alone with V_INTR_MASKING, otherwise G1's too */
	v = prepare("\x44\x0f\x22\xc0", 4, 0, true, true);
	v->rax = 9;
	expect("G2 that sets its CR8", g2_run(v), EXIT_VMMCALL);
	expect("virtual TPR of G2", v->int_ctl & 0xff, 9);
	expect("CR8 of G1 behind it", get_cr8(), 0);
	v = prepare("\x44\x0f\x22\xc0", 4, 0, false, false);
	v->rax = 10;
	expect("G2 that sets the CR8", g2_run(v), EXIT_VMMCALL);
	expect("CR8 that G2 set", get_cr8(), 10);
	set_cr8(0);
}

/* G2 halts and G1 does not intercept HLT: an interrupt of G1 ends the halt by an exit. */
static void try_halted_guest(uint64_t flags)
{
	for (uint64_t i = 0; i < rounds(5, 1); i++) {
		struct vmcb *v = prepare("\xf4\x90", 2, flags, true, true);

		clgi();
		asm volatile("sti");
		arm_timer(TIMER_COUNT);
		expect("exit of a G2 that halts, by a timer", g2_run(v), EXIT_INTR);
		asm volatile("cli");
		expect("ticks of G1 while G2 halts", ARENA->irqs[VECTOR], 1);
	}
}

/* G1's interrupts exit even in the shadow of G2's STI. */
static void try_shadow(void)
{
	struct vmcb *v = prepare(nops_code, 4, RFLAGS_IF, true, true);
	struct arena *a = ARENA;

	v->int_shadow = 1;
	pend(VECTOR);
	guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
	expect("exit by an interrupt of G1 in G2's shadow", v->exit_code, EXIT_INTR);
	stgi();
	asm volatile("nop; cli");
	expect("interrupts of it", a->irqs[VECTOR], 1);
}

/* Without V_INTR_MASKING G2's CR8 holds back G1's interrupts until G2 lowers it. */
static void try_shared_priority(void)
{
	/* mov %rax, %cr8; cpuid */
	struct vmcb *v = prepare("\x44\x0f\x22\xc0\x31\xc0\x0f\xa2\x90", 9, RFLAGS_IF, false, true);
	struct arena *a = ARENA;

	set_cr8(15);
	pend(VECTOR);
	v->rax = 15;
	expect("G2 with a high CR8", g2_run(v), EXIT_VMMCALL);
	expect("interrupts below the CR8 that G2 set", a->irqs[VECTOR], 0);
	v->rip = (uint64_t)a->code;
	v->rax = 0;
	v->rflags |= RFLAGS_IF;
	expect("G2 that lowers CR8", g2_run(v), EXIT_INTR);
	expect_between("RIP at that exit", v->rip - (uint64_t)a->code, 4, 8);
	settle();
	expect("interrupts after G2 lowered CR8", a->irqs[VECTOR], 1);
	set_cr8(0);
}

/* An interrupt waits for G1's CR8 to be lowered: G2's CR8 must not matter. */
static void try_own_priority(void)
{
	struct vmcb *v = prepare("\x44\x0f\x22\xc0", 4, 0, true, true);

	set_cr8(15);
	apic_self(VECTOR);
	exit_once();
	v->rax = 9;
	expect("G2 that sets its CR8", g2_run(v), EXIT_VMMCALL);
	expect("virtual TPR of a G2 whose hypervisor waits", v->int_ctl & 0xff, 9);
	expect("CR8 of G1 behind it", get_cr8(), 15);
	settle();
	expect("interrupts below CR8", ARENA->irqs[VECTOR], 0);
	set_cr8(0);
	settle();
	expect("interrupts above CR8", ARENA->irqs[VECTOR], 1);
}

/* An NMI that comes while another is handled waits until IRET. */
static void try_nested_nmi(void)
{
	struct arena *a = ARENA;
	uint64_t nmis = a->nmis;

	a->nmi_again = 1;
	a->nmi_deepest = 0;
	wrmsr(X2APIC_ICR, ICR_NMI);
	exit_once();
	expect("NMIs, one of them while another was handled", a->nmis - nmis, 2);
	expect("handlers of NMIs at once", a->nmi_deepest, 1);
}

#define NMI_BITS (V_NMI | V_NMI_MASK)

/* Runs G2 with virtual NMIs.  G1's own NMIs must exit. */
static struct vmcb *prepare_nmis(const char *code, int len, uint32_t int_ctl)
{
	struct vmcb *v = prepare(code, len, 0, true, true);

	v->int_ctl |= V_NMI_ENABLE | int_ctl;
	intercept(v, EXIT_NMI, true);
	return v;
}

static void expect_nmis(const char *what, struct vmcb *v, uint64_t nmis, uint32_t bits)
{
	uint64_t before = ARENA->nmis;

	expect(what, g2_run(v), EXIT_VMMCALL);
	expect("virtual NMIs that G2 took", ARENA->nmis - before, nmis);
	expect("V_NMI and V_NMI_MASK behind that", v->int_ctl & NMI_BITS, bits);
}

/* V_NMI is taken unless V_NMI_MASK or the virtual GIF hold it back: APM volume 2, 15.21.10. */
static void try_pending_nmi(void)
{
	struct vmcb *v = prepare_nmis(nops_code, 4, V_NMI);

	expect_nmis("G2 with a virtual NMI", v, 1, 0);
	expect("RIP that it interrupted", ARENA->event_rip, (uint64_t)ARENA->code);
	expect_nmis("G2 without a virtual NMI", prepare_nmis(nops_code, 4, 0), 0, 0);
	v = prepare_nmis(nops_code, 4, NMI_BITS);
	expect_nmis("G2 with a blocked virtual NMI", v, 0, NMI_BITS);
	v = prepare_nmis("\xcd\x30\x90", 3, NMI_BITS); /* int $0x30, whose handler ends with IRET */
	expect_nmis("G2 whose IRET ends the blocking", v, 1, 0);
	v = prepare_nmis(nops_code, 4, V_NMI | V_GIF_ENABLE);
	expect_nmis("G2 with GIF 0 and a virtual NMI", v, 0, V_NMI);
	v = prepare_nmis("\x0f\x01\xdc\x90", 4, V_NMI | V_GIF_ENABLE); /* stgi */
	expect_nmis("G2 that sets GIF, with a virtual NMI", v, 1, 0);
}

/* G2 is in the handler of an NMI that was virtual or INJECTED; another one comes then. */
static void try_nmi_in_nmi(bool injected)
{
	struct vmcb *v = prepare_nmis(nops_code, 4, injected ? 0 : V_NMI);
	uint64_t nmis = ARENA->nmis;

	intercept(v, EXIT_IRET, true);
	if (injected)
		v->event_inj = INJECT_VALID | INJECT_NMI | 2;
	expect("IRET of the handler of an NMI", g2_run(v), EXIT_IRET);
	expect("V_NMI and V_NMI_MASK in the handler", v->int_ctl & NMI_BITS, V_NMI_MASK);
	expect("NMIs so far", ARENA->nmis - nmis, 1);
	intercept(v, EXIT_IRET, false);
	v->int_ctl |= V_NMI;
	expect_nmis("G2 with a virtual NMI in the handler of one", v, 1, 0);
}

/* G1's NMIs have nothing to do with G2's. */
static void try_own_nmi(uint32_t int_ctl)
{
	struct vmcb *v = prepare_nmis(nops_code, 4, int_ctl);
	struct arena *a = ARENA;
	uint64_t nmis = a->nmis;

	clgi();
	wrmsr(X2APIC_ICR, ICR_NMI);
	guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
	expect("exit by an NMI of G1", v->exit_code, EXIT_NMI);
	expect("V_NMI and V_NMI_MASK at that exit", v->int_ctl & NMI_BITS, int_ctl);
	expect("NMIs while GIF is 0", a->nmis - nmis, 0);
	stgi();
	exit_once();
	expect("NMIs of G1 behind that exit", a->nmis - nmis, 1);
}

static void try_virtual_nmis(void)
{
	struct vmcb *v = prepare_nmis(nops_code, 4, 0);

	intercept(v, EXIT_NMI, false);
	expect("virtual NMIs, but no exit by NMIs", g2_run(v), EXIT_INVALID);
	try_pending_nmi();
	try_nmi_in_nmi(false);
	try_nmi_in_nmi(true);
	try_own_nmi(0);
}

void case_interrupts(void)
{
	apic_enable();
	for (int i = 0; i < 5; i++) {
		try_exit_by_interrupt(0);
		try_exit_by_interrupt(RFLAGS_IF);
		try_gif(0);
		try_masked(0);
		try_masked(RFLAGS_IF);
	}
	if (svm_has(SVM_VGIF))
		try_virtual_gif();
	try_unmasked();
	try_handed_through();
	try_left_over();
	try_nmi(true);
	try_nmi(false);
	try_spinning(0);
	try_spinning(RFLAGS_IF);
	/* Where KVM cannot keep STI's shadow, the tick may come before HLT: G1 would never wake up. */
	if (!ARENA->inexact)
		try_halting();
	try_priority();
	try_halted_guest(0);
	try_halted_guest(RFLAGS_IF);
	try_shadow();
	try_shared_priority();
	try_own_priority();
	try_nested_nmi();
	if (svm_has(SVM_VNMI))
		try_virtual_nmis();
}
