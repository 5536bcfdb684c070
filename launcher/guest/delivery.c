// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events at awkward moments.  The launcher raises them from outside: behind STI, two at once, while the
 * guest halts, before an entry that KVM gives up, and with a delivery that faults in this level at each of
 * its steps.  G1 and G2 get the same events.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define VECTOR 0x61
#define OTHER_VECTOR 0x42
#define RFLAGS_IF 0x200ull
#define RFLAGS_RF 0x10000ull
#define GP_ERROR 0x1230
#define LATER (1ull << 44) /* cycles: hours */

/* What the launcher sets up before the guest continues after its call. */
enum {
	WITH_IF = 0x1,
	IN_SHADOW = 0x2, /* the next instruction is in the shadow of STI */
	HALTED = 0x4,
	NMI = 0x8,
	TWO_NMIS = 0x10,
	GP = 0x20,     /* inject this exception */
	HIDDEN = 0x40, /* unmap what a delivery reads and writes, so that this level maps it anew */
	CANCELLED = 0x80,     /* end the first entry before the guest runs */
	MOVED = 0x100,	      /* move it to another VM */
	WATCHED = 0x200,      /* count this level's ticks until the next call */
	KEPT = 0x400,	      /* save its state */
	BACK = 0x800,	      /* restore the state that KEPT saved, in the same VM */
	SHUT_DOWN = 0x2000,   /* inject a triple fault, as one that KVM found */
	DATA_HIDDEN = 0x4000, /* unmap a region of data; the code stays mapped */
	LOGGED = 0x1000,      /* log the pages that are written until the next call */
};

/* CPUID exits to this level's KVM, which then looks for pending events. */
asm(".pushsection .text.delivery_call, \"ax\"\n"
    ".globl delivery_call, delivery_1, delivery_2\n"
    "delivery_call:\n"
    "mov $2, %eax\nout %al, $0xf0\n" /* CALL_HOST */
    "delivery_1: nop\n"
    "delivery_2: nop\nnop\n"
    "push %rbx\nxor %eax, %eax\ncpuid\npop %rbx\n"
    "ret\n"
    ".globl delivery_stop\n"
    "delivery_stop: vmmcall\niretq\n" /* a handler of G2 that exits in its midst */
    ".popsection");
void delivery_call(void);
extern const uint8_t delivery_1[], delivery_2[], delivery_stop[];

/* ---- the guest --------------------------------------------------------------------------- */

static void call(uint64_t what)
{
	ARENA->argument = what;
	delivery_call();
	asm volatile("cli" ::: "memory");
}

static void expect_nmis(const char *what, uint64_t how, uint64_t count)
{
	struct arena *a = ARENA;
	uint64_t nmis = a->nmis;

	a->nmi_deepest = 0;
	call(how);
	expect(what, a->nmis - nmis, count);
	expect("handlers of NMIs at once", a->nmi_deepest, 1);
}

static void expect_interrupt(const char *what, uint64_t how, const uint8_t *rip)
{
	struct arena *a = ARENA;

	a->irqs[VECTOR] = 0;
	apic_self(VECTOR);
	call(how | WITH_IF);
	expect(what, a->irqs[VECTOR], 1);
	expect("RIP of that interrupt", a->event_rip, (uint64_t)rip);
}

static void try_shadow(uint64_t how)
{
	expect_nmis("NMIs behind STI", NMI | IN_SHADOW | how, 1);
	expect("RIP of an NMI behind STI", ARENA->event_rip, (uint64_t)delivery_2);
	expect_interrupt("interrupts behind STI", IN_SHADOW | how, delivery_2);
}

static void try_nmis(uint64_t how)
{
	expect_nmis("one NMI", NMI | how, 1);
	expect("RIP of an NMI", ARENA->event_rip, (uint64_t)delivery_1);
	expect_nmis("two NMIs at once", TWO_NMIS | how, 2);
}

static void try_halted(void)
{
	expect_nmis("NMIs in a halt", HALTED | NMI, 1);
	expect_interrupt("interrupts in a halt", HALTED, delivery_1);
}

static void expect_trap(const char *what, uint64_t got, uint64_t want, uint64_t error)
{
	expect(what, got, want);
	expect("error code of that exception", ARENA->trap.error, error);
}

/*
 * The CPU raises an exception, and the way to its handler faults.  This level must raise the exception
 * again.
 */
static void try_exceptions(void)
{
	struct arena *a = ARENA;

	a->argument = HIDDEN;
	expect_trap(
		"#GP by a selector",
		TRY("outb %%al, $0xf0\n\tmovl $0xf8, %%eax\n\tmovl %%eax, %%ds", CALL_HOST, 0, 0),
		13, 0xf8);
	expect_trap("#UD", TRY("outb %%al, $0xf0\n\tud2", CALL_HOST, 0, 0), 6, 0);
	expect_trap(
		"#PF",
		TRY("outb %%al, $0xf0\n\tmovb (%%rcx), %%al", CALL_HOST, SMALL_WINDOW + 0x7008, 0),
		14, 0);
	expect("address of that #PF", a->trap.cr2, SMALL_WINDOW + 0x7008);
	expect_trap("#GP by this level",
		    TRY("outb %%al, $0xf0\n\tmovl %%edx, %%eax\n\twrmsr", CALL_HOST, MSR_EFER, 1),
		    13, 0);
	expect("RF of a fault that KVM injects", a->trap.rflags & RFLAGS_RF, RFLAGS_RF);
}

/* A single step over the call: KVM raises the exception, and must not lose it when its delivery faults. */
static void try_step(void)
{
	struct arena *a = ARENA;
	uint64_t traps = a->traps;

	a->argument = HIDDEN;
	asm volatile("pushf\n\torl $0x100, (%%rsp)\n\tpopf\n\toutb %%al, $0xf0\n\tpushq $2\n\tpopf"
		     :
		     : "a"(CALL_HOST)
		     : "memory", "cc");
	expect("single steps", a->traps - traps, 3);
}

static void try_software(void)
{
	struct arena *a = ARENA;
	uint64_t behind;

	a->argument = HIDDEN;
	a->irqs[OTHER_VECTOR] = 0;
	asm volatile("outb %b1, $0xf0\n\tint $0x42\n1:\tlea 1b(%%rip), %0"
		     : "=r"(behind)
		     : "a"(CALL_HOST)
		     : "memory");
	expect("software interrupts", a->irqs[OTHER_VECTOR], 1);
	expect("RIP of a software interrupt", a->event_rip, behind);
}

/* What KVM was about to inject when it gave up an entry, it must inject at the next one. */
static void try_cancelled(uint64_t how)
{
	struct arena *a = ARENA;
	uint64_t traps = a->traps;

	expect_nmis("NMIs of an entry that was given up", NMI | CANCELLED | how, 1);
	expect_nmis("NMIs while one waits again", NMI | CANCELLED | TWO_NMIS | how, 2);
	expect_interrupt("interrupts of an entry that was given up", CANCELLED | how, delivery_1);
	a->fixup = (uint64_t)delivery_2;
	call(GP | CANCELLED | how);
	expect("exceptions of an entry that was given up", a->traps - traps, 1);
	expect_trap("vector of it", a->trap.vector, 13, GP_ERROR);
}

/* A second NMI is sent while the first is handled; then the guest is moved to another VM. */
static void try_handler_moved(void)
{
	struct arena *a = ARENA;
	uint64_t nmis = a->nmis;

	a->nmi_again = a->nmi_calls = 1;
	a->nmi_deepest = 0;
	a->argument = MOVED;
	wrmsr(X2APIC_ICR, ICR_NMI);
	exit_once();
	expect("NMIs of a guest that was moved while it handled one", a->nmis - nmis, 2);
	expect("handlers of NMIs at once", a->nmi_deepest, 1);
}

static void try_all(void)
{
	try_shadow(0);
	try_shadow(MOVED);
	try_nmis(0);
	try_nmis(HIDDEN);
	try_halted();
	expect_interrupt("an interrupt whose delivery faults", HIDDEN, delivery_1);
	try_exceptions();
	try_step();
	try_software();
	try_cancelled(0);
	try_cancelled(MOVED);
	try_handler_moved();
}

static void g2_tries_all(void)
{
	try_all();
	vmmcall();
}

static struct vmcb *prepare(uint32_t inject)
{
	struct vmcb *v = g2_init_bytes(0, "\x90\x0f\xa2\x90", 4);

	memset(ARENA->irqs, 0, sizeof(ARENA->irqs));
	v->int_ctl = V_INTR_MASKING;
	v->event_inj = INJECT_VALID | inject;
	v->next_rip = v->rip + 1;
	return v;
}

static void try_injected(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = prepare(INJECT_INTR | OTHER_VECTOR);
	uint64_t nmis = a->nmis, traps = a->traps;

	call(HIDDEN);
	expect("G2 with an interrupt", g2_run(v), EXIT_VMMCALL);
	expect("injected interrupts whose delivery faults", a->irqs[OTHER_VECTOR], 1);
	v = prepare(INJECT_NMI | 2);
	call(HIDDEN);
	expect("G2 with an NMI", g2_run(v), EXIT_VMMCALL);
	expect("injected NMIs whose delivery faults", a->nmis - nmis, 1);
	v = prepare(INJECT_EXCEPTION | INJECT_ERROR | 13);
	v->event_error = GP_ERROR;
	a->fixup = v->rip;
	call(HIDDEN);
	expect("G2 with an exception", g2_run(v), EXIT_VMMCALL);
	expect("injected exceptions whose delivery faults", a->traps - traps, 1);
	expect_trap("vector of it", a->trap.vector, 13, GP_ERROR);
	v = prepare(INJECT_SOFTWARE | OTHER_VECTOR);
	call(HIDDEN);
	expect("G2 with a software interrupt", g2_run(v), EXIT_VMMCALL);
	expect("injected software interrupts whose delivery faults", a->irqs[OTHER_VECTOR], 1);
	expect("RIP of it", a->event_rip, (uint64_t)a->code + svm_has(SVM_NRIPS));
}

/*
 * G2 exits from within an NMI handler.  That NMI was G2's alone, so G1 still gets its own.  Each has a
 * stack for its handlers; VMLOAD loads the task register that points to it.
 */
static void try_nmi_of_each(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = prepare(INJECT_NMI | 2);
	uint64_t stop = (uint64_t)delivery_stop, nmis = a->nmis;

	memcpy(a->other_idt, a->idt, sizeof(a->idt));
	a->other_idt[2].low = (stop & 0xffff) | CODE_64 << 16 | 1ull << 32 | 0x8eull << 40 |
			      (stop >> 16 & 0xffff) << 48;
	a->other_idt[2].high = stop >> 32;
	v->idtr.base = (uint64_t)a->other_idt;
	call(HIDDEN);
	expect("G2 that stops in its handler", g2_run_full(v), EXIT_VMMCALL);
	expect("RIP in a handler", v->rip, stop);
	wrmsr(X2APIC_ICR, ICR_NMI);
	exit_once();
	expect("NMIs of G1 while G2 handles one", a->nmis - nmis, 1);
	g2_skip(v, 3);
	expect("G2 behind its handler", g2_run_full(v), EXIT_VMMCALL);
}

/*
 * An interrupt or NMI of G1 is pending while G2's event is delivered: the exit comes after the delivery,
 * not within it.
 */
static void try_exit_behind_delivery(bool nmi)
{
	struct arena *a = ARENA;
	struct vmcb *v = prepare(INJECT_INTR | OTHER_VECTOR);
	uint64_t nmis = a->nmis;

	intercept(v, nmi ? EXIT_NMI : EXIT_INTR, true);
	clgi();
	if (nmi)
		wrmsr(X2APIC_ICR, ICR_NMI);
	else
		apic_self(VECTOR);
	call(HIDDEN);
	asm volatile("sti");
	guest_vmrun(v, &a->g2, &a->host_vmcb, RUN_FULL);
	expect("exit by an event of G1", v->exit_code, nmi ? EXIT_NMI : EXIT_INTR);
	expect("event under way at that exit", v->exit_int_info, 0);
	stgi();
	asm volatile("nop; cli");
	expect("events of G1", nmi ? a->nmis - nmis : a->irqs[VECTOR], 1);
	wrmsr(X2APIC_EOI, 0);
	expect("G2 behind that exit", g2_run_full(v), EXIT_VMMCALL);
	expect("events of G2", a->irqs[OTHER_VECTOR], 1);
}

/* sti; mov (%r8), %al: this level handles a fault in the shadow of STI.  G1's interrupts exit nevertheless. */
static void try_exit_in_shadow(void)
{
	struct arena *a = ARENA;
	struct vmcb *v;

	for (int i = 0; i < 2; i++) {
		v = g2_init_bytes(0, "\xfb\x41\x8a\x00\x90", 5);
		v->int_ctl = V_INTR_MASKING;
		intercept(v, EXIT_INTR, true);
		a->g2.r8 = (uint64_t)a->region[0];
		if (!i) {
			expect("G2 that sets IF", g2_run(v), EXIT_VMMCALL);
			continue;
		}
		a->irqs[VECTOR] = 0;
		clgi();
		apic_self(VECTOR);
		call(DATA_HIDDEN);
		asm volatile("sti");
		expect("exit by an interrupt of G1 behind STI of G2", g2_run(v), EXIT_INTR);
		asm volatile("nop; cli");
		expect_between("RIP at that exit", v->rip - (uint64_t)a->code, 0, 1);
		expect("interrupts of it", a->irqs[VECTOR], 1);
		wrmsr(X2APIC_EOI, 0);
	}
}

/* An NMI while G2 halts exits if G1 intercepts it, and G1 then runs. */
static const char halt_code[] =
	"\xb0\x02\xe6\xf0\x90\x0f\xa2\x90"; /* mov $2, %al; out %al, $0xf0; ... */

static void try_halted_guest(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, halt_code, 8);
	uint64_t nmis = a->nmis;

	v->int_ctl = V_INTR_MASKING;
	intercept(v, EXIT_NMI, true);
	a->argument = HALTED | NMI;
	guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
	expect("exit of a G2 that halts", v->exit_code, EXIT_NMI);
	exit_once();
	expect("NMIs while GIF is 0", a->nmis - nmis, 0);
	stgi();
	exit_once();
	expect("NMIs of a G2 that halts", a->nmis - nmis, 1);
}

/*
 * G2 is moved with the state in its VMCB: a pending virtual interrupt, and a TSC offset.  INT maps what a
 * delivery needs: QEMU reports a virtual interrupt as an exception if its delivery faults.
 *
 * mov $2, %al; out %al, $0xf0; rdtsc; mov %rdx, %rsi; int $0x43; sti; nop; cpuid; nop
 */
static const char moved_code[] = "\xb0\x02\xe6\xf0\x0f\x31\x48\x89\xd6\xcd\x43\xfb\x90\x0f\xa2\x90";

static void try_moved_guest(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, moved_code, 16);
	uint64_t offset = 1ull << 45;

	a->irqs[OTHER_VECTOR] = 0;
	v->int_ctl = V_INTR_MASKING | V_IRQ | V_PRIORITY(OTHER_VECTOR >> 4) | 3;
	v->int_vector = OTHER_VECTOR;
	v->tsc_offset = offset;
	a->argument = MOVED;
	expect("G2 that is moved", g2_run(v), EXIT_VMMCALL);
	expect("virtual interrupts of a G2 that was moved", a->irqs[OTHER_VECTOR], 1);
	expect("V_IRQ behind it", v->int_ctl & V_IRQ, 0);
	expect("virtual TPR behind it", v->int_ctl & 0xf, 3);
	expect("V_INTR_MASKING behind it", v->int_ctl & V_INTR_MASKING, V_INTR_MASKING);
	expect_between("TSC of a G2 that was moved", a->g2.rsi << 32, offset, offset + LATER);
}

static struct descriptor idt_of_g1(void)
{
	struct descriptor d;

	asm volatile("sidt %0" : "=m"(d));
	return d;
}

static struct descriptor gdt_of_g1(void)
{
	struct descriptor d;

	asm volatile("sgdt %0" : "=m"(d));
	return d;
}

/* ...; mov $0x83f, %ecx; mov $VECTOR, %eax; xor %edx, %edx; wrmsr; cpuid; nop: a self-IPI by G1's APIC */
static const char self_code[] = "\xb0\x02\xe6\xf0\xb9\x3f\x08\x00\x00\xb8\x61\x00\x00\x00\x31\xd2"
				"\x0f\x30\x0f\xa2\x90";

/* After a G2 that was moved exits, G1 has its own registers again, and G1's own IF decided on that exit. */
static void try_moved_hypervisor(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, self_code, 21);
	struct descriptor idt = idt_of_g1(), gdt = gdt_of_g1();
	uint64_t cr0 = v->cr0, cr4 = v->cr4, got;

	v->int_ctl = V_INTR_MASKING;
	v->gdtr.limit -= 8;
	v->idtr.limit -= 16;
	v->cr0 ^= 1ull << 18; /* AM */
	v->cr4 ^= 1ull << 2;  /* TSD */
	v->es.selector = v->ss.selector = 0;
	intercept(v, EXIT_INTR, true);
	a->irqs[VECTOR] = 0;
	a->argument = MOVED;
	asm volatile("mov %0, %%es; sti" ::"r"(DATA));
	guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
	asm volatile("mov %%es, %0" : "=r"(got));
	expect("exit of a G2 that was moved", v->exit_code, EXIT_INTR);
	expect("ES of G1 behind it", got & 0xffff, DATA);
	asm volatile("mov %%ss, %0" : "=r"(got));
	expect("SS of G1 behind it", got & 0xffff, DATA);
	stgi();
	exit_once();
	asm volatile("cli");
	expect("interrupts of G1 behind it", a->irqs[VECTOR], 1);
	wrmsr(X2APIC_EOI, 0);
	asm volatile("mov %%cr0, %0" : "=r"(got));
	expect("CR0 of G1 behind it", got, cr0);
	asm volatile("mov %%cr4, %0" : "=r"(got));
	expect("CR4 of G1 behind it", got, cr4);
	expect("IDTR limit of G1 behind it", idt_of_g1().limit, idt.limit);
	expect("GDTR limit of G1 behind it", gdt_of_g1().limit, gdt.limit);
	expect("IDTR base of G1 behind it", idt_of_g1().base, idt.base);
	expect("GDTR base of G1 behind it", gdt_of_g1().base, gdt.base);
}

/* 1: dec %rcx; jnz 1b; then the call once more */
static const char spin_code[] = "\xb0\x02\xe6\xf0\x48\xff\xc9\x75\xfb\xb0\x02\xe6\xf0";
#define SPIN 0x6000000ull

/* G2 spins with IF at 0 and without V_INTR_MASKING.  That concerns G1 alone: this level's ticks go on. */
static void try_spinning(void)
{
	struct vmcb *v = g2_init_bytes(0, spin_code, 13);

	ARENA->argument = WATCHED;
	ARENA->g2.rcx = SPIN;
	expect("G2 that spins", g2_run(v), EXIT_VMMCALL);
}

static void try_shut_down(void)
{
	struct vmcb *v = g2_init_bytes(0, halt_code, 8);

	ARENA->argument = SHUT_DOWN;
	expect("G2 with a triple fault that KVM found", g2_run(v), EXIT_SHUTDOWN);
}

static void try_logged(void)
{
	struct vmcb *v = g2_init_bytes(0, halt_code, 8);

	ARENA->argument = LOGGED;
	guest_vmrun(v, &ARENA->g2, &ARENA->host_vmcb, 0);
	guest_call(CALL_HOST);
	stgi();
}

/* G2 is abandoned while it runs: the launcher restores G1 to an earlier state. */
static void try_left(void)
{
	struct arena *a = ARENA;
	struct vmcb *v;

	a->argument = KEPT;
	a->answer = 0;
	guest_call(CALL_HOST); /* returns twice: the launcher restores this state once */
	if (!a->answer) {
		v = g2_init_bytes(0, halt_code, 8);
		a->answer = 1;
		a->argument = BACK;
		expect("exit of a G2 that is left", g2_run(v), 0);
	}
	a->answer = 0;
	*word((uint64_t)a->region[0] + 2 * PAGE) = GP_ERROR;
	a->small[6] = ((uint64_t)a->region[0] + 2 * PAGE) | PTE_ALL;
	asm volatile("" ::: "memory");
	expect("memory of a G1 that left its G2", *word(SMALL_WINDOW + 6 * PAGE), GP_ERROR);
	expect("page fault of it", TRY("movb (%%rcx), %%al", 0, SMALL_WINDOW + 0x7008, 0), 14);
	expect_interrupt("interrupts of it", 0, delivery_1);
	expect("another G2 of it", g2_run(g2_init_bytes(0, "\x0f\xa2\x90", 3)), EXIT_VMMCALL);
}

void case_delivery(void)
{
	struct vmcb *v;

	apic_enable();
	try_all();
	v = g2_init(0, (const void *)g2_tries_all);
	v->tlb_control = 1;
	expect("G2 with events from outside", g2_run(v), EXIT_VMMCALL);
	ARENA->eoi = false;
	try_injected();
	try_nmi_of_each();
	try_exit_behind_delivery(false);
	try_exit_behind_delivery(true);
	try_exit_in_shadow();
	try_halted_guest();
	try_moved_guest();
	try_moved_hypervisor();
	try_left();
	try_logged();
	try_shut_down();
	if (!ARENA->brief)
		try_spinning();
}

/* ---- the launcher ------------------------------------------------------------------------ */

static bool failed(struct machine *m, const char *what)
{
	machine_fail(m, "%s: %s", what, strerror(errno));
	return false;
}

/* The kernel removes the pages from KVM's tables; KVM maps them again on use. */
static bool hide(struct machine *m, const void *start, size_t bytes)
{
	void *p = (void *)start;

	if (mprotect(p, bytes, PROT_NONE) || mprotect(p, bytes, PROT_READ | PROT_WRITE))
		return failed(m, "mprotect");
	return true;
}

static bool hide_all(struct machine *m)
{
	struct arena *a = ARENA;

	return hide(m, a->idt, 2 * sizeof(a->idt)) && hide(m, a->gdt, PAGE) &&
	       hide(m, a->tss, PAGE) && hide(m, a->stack[2], 2 * sizeof(a->stack[2]));
}

static bool set_flags(struct machine *m)
{
	struct kvm_regs regs;

	if (ioctl(m->vcpu, KVM_GET_REGS, &regs))
		return failed(m, "KVM_GET_REGS");
	regs.rflags |= RFLAGS_IF;
	return !ioctl(m->vcpu, KVM_SET_REGS, &regs) || failed(m, "KVM_SET_REGS");
}

static bool set_events(struct machine *m, uint64_t what)
{
	struct kvm_vcpu_events events;

	if (ioctl(m->vcpu, KVM_GET_VCPU_EVENTS, &events))
		return failed(m, "KVM_GET_VCPU_EVENTS");
	if (what & IN_SHADOW)
		events.interrupt.shadow = KVM_X86_SHADOW_INT_STI;
	if (what & GP) {
		events.exception.injected = 1;
		events.exception.nr = 13;
		events.exception.has_error_code = 1;
		events.exception.error_code = GP_ERROR;
	}
	return !ioctl(m->vcpu, KVM_SET_VCPU_EVENTS, &events) || failed(m, "KVM_SET_VCPU_EVENTS");
}

static bool send_nmis(struct machine *m, int count)
{
	for (int i = 0; i < count; i++)
		if (ioctl(m->vcpu, KVM_NMI))
			return failed(m, "KVM_NMI");
	return true;
}

static bool halt(struct machine *m)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_HALTED };

	return !ioctl(m->vcpu, KVM_SET_MP_STATE, &state) || failed(m, "KVM_SET_MP_STATE");
}

/* Makes a signal pending: KVM_RUN finds it after the injection and before it enters the guest. */
static bool cancel(struct machine *m)
{
	struct {
		struct kvm_signal_mask head;
		uint64_t signals;
	} none = { .head.len = sizeof(none.signals) };
	bool ended;

	raise(SIGALRM);
	if (ioctl(m->vcpu, KVM_SET_SIGNAL_MASK, &none))
		return failed(m, "KVM_SET_SIGNAL_MASK");
	ended = ioctl(m->vcpu, KVM_RUN, 0) && errno == EINTR;
	if (ioctl(m->vcpu, KVM_SET_SIGNAL_MASK, NULL))
		return failed(m, "KVM_SET_SIGNAL_MASK");
	if (ended)
		return true;
	machine_fail(m, "KVM_RUN with a signal that waits: exit reason %u", m->run->exit_reason);
	return false;
}

static bool move(struct machine *m, uint64_t what)
{
	static struct machine_state kept, moved;

	if (what & KEPT)
		return !machine_save(m, &kept);
	if (what & BACK)
		return !machine_restore(m, &kept);
	return !machine_move(m, &moved);
}

#define FAST_TICK_S 0.01

/* Between two calls the guest must have run long enough for a tick. */
static bool watch(struct machine *m)
{
	static int64_t ticks;

	if (ARENA->answer) {
		ARENA->answer = 0;
		machine_tick(m->tick_s);
		if (m->ticks > ticks)
			return true;
		machine_fail(m, "no tick while G2 span with IF at 0");
		return false;
	}
	ARENA->answer = 1;
	ticks = m->ticks;
	machine_tick(FAST_TICK_S);
	return true;
}

static bool shut_down(struct machine *m)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_TRIPLE_FAULT_EVENT, .args = { 1 } };
	struct kvm_vcpu_events events;

	if (ioctl(m->vm, KVM_ENABLE_CAP, &cap))
		return failed(m, "KVM_CAP_X86_TRIPLE_FAULT_EVENT");
	if (ioctl(m->vcpu, KVM_GET_VCPU_EVENTS, &events))
		return failed(m, "KVM_GET_VCPU_EVENTS");
	events.triple_fault.pending = 1;
	return !ioctl(m->vcpu, KVM_SET_VCPU_EVENTS, &events) || failed(m, "KVM_SET_VCPU_EVENTS");
}

static bool log_arena(struct machine *m, uint32_t flags)
{
	return !machine_set_slot(m, ARENA_SLOT, flags, ARENA_BASE, ARENA, sizeof(struct arena));
}

/*
 * Between two calls only this level's KVM writes to the VMCB.  The dirty log, by which guests are
 * migrated, must say so.
 */
static bool log_writes(struct machine *m)
{
	static uint64_t bitmap[ARENA_LOG];
	bool first = !ARENA->answer;

	ARENA->answer = first;
	if (first && !log_arena(m, KVM_MEM_LOG_DIRTY_PAGES))
		return false;
	if (machine_get_log(m, ARENA_SLOT, bitmap))
		return false;
	if (first)
		return true;
	if (!machine_is_logged(bitmap, ARENA->vmcb))
		machine_fail(m, "a VMCB that KVM wrote is not in the log");
	return log_arena(m, 0) && !m->why[0];
}

bool call_delivery(struct machine *m, int reason)
{
	uint64_t what = ARENA->argument;

	(void)reason;
	machine_complete(m);
	ARENA->cases++;
	return (!(what & WITH_IF) || set_flags(m)) &&
	       (!(what & (IN_SHADOW | GP)) || set_events(m, what)) &&
	       (!(what & NMI) || send_nmis(m, 1)) && (!(what & CANCELLED) || cancel(m)) &&
	       (!(what & TWO_NMIS) || send_nmis(m, 2)) && (!(what & HALTED) || halt(m)) &&
	       (!(what & (MOVED | KEPT | BACK)) || move(m, what)) &&
	       (!(what & HIDDEN) || hide_all(m)) &&
	       (!(what & DATA_HIDDEN) || hide(m, ARENA->region[0], PAGE)) &&
	       (!(what & WATCHED) || watch(m)) && (!(what & LOGGED) || log_writes(m)) &&
	       (!(what & SHUT_DOWN) || shut_down(m));
}
