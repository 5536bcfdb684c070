// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers of G1 and of G2: each keeps its own, with values that no other level has, across exits,
 * interrupts and faults of both.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <string.h>

#define ROUNDS 12
#define CANONICAL 0x00007fffffffff00ull

/* What VMLOAD and VMSAVE switch. */
static const uint32_t msrs[] = { 0x174,	     0x175,	 0x176,	     0xc0000081, 0xc0000082,
				 0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102 };
#define MSRS (sizeof(msrs) / sizeof(*msrs))

static uint64_t *in_vmcb(struct vmcb *v, size_t i)
{
	uint64_t *const places[] = { &v->sysenter_cs,	&v->sysenter_esp, &v->sysenter_eip,
				     &v->star,		&v->lstar,	  &v->cstar,
				     &v->sfmask,	&v->fs.base,	  &v->gs.base,
				     &v->kernel_gs_base };

	return places[i];
}

static uint64_t random_for(uint32_t msr)
{
	switch (msr) {
	case 0x174:	 /* SYSENTER_CS */
	case 0xc0000084: /* SFMASK */
		return guest_random() & 0xff00;
	case 0x175: /* SYSENTER_ESP and SYSENTER_EIP: KVM keeps 32 bits when a guest is restored (svm_set_msr) */
	case 0x176:
		return guest_random() & 0xffffff00;
	}
	return guest_random() & CANONICAL;
}

/* G2 passes its registers to G1, and takes those that G1 gives it. */
static void g2_reads_and_writes(void)
{
	struct arena *a = ARENA;

	for (;;) {
		for (size_t i = 0; i < MSRS; i++) {
			a->scratch[i] = rdmsr(msrs[i]);
			wrmsr(msrs[i], a->scratch[i + 16]);
		}
		exit_once();
		vmmcall();
	}
}

static void try_msrs(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init(0, (const void *)g2_reads_and_writes);
	uint64_t mine[MSRS], before[MSRS];

	for (size_t i = 0; i < MSRS; i++) {
		before[i] = rdmsr(msrs[i]);
		*in_vmcb(v, i) = random_for(msrs[i]);
	}
	for (int round = 0; round < 3; round++) {
		uint64_t want[MSRS];

		intercept(v, 0x72, round == 1);
		for (size_t i = 0; i < MSRS; i++) {
			mine[i] = random_for(msrs[i]);
			wrmsr(msrs[i], mine[i]);
			want[i] = *in_vmcb(v, i);
			a->scratch[16 + i] = random_for(msrs[i]);
		}
		if (round == 1) {
			expect("exit by CPUID", g2_run_full(v), EXIT_CPUID);
			g2_skip(v, 2);
		}
		expect("G2 that reads its MSRs", g2_run_full(v), EXIT_VMMCALL);
		g2_skip(v, 3);
		for (size_t i = 0; i < MSRS; i++) {
			expect("an MSR that G1 gave to G2", a->scratch[i], want[i]);
			expect("an MSR that G2 wrote", *in_vmcb(v, i), a->scratch[16 + i]);
			expect("an MSR of G1 after G2 wrote its own", rdmsr(msrs[i]), mine[i]);
		}
	}
	for (size_t i = 0; i < MSRS; i++)
		wrmsr(msrs[i], before[i]);
}

/* ---- CR2 --------------------------------------------------------------------------------- */

static void g2_reads_cr2(void)
{
	for (;;) {
		asm volatile("mov %%cr2, %0" : "=r"(ARENA->answer));
		exit_once();
		asm volatile("mov %%cr2, %0" : "=r"(ARENA->scratch[0]));
		vmmcall();
	}
}

/* mov (%r8), %al: G2 faults, and its own handler skips the instruction */
static const char fault_code[] = "\x41\x8a\x00\x0f\xa2";

static void try_cr2(void)
{
	struct arena *a = ARENA;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct vmcb *v = g2_init(0, (const void *)g2_reads_cr2);
		uint64_t mine = SMALL_WINDOW + i * PAGE + 8, its = guest_random() & CANONICAL;

		expect("page fault of G1", TRY("movb (%%rcx), %%al", 0, mine, 0), 14);
		expect("address of a page fault of G1", a->trap.cr2, mine);
		v->cr2 = its;
		intercept(v, EXIT_CPUID, i & 1);
		if (i & 1) {
			expect("exit by CPUID", g2_run(v), EXIT_CPUID);
			expect("CR2 of G2 in its VMCB", v->cr2, its);
			expect("page fault of G1", TRY("movb (%%rcx), %%al", 0, mine + 16, 0), 14);
			g2_skip(v, 2);
		}
		expect("G2 that reads CR2", g2_run(v), EXIT_VMMCALL);
		expect("CR2 that G1 gave to G2", a->answer, its);
		expect("CR2 of G2 after an exit", a->scratch[0], its);
		/* G2's own faults */
		v = g2_init_bytes(0, fault_code, 5);
		a->g2.r8 = SMALL_WINDOW + 0x100000 + i * PAGE;
		a->fixup = v->rip + 3;
		expect("G2 that faults", g2_run(v), EXIT_VMMCALL);
		expect("address of a page fault of G2", a->trap.cr2,
		       SMALL_WINDOW + 0x100000 + i * PAGE);
		expect("CR2 of G2 after its fault", v->cr2, SMALL_WINDOW + 0x100000 + i * PAGE);
	}
}

/* ---- debug registers --------------------------------------------------------------------- */

static void g2_has_a_breakpoint(void)
{
	for (;;) {
		exit_once();
		vmmcall();
		asm volatile(".globl guest_breakpoint\nguest_breakpoint: nop");
	}
}
extern const uint8_t guest_breakpoint[];

static uint64_t get_dr(int n)
{
	uint64_t value = 0;

	if (n == 0)
		asm volatile("mov %%db0, %0" : "=r"(value));
	if (n == 6)
		asm volatile("mov %%db6, %0" : "=r"(value));
	if (n == 7)
		asm volatile("mov %%db7, %0" : "=r"(value));
	return value;
}

#define SET_DR(n, value) asm volatile("mov %0, %%db" #n ::"r"((uint64_t)(value)))

/* A breakpoint of G2 survives exits to G1, and hits each time; G1 has none. */
static void try_breakpoint(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init(0, (const void *)g2_has_a_breakpoint);
	uint64_t traps = a->traps;

	SET_DR(0, guest_breakpoint);
	v->dr7 = 0x402; /* DR0, execution */
	for (uint64_t i = 0; i < ROUNDS; i++) {
		intercept(v, EXIT_CPUID, i % 3 == 1);
		if (i % 3 == 1) {
			expect("exit by CPUID", g2_run(v), EXIT_CPUID);
			g2_skip(v, 2);
		}
		expect("G2 with a breakpoint", g2_run(v), EXIT_VMMCALL);
		expect("DR7 of G2 in its VMCB", v->dr7, 0x402);
		expect("DR7 of G1", get_dr(7), 0x400);
		expect("hits of a breakpoint of G2", a->traps - traps, i);
		g2_skip(v, 3);
		if (!i)
			continue;
		expect("exception of a breakpoint", a->trap.vector, 1);
		expect("address of a breakpoint", a->trap.rip, (uint64_t)guest_breakpoint);
		expect("DR6 after a breakpoint of G2", v->dr6 & 0xf, 1);
		v->dr6 = 0xffff0ff0;
	}
	v->dr7 = 0x400;
	expect("G2 without a breakpoint", g2_run(v), EXIT_VMMCALL);
	expect("hits of a breakpoint that was taken away", a->traps - traps, ROUNDS - 1);
	SET_DR(0, 0);
}

/* G2 sets its debug registers, and the VMCB gets them. */
static const char dr_code[] =
	"\x0f\x23\xf8\x0f\x23\xf3\x0f\x21\xf8"; /* dr7 = rax; dr6 = rbx; rax = dr7 */

static void try_setting_debug(void)
{
	struct vmcb *v;

	for (uint64_t i = 0; i < 4; i++) {
		v = g2_init_bytes(0, dr_code, 9);
		v->rax = 0x400 | i << 8;
		ARENA->g2.rbx = 0xffff0ff0 | i;
		expect("G2 that sets its debug registers", g2_run(v), EXIT_VMMCALL);
		expect("DR7 that G2 reads", v->rax, 0x400 | i << 8);
		expect("DR7 that G2 set", v->dr7, 0x400 | i << 8);
		expect("DR6 that G2 set", v->dr6 & 0xffff, 0x0ff0 | i);
	}
}

/* Single step of G2: an exception for each instruction. */
static void try_single_step(void)
{
	struct vmcb *v = g2_init_bytes(0, "\x90\x90\x0f\xa2\x90", 5);
	uint64_t traps = ARENA->traps;

	v->rflags |= 0x100; /* TF */
	intercept(v, EXIT_CPUID, true);
	expect("exit by CPUID in a single step", g2_run(v), EXIT_CPUID);
	expect("single steps before it", ARENA->traps - traps, 2);
	g2_skip(v, 2);
	expect("G2 in single steps", g2_run(v), EXIT_VMMCALL);
	expect("single steps in all", ARENA->traps - traps, 3);
	expect("single step in DR6", v->dr6 & 0x4000, 0x4000);
	expect("TF of G1", ARENA->trap.vector, 1);
}

/* ---- all others -------------------------------------------------------------------------- */

/*
 * All bits of XMM0 and of the general registers survive exits, both those that G1 sees and those that it
 * does not.
 */
static const char cpuid_code[] = "\x0f\xa2\x0f\x01\xd9\x90";

static void try_general(void)
{
	struct arena *a = ARENA;
	uint64_t *r = (uint64_t *)&a->g2;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t want[14];
		struct vmcb *v = g2_init_bytes(0, cpuid_code + 2, 4);

		for (int i = 0; i < 14; i++)
			r[i] = want[i] = guest_random();
		v->rax = guest_random();
		v->rflags = 0xcd7; /* all arithmetic flags */
		expect("G2 with random registers", g2_run(v), EXIT_VMMCALL);
		for (int i = 0; i < 14; i++)
			expect("a general register of G2", r[i], want[i]);
		expect("RFLAGS of G2", v->rflags, 0xcd7);
		expect("CPL of G2", v->cpl, 0);
	}
}

static void try_segments(void)
{
	struct vmcb *v = g2_init_bytes(0, "\x90", 1);
	struct vmcb_segment fs = { DATA, 0xc93, 0xffffffff, guest_random() & CANONICAL };

	v->fs = fs;
	v->gs.base = 0x1234000;
	v->ds.selector = v->es.selector = 0;
	v->gdtr.limit = 0x6f;
	v->idtr.limit = 0x2ff;
	expect("G2 with other segments", g2_run_full(v), EXIT_VMMCALL);
	expect("FS base", v->fs.base, fs.base);
	expect("GS base", v->gs.base, 0x1234000);
	expect("FS attributes", v->fs.attributes, 0xc93);
	expect("ES selector", v->es.selector, 0);
	expect("GDTR limit", v->gdtr.limit, 0x6f);
	expect("IDTR limit", v->idtr.limit, 0x2ff);
	expect("CS attributes", v->cs.attributes & 0x2ff, 0x29b);
	expect("TR selector", v->tr.selector, TASK);
	expect("EFER", v->efer, rdmsr(MSR_EFER));
	expect("CR3", v->cr3, (uint64_t)ARENA->pml4);
}

/* A field that changed is loaded if its clean bit is 0: APM volume 2, 15.15. */
static void try_clean_bits(void)
{
	struct vmcb *v = g2_init(0, (const void *)g2_reads_cr2);

	expect("G2 that reads CR2", g2_run(v), EXIT_VMMCALL);
	for (uint64_t i = 1; i < 6; i++) {
		v->clean = ~(1u << 9); /* only CR2 changed */
		v->cr2 = i << 20;
		v->rip = (uint64_t)g2_reads_cr2;
		expect("G2 with clean bits", g2_run(v), EXIT_VMMCALL);
		expect("CR2 with a clean bit of 0", ARENA->answer, i << 20);
	}
}

/* Two VMCBs that are clean run in turn: the CPU must not use for one what it cached of the other. */
static void try_two_clean(void)
{
	struct vmcb *v[2];

	for (int n = 0; n < 2; n++) {
		v[n] = g2_init(n, (const void *)g2_reads_cr2);
		v[n]->idtr.limit = 0x2ff + n * 16;
		v[n]->dr7 = 0x400 | n << 8;
		v[n]->ds.selector = n ? DATA : 0;
	}
	for (uint64_t i = 0; i < 8; i++) {
		int n = i & 1;

		v[n]->rip = (uint64_t)g2_reads_cr2;
		v[n]->clean = i < 2 ? 0 : ~(1u << 9); /* since the last run only CR2 changed */
		v[n]->cr2 = i << 20;
		expect("one of two that are clean", g2_run(v[n]), EXIT_VMMCALL);
		expect("CR2 of one of two", ARENA->answer, i << 20);
		expect("IDTR limit of one of two", v[n]->idtr.limit, 0x2ff + n * 16);
		expect("DR7 of one of two", v[n]->dr7, 0x400 | n << 8);
		expect("DS of one of two", v[n]->ds.selector, n ? DATA : 0);
	}
}

/* dr7, then cr0 to rax; sidt to a scratch page */
static const char clean_code[] = "\x0f\x21\xf8\x48\x89\xc3\x0f\x01\x0e";

/*
 * Each part that is not clean is loaded from the VMCB, whatever the other bits are: APM volume 2, table
 * 15-9.
 */
static void try_each_clean_bit(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, clean_code, 9);

	a->g2.rsi = (uint64_t)a->scratch;
	expect("G2 before its clean bits", g2_run(v), EXIT_VMMCALL);
	for (uint64_t i = 1; i < 5; i++) {
		v->rip = (uint64_t)a->code;
		v->clean = ~(1u << 6); /* debug registers */
		v->dr7 = 0x400 | i << 8;
		a->g2.rsi = (uint64_t)a->scratch;
		expect("G2 with other debug registers", g2_run(v), EXIT_VMMCALL);
		expect("DR7 that is not clean", v->rax, 0x400 | i << 8);
		v->rip = (uint64_t)a->code;
		v->clean = ~(1u << 7); /* descriptor tables */
		v->idtr.limit = 0x2ff + i;
		expect("G2 with another IDT", g2_run(v), EXIT_VMMCALL);
		expect("limit of an IDT that is not clean", a->scratch[0] & 0xffff, 0x2ff + i);
		v->rip = (uint64_t)a->code;
		v->clean = ~(1u << 8); /* segments and CPL */
		v->ds.selector = i & 1 ? DATA : 0;
		expect("G2 with another segment", g2_run(v), EXIT_VMMCALL);
		expect("DS that is not clean", v->ds.selector, i & 1 ? DATA : 0);
		v->rip = (uint64_t)a->code;
		v->clean = ~1u; /* intercepts */
		intercept(v, EXIT_DR0_READ + 7, true);
		expect("an intercept that is not clean", g2_run(v), EXIT_DR0_READ + 7);
		v->clean = ~1u;
		intercept(v, EXIT_DR0_READ + 7, false);
		expect("an intercept that was taken away", g2_run(v), EXIT_VMMCALL);
	}
}

/* G1's flags after VMRUN are those before it, not G2's. */
static void try_flags(void)
{
	struct vmcb *v;
	uint64_t flags;

	for (int carry = 0; carry < 2; carry++) {
		v = g2_init_bytes(0, "\x90", 1);
		v->rflags = carry ? 2 : 0xcd7;
		/* G2 does not change the general registers */
		asm volatile("clgi\n\tcmpl $1, %2\n\tvmrun\n\tpushf\n\tpop %0\n\tcld\n\tstgi"
			     : "=&r"(flags), "+a"(v)
			     : "r"(1 - carry)
			     : "memory", "cc");
		expect("flags of G1 behind VMRUN", flags & 0xcd5, carry ? 0x95 : 0x44);
	}
}

/* VMSAVE and VMLOAD of G2 that are not intercepted use G2's own memory and registers. */
static const char vmsave_code[] =
	"\x0f\x01\xdb\x48\x89\xd8\x0f\x01\xda"; /* vmsave; mov %rbx, %rax; vmload */

/*
 * Fills what VMLOAD and VMSAVE switch, each with a value of its own; selectors and attributes of
 * segments stay valid.
 */
static void fill_switched(struct vmcb *v)
{
	for (size_t i = 0; i < MSRS; i++)
		*in_vmcb(v, i) = random_for(msrs[i]);
	v->fs.limit = guest_random() & 0xfffff;
	v->gs.limit = guest_random() & 0xfffff;
	v->ldtr.base = guest_random() & CANONICAL;
	v->ldtr.limit = guest_random() & 0xffff;
	v->tr.limit = 0x67 + (guest_random() & 0xff);
}

static void expect_switched(const char *what, struct vmcb *got, struct vmcb *want)
{
	for (size_t i = 0; i < MSRS; i++)
		expect(what, *in_vmcb(got, i), *in_vmcb(want, i));
	expect(what, got->fs.limit, want->fs.limit);
	expect(what, got->gs.limit, want->gs.limit);
	expect(what, got->ldtr.base, want->ldtr.base);
	expect(what, got->ldtr.limit, want->ldtr.limit);
	expect(what, got->tr.limit, want->tr.limit);
	expect(what, got->tr.base, want->tr.base);
}

static void try_vmsave(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, vmsave_code, 9), *to = (struct vmcb *)a->region[2],
		    *from = to + 1, *before = to + 2;
	uint64_t kernel_gs_base = rdmsr(0xc0000102);

	memset(to, 0, PAGE);
	fill_switched(v);
	*before = *from = *v;
	fill_switched(from);
	v->rax = (uint64_t)to;
	a->g2.rbx = (uint64_t)from;
	expect("VMSAVE and VMLOAD of G2", g2_run_full(v), EXIT_VMMCALL);
	expect_switched("a register that G2 saved", to, before);
	expect_switched("a register that G2 loaded", v, from);
	expect("KERNEL_GS_BASE of G1", rdmsr(0xc0000102), kernel_gs_base);
}

/* G1's debug registers: an exit leaves DR7 without breakpoints (APM volume 2, 15.6). */
static void try_own_breakpoints(void)
{
	struct vmcb *v = g2_init_bytes(0, "\x90", 1);

	SET_DR(0, SMALL_WINDOW);
	SET_DR(7, 0x402);
	expect("G2 of a G1 with a breakpoint", g2_run(v), EXIT_VMMCALL);
	expect("DR7 of G1 behind an exit", get_dr(7), 0x400);
	SET_DR(0, 0);
}

/*
 * An instruction that KVM skips counts as a single step too.  The exception replaces the breakpoint bits
 * of DR6.
 */
static void try_step_over_cpuid(void)
{
	uint64_t traps = ARENA->traps;
	struct vmcb *v;

	SET_DR(6, 0xffff0ff1);
	asm volatile("pushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tcpuid\n\tpushq $2\n\tpopf"
		     :
		     : "a"(0), "c"(0)
		     : "rbx", "rdx", "memory", "cc");
	expect("single steps of G1 over CPUID", ARENA->traps - traps, 3);
	expect("DR6 behind them", get_dr(6), 0xffff4ff0);
	SET_DR(6, 0xffff0ff0);
	v = g2_init_bytes(0, "\x90\x0f\xa2\x90", 4);
	v->rflags |= 0x100; /* TF */
	v->dr6 |= 2;
	traps = ARENA->traps;
	expect("G2 in single steps over CPUID", g2_run(v), EXIT_VMMCALL);
	expect("single steps of G2 over CPUID", ARENA->traps - traps, 3);
	expect("DR6 of G2 behind them", v->dr6, 0xffff4ff0);
}

/* An exception that an access to debug registers raises, and one that G1 intercepts. */
static void try_debug_exceptions(void)
{
	struct arena *a = ARENA;
	uint64_t traps = a->traps;
	struct vmcb *v;

	SET_DR(7, 0x2400); /* GD: the next access is an exception, and clears it */
	expect("DR0 of G1 with DR7.GD", get_dr(0), 0);
	expect("exceptions by DR7.GD", a->traps - traps, 1);
	expect("DR6.BD", get_dr(6) & 0x2000, 0x2000);
	SET_DR(6, 0xffff0ff0);
	v = g2_init_bytes(0, "\x90\x90", 2);
	v->rflags |= 0x100;
	intercept(v, EXIT_EXCEPTION + 1, true);
	expect("a single step that G1 intercepts", g2_run(v), EXIT_EXCEPTION + 1);
	expect("RIP behind it", v->rip, (uint64_t)a->code + 1);
	expect("DR6 of G2 at it", v->dr6, 0xffff4ff0);
}

/* mov %rax, %cr3; mov %rbx, %cr4; mov %rcx, %cr0 */
static const char control_code[] = "\x0f\x22\xd8\x0f\x22\xe3\x0f\x22\xc1";
#define CR0_AM (1ull << 18)
#define CR4_TSD (1ull << 2)

/* G2 sets its control registers: its VMCB gets them, and G1's stay. */
static void try_control(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, control_code, 9);
	uint64_t cr0 = v->cr0, cr4 = v->cr4, mine;

	memcpy(a->other_pml4, a->pml4, sizeof(a->other_pml4));
	v->rax = (uint64_t)a->other_pml4;
	a->g2.rbx = cr4 ^ CR4_TSD;
	a->g2.rcx = cr0 ^ CR0_AM;
	expect("G2 that sets its control registers", g2_run(v), EXIT_VMMCALL);
	expect("CR3 that G2 set", v->cr3, (uint64_t)a->other_pml4);
	expect("CR4 that G2 set", v->cr4, cr4 ^ CR4_TSD);
	expect("CR0 that G2 set", v->cr0, cr0 ^ CR0_AM);
	asm volatile("mov %%cr3, %0" : "=r"(mine));
	expect("CR3 of G1 behind it", mine, (uint64_t)a->pml4);
	asm volatile("mov %%cr4, %0" : "=r"(mine));
	expect("CR4 of G1 behind it", mine, cr4);
	asm volatile("mov %%cr0, %0" : "=r"(mine));
	expect("CR0 of G1 behind it", mine, cr0);
}

/* mov %ax, %es; lidt (%rsi); lgdt (%rsi); mov %db6, %rbx */
static const char table_code[] = "\x8e\xc0\x0f\x01\x1e\x0f\x01\x16\x0f\x21\xf3";

/* What G2 loads reaches its VMCB, and G2 reads the DR6 of its VMCB. */
static void try_tables(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, table_code, 11);
	struct descriptor table = { 0x2ff, (uint64_t)a->gdt };

	memcpy(a->scratch, &table, sizeof(table));
	a->g2.rsi = (uint64_t)a->scratch;
	v->dr6 = 0xffff0ff6;
	expect("G2 that loads its tables", g2_run(v), EXIT_VMMCALL);
	expect("ES that G2 loaded", v->es.selector, 0);
	expect("IDTR limit that G2 loaded", v->idtr.limit, 0x2ff);
	expect("IDTR base that G2 loaded", v->idtr.base, table.base);
	expect("GDTR limit that G2 loaded", v->gdtr.limit, 0x2ff);
	expect("GDTR base that G2 loaded", v->gdtr.base, table.base);
	expect("DR6 that G1 gave to G2", a->g2.rbx, 0xffff0ff6);
	expect("DR6 of G2 in its VMCB", v->dr6, 0xffff0ff6);
}

/* wrmsr */
static void try_efer(void)
{
	struct vmcb *v = g2_init_bytes(0, "\x0f\x30", 2);
	uint64_t efer = rdmsr(MSR_EFER);

	v->rax = efer ^ 1; /* SCE */
	ARENA->g2.rcx = MSR_EFER;
	expect("G2 that sets EFER", g2_run(v), EXIT_VMMCALL);
	expect("EFER that G2 set", v->efer, efer ^ 1);
	expect("EFER of G1 behind it", rdmsr(MSR_EFER), efer);
}

/* G1 single-steps over VMRUN: the exception comes after it. */
static void try_step_over_vmrun(void)
{
	struct vmcb *v = g2_init_bytes(0, "\x90", 1);
	uint64_t traps = ARENA->traps;

	asm volatile("clgi\n\tpushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tvmrun\n\t"
		     "pushq $2\n\tpopf\n\tstgi"
		     : "+a"(v)
		     :
		     : "memory", "cc");
	expect("exit of a VMRUN in a single step", v->exit_code, EXIT_VMMCALL);
	expect("single steps of G1 over VMRUN", ARENA->traps - traps, 3);
}

void case_state(void)
{
	try_msrs();
	try_cr2();
	try_breakpoint();
	try_setting_debug();
	try_single_step();
	try_general();
	try_segments();
	try_clean_bits();
	try_two_clean();
	try_each_clean_bit();
	try_flags();
	try_vmsave();
	try_step_over_vmrun();
	try_own_breakpoints();
	try_step_over_cpuid();
	try_debug_exceptions();
	try_control();
	try_tables();
	try_efer();
}
