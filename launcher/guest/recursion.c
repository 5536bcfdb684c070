// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recursive SVM: docs/recursion.md.  G1 owns the outer VMCB, G2's, and G2 owns the inner one, G3's.  G2's
 * VMRUN does not exit.  The tests cover who gets each event in G3, what the VMCBs hold then, and what makes
 * G2's VMRUN exit after all.
 *
 * Each test runs twice.  G1's own VMRUN recurses too if its VMCB intercepts everything that KVM
 * intercepts; otherwise KVM emulates it.
 */
#include "guest/cases.h"
#include "guest/recursion.h"
#include "guest/smm.h"

#include <signal.h>
#include <string.h>

#define VECTOR 0x51
#define RFLAGS_IF 0x200ull
#define VMRUN_BYTES 3
#define SLICE 4000000ull     /* cycles until a deadline; G3 starts after a few of them */
#define FORWARD (1ull << 42) /* cycles by which the TSC is set: more than a run takes */
#define TICK_S 0.01	     /* until the first look at a guest that is to be moved while G3 runs */
#define SOME_STAR 0x23001000000000
#define BATCHES 20
#define BATCH_EXITS 20
#define CPUID_1_ECX_XSAVE (1u << 26)
#define CR4_OSXSAVE (1ull << 18)

/* What the launcher does at a call: */
enum ask {
	TAKE_INIT_BACK,
	MOVE,	      /* moves its guest to another VM */
	MOVE_WITH_G3, /* moves it when G3 has run */
	SET_TIME,     /* sets the TSC of its guest forward */
	GIVE_SMRAM    /* maps the memory of system management mode */
};

/* G3 has done its part, and G2 says so. */
static void expect_done(const char *what)
{
	expect(what, rec_run(), EXIT_VMMCALL);
	g2_skip(outer(), 3);
}

/* G2's VMRUN exits, in the state before it began. */
static void expect_vmrun(const char *what)
{
	struct vmcb *v = outer();

	expect(what, rec_run(), EXIT_VMRUN);
	expect("RAX at a VMRUN that exits", v->rax, (uint64_t)inner());
	if (svm_has(SVM_NRIPS))
		expect("NextRIP at a VMRUN that exits", v->next_rip - v->rip, VMRUN_BYTES);
	expect("REC_VMCB at a VMRUN that exits", v->rec_vmcb, 0);
}

static void expect_deep(const char *what, uint64_t code)
{
	struct vmcb *v = outer();

	expect(what, rec_run(), code);
	expect("REC_VMCB at a deep exit", v->rec_vmcb, (uint64_t)inner() | REC_VALID);
	expect("NextRIP at a deep exit", v->next_rip, 0);
	expect("EXITINTINFO at a deep exit", v->exit_int_info, 0);
	expect("what G2 was told of a deep exit", ARENA->log.count, 0);
}

static bool is_deep(void)
{
	return outer()->rec_vmcb & REC_VALID;
}

static bool has_irq(void)
{
	return ARENA->irqs[VECTOR];
}

static bool has_exit(void)
{
	return ARENA->log.count;
}

/* G1 takes the CPU back by the deadline until IS returns true; G2 and G3 go on each time. */
static void run_until(bool (*is)(void))
{
	struct vmcb *v = outer();

	for (int i = 0; i < SLICES_MAX && (!i || !is()); i++) {
		v->rec_ctl = REC_ENABLE | REC_DEADLINE;
		v->rec_deadline = __rdtsc() + SLICE;
		expect("exit of a G2 that runs on", rec_run(), EXIT_DEADLINE);
	}
	v->rec_ctl = REC_ENABLE;
	expect("what G2 was to come to", is(), true);
}

/* Stops G3 in its midst: G1 has the CPU. */
static void suspend(bool all)
{
	rec_arrange(all, g3_spins);
	run_until(is_deep);
}

static void try_instructions(bool all)
{
	struct arena *a = ARENA;

	rec_arrange(all, g3_exits);
	expect_done("G3 that executes CPUID");
	expect("exits of G3, to G2", a->log.count, 2);
	expect("the first of them", a->log.code[0], EXIT_CPUID);
	expect("the second of them", a->log.code[1], EXIT_VMMCALL);
	expect("instructions of G3 behind an exit", a->answer, 1);
	expect("GIF of G2 behind an exit of G3", outer()->int_ctl & V_GIF, 0);
	expect("REC_VMCB while G2 runs", outer()->rec_vmcb, 0);
}

static void try_rules(bool all)
{
	rec_arrange(all, g3_exits);
	outer()->rec_ctl = 0;
	expect_vmrun("VMRUN without ENABLE");
	rec_arrange(all, g3_exits);
	intercept(outer(), EXIT_RDTSC, true);
	expect_vmrun("VMRUN where G1 alone intercepts RDTSC");
	rec_arrange(all, g3_exits);
	intercept(outer(), EXIT_EXCEPTION + 5, true);
	intercept(inner(), EXIT_EXCEPTION + 5, false);
	expect_vmrun("VMRUN where G1 alone intercepts #BR");
	rec_arrange(all, g3_exits);
	intercept(inner(), EXIT_VMRUN, false);
	expect_vmrun("VMRUN where G2 does not intercept VMRUN");
	rec_arrange(all, g3_exits);
	outer()->int_ctl &= ~(V_GIF_ENABLE | V_GIF);
	expect_vmrun("VMRUN without virtual GIF");
	rec_arrange(all, g3_exits);
	inner()->int_ctl &= ~V_INTR_MASKING;
	expect_vmrun("VMRUN without V_INTR_MASKING");
	rec_arrange(all, g3_exits);
	inner()->nested_ctl = 0;
	expect_vmrun("VMRUN without nested paging");
	expect("exits of G3 without a run", ARENA->log.count, 0);
}

/* A condition of G2's VMRUN no longer holds when it is resumed. */
static void try_taking_back(bool all)
{
	uint64_t rip;

	suspend(all);
	rip = outer()->rip;
	outer()->rec_ctl = 0;
	expect_vmrun("VMRUN that is taken back without ENABLE");
	expect("RIP of a VMRUN that is taken back", outer()->rip, rip - VMRUN_BYTES);
	expect("GIF of a VMRUN that is taken back", outer()->int_ctl & V_GIF, 0);
	suspend(all);
	intercept(inner(), EXIT_CPUID, false);
	expect_vmrun("VMRUN that is taken back for CPUID");
	suspend(all);
	outer()->event_inj = INJECT_VALID | INJECT_INTR | VECTOR;
	expect("an event for a suspended G2", rec_run(), EXIT_INVALID);
}

static void try_faults(bool all)
{
	struct arena *a = ARENA;

	rec_arrange(all, g3_reads);
	*word((uint64_t)a->region[0]) = 0x1234;
	a->other_small[0] = 0;
	expect_done("G3 that reads what G2 does not map");
	expect("fault of G3 in G2's tables", a->log.code[0], EXIT_NPF);
	expect("its address, of G3", a->log.info_2[0], WINDOW);
	expect("what G3 read then", a->answer, 0x1234);

	rec_arrange(all, g3_reads);
	a->npt_small[5] = 0;
	expect_deep("G3 that reads what G1 does not map", EXIT_NPF);
	expect("address of a deep fault, of G2", outer()->exit_info_2, MAPPED);
	a->npt_small[5] = (uint64_t)a->region[0] | PTE_ALL;
	expect_done("G3 behind a deep fault");
	expect("what G3 read behind a deep fault", a->answer, 0x1234);
	expect("exits of G3 but that fault", a->log.count, 1);

	rec_arrange(all, g3_writes);
	a->npt_small[5] = (uint64_t)a->region[0] | PTE_PRESENT | PTE_USER;
	expect_deep("G3 that writes to what G1 has made read-only", EXIT_NPF);
	expect("reason of that", outer()->exit_info_1 & 7, 7); /* present, write, user */
	expect("read-only page of G3", *word((uint64_t)a->region[0]), 0x1234);
	a->npt_small[5] |= PTE_WRITE;
	expect_done("G3 that may write then");
	expect("what it wrote", *word((uint64_t)a->region[0]), 0x77);
}

/* Tables of G1 and of G2 change under G3, with the flush that their owner must ask for. */
static void try_flushes(bool all)
{
	struct arena *a = ARENA;

	rec_arrange(all, g3_reads);
	for (uint64_t i = 0; i < 12; i++) {
		uint64_t page = (uint64_t)a->region[0] + i % 3 * PAGE;

		*word(page) = 0x100 + i;
		if (i & 1) {
			a->npt_small[5] = page | PTE_ALL;
			outer()->tlb_control = FLUSH_ALL;
		} else {
			a->npt_small[6 + i] = page | PTE_ALL;
			a->other_small[0] = (WINDOW + (6 + i) * PAGE) | PTE_ALL;
			inner()->tlb_control = FLUSH_ALL;
		}
		expect_done("G3 that reads what was moved");
		expect("what it read", a->answer, 0x100 + i);
		a->other_small[0] = MAPPED | PTE_ALL;
		inner()->tlb_control = FLUSH_ALL;
	}
}

/* G3 reads one page at so many addresses that no provider keeps all the tables. */
static void try_many_tables(bool all)
{
	struct arena *a = ARENA;

	rec_arrange(all, g3_reads_widely);
	*word((uint64_t)a->region[0]) = 3;
	for (int i = 0; i < 512; i++)
		a->npt_spare[i] = (uint64_t)a->other_small | PTE_ALL;
	a->other_pdpt[2] = a->other_pdpt[3] = (uint64_t)a->npt_spare | PTE_ALL;
	for (uint64_t i = 1; i <= 2; i++) {
		expect_done("G3 that needs many tables");
		expect("the sum of what it read", a->answer, i * WIDE_PAGES * 3);
	}
	a->other_pdpt[2] = a->other_pdpt[3] = 0;
}

/* Virtualized VMLOAD and VMSAVE use an address of G3. */
static void try_vmload(bool all)
{
	struct arena *a = ARENA;
	struct vmcb *v = (struct vmcb *)a->region[0];
	uint64_t star = rdmsr(STAR);

	if (!rec_has_virtual_vmload())
		return;
	rec_arrange(all, g3_vmsaves);
	memset(v, 0, sizeof(*v));
	a->npt_small[5] = 0;
	expect_deep("VMSAVE of G3 to what G1 does not map", EXIT_NPF);
	expect("address of that, of G2", outer()->exit_info_2 & ~0xfffull, MAPPED);
	a->npt_small[5] = (uint64_t)v | PTE_ALL;
	wrmsr(STAR, SOME_STAR);
	expect_done("VMSAVE of G3");
	expect("exits of G3 with that", a->log.count, 1);
	expect("STAR as G3 saved it", v->star, SOME_STAR);

	rec_arrange(all, g3_vmloads);
	v->star = SOME_STAR + 1;
	a->other_small[0] = 0;
	expect_done("VMLOAD of G3");
	expect("fault of it in G2's tables", a->log.code[0], EXIT_NPF);
	expect("STAR as G3 loaded it", a->answer, SOME_STAR + 1);
	wrmsr(STAR, star);
}

/* An event of G3 is being delivered when its IDT turns out not to be mapped. */
static void try_event(bool all, bool deep)
{
	struct arena *a = ARENA;
	uint32_t event = INJECT_VALID | INJECT_INTR | VECTOR;

	rec_arrange(all, g3_exits);
	memcpy(a->region[0], a->idt, sizeof(a->idt));
	inner()->idtr.base = WINDOW;
	inner()->event_inj = event;
	if (deep) {
		a->npt_small[5] = 0;
		expect_deep("an IDT of G3 that G1 does not map", EXIT_NPF);
		expect("the event that waits in G3's VMCB", inner()->event_inj, event);
		a->npt_small[5] = (uint64_t)a->region[0] | PTE_ALL;
	} else {
		a->other_small[0] = 0;
	}
	expect_done("G3 that gets an event behind a fault");
	expect("events that G3 got", a->irqs[VECTOR], 1);
	if (!deep)
		expect("event that G2 found under way", a->log.event[0], event);
	expect("exits of G3 with that event", a->log.count, deep ? 2 : 3);
}

static uint8_t star_bit(void)
{
	return 1 << STAR % 4 * 2;
}

/* A map of G1 or of G2 intercepts it; if neither does, there is no exit at all. */
static void try_maps(bool all)
{
	struct arena *a = ARENA;
	size_t star = 0x800 + STAR % 0x2000 / 4; /* APM volume 2, 15.11 */

	rec_arrange(all, g3_reads_star);
	expect_done("G3 that reads an MSR of nobody's map");
	expect("exits of G3 with that", a->log.count, 1);
	rec_arrange(all, g3_reads_star);
	a->inner_msrpm[star] = star_bit();
	expect_done("G3 that reads an MSR of G2's map");
	expect("exit of it, to G2", a->log.code[0], EXIT_MSR);
	a->inner_msrpm[star] = 0;
	rec_arrange(all, g3_reads_star);
	a->msrpm[star] = star_bit();
	expect_vmrun("G3 that reads an MSR of G1's map alone");
	a->msrpm[star] = 0;

	rec_arrange(all, g3_writes_port);
	a->inner_iopm[PORT / 8] = 1 << PORT % 8;
	expect_done("G3 that writes to a port of G2's map");
	expect("exit of that, to G2", a->log.code[0], EXIT_IOIO);
	a->inner_iopm[PORT / 8] = 0;
	rec_arrange(all, g3_writes_port);
	a->iopm[PORT / 8] = 1 << PORT % 8;
	expect_vmrun("G3 that writes to a port of G1's map alone");
	a->iopm[PORT / 8] = 0;
}

static void try_interrupt(bool all, uint64_t g2_flags, uint64_t g3_flags)
{
	struct arena *a = ARENA;

	suspend(all);
	outer()->rflags = (outer()->rflags & ~RFLAGS_IF) | g2_flags;
	inner()->rflags = (inner()->rflags & ~RFLAGS_IF) | g3_flags;
	a->eoi = true;
	clgi();
	asm volatile("sti");
	apic_self(VECTOR);
	guest_vmrun(outer(), &a->g2, &a->host_vmcb, 0);
	expect("exit by an interrupt of G1 while G3 runs", outer()->exit_code, EXIT_INTR);
	expect("REC_VMCB at that exit", outer()->rec_vmcb, (uint64_t)inner() | REC_VALID);
	expect("interrupts of G1 while its GIF is 0", a->irqs[VECTOR], 0);
	stgi();
	exit_once();
	asm volatile("cli");
	expect("interrupts of G1 once its GIF is 1", a->irqs[VECTOR], 1);
	a->eoi = false;
	run_until(is_deep);
}

/* An event of G1 that is pending ends G3 by this exit, and G1's GIF stays 0. */
static void expect_event(const char *what, uint64_t code)
{
	do
		guest_vmrun(outer(), &ARENA->g2, &ARENA->host_vmcb, 0);
	while (outer()->exit_code == EXIT_INTR); /* as in rec_run() */
	expect(what, outer()->exit_code, code);
	expect("REC_VMCB at the exit by that event", outer()->rec_vmcb,
	       (uint64_t)inner() | REC_VALID);
}

static void try_nmi(bool all)
{
	struct arena *a = ARENA;
	uint64_t nmis = a->nmis;

	suspend(all);
	clgi();
	wrmsr(X2APIC_ICR, ICR_NMI);
	expect_event("exit by an NMI of G1 while G3 runs", EXIT_NMI);
	expect("NMIs of G1 while its GIF is 0", a->nmis, nmis);
	stgi();
	exit_once();
	expect("NMIs of G1", a->nmis, nmis + 1);
	run_until(is_deep);
}

static void send_smi(void)
{
	smm_prepare();
	ARENA->argument = GIVE_SMRAM;
	guest_call(CALL_HOST);
	ARENA->argument = TAKE_INIT_BACK;
	clgi();
	wrmsr(X2APIC_ICR, ICR_SMI);
}

/* An SMI is G1's too, and G1 goes on recursing behind it, although system management mode has another EFER. */
static void try_smi(bool all)
{
	suspend(all);
	send_smi();
	if (all) {
		expect_event("exit by an SMI of G1 while G3 runs", EXIT_SMI);
		expect("SMIs of G1 while its GIF is 0", smm_handled(), 0);
		stgi();
		exit_once();
	} else {
		run_until(is_deep);
	}
	expect("SMIs of G1 while G3 runs", smm_handled(), 1);
	expect("exits of G3 by that SMI", ARENA->log.count, 0);
	run_until(is_deep);
}

/*
 * An INIT is G1's, although G2 intercepts it too.  G1 intercepts too little for its own VMRUN to recurse:
 * a KVM that did not see that VMRUN would reset G1 (docs/recursion.md, 7).
 */
static void try_init(void)
{
	suspend(false);
	intercept(outer(), EXIT_INIT, true);
	clgi();
	wrmsr(X2APIC_ICR, ICR_INIT);
	expect_event("exit by an INIT of G1 while G3 runs", EXIT_INIT);
	expect("exits of G3 by that INIT", ARENA->log.count, 0);
	guest_call(CALL_HOST); /* the launcher takes the INIT back, or STGI would reset G1 */
	stgi();
	run_until(is_deep);
}

/* What VMRUN refuses in G3's state is an exit to G2, of a VMRUN that recursed. */
static void try_illegal_state(bool all)
{
	rec_arrange(all, g3_exits);
	inner()->cr3 |= 1ull << 62;
	expect_done("G3 with an illegal CR3");
	expect("its exit, to G2", ARENA->log.code[0], EXIT_INVALID);
	expect("exits of G3 with it", ARENA->log.count, 1);
}

/* A virtual interrupt of G2 becomes due while G3 runs, as soon as G2's own IF allows it. */
static void try_virtual_interrupt(bool all)
{
	struct arena *a = ARENA;

	suspend(all);
	outer()->int_ctl |= V_IRQ | V_PRIORITY(15);
	outer()->int_vector = VECTOR;
	intercept(outer(), EXIT_VINTR, true);
	run_until(is_deep);
	outer()->rflags |= RFLAGS_IF;
	expect_deep("window of G2 while G3 runs", EXIT_VINTR);
	intercept(outer(), EXIT_VINTR, false);
	run_until(has_irq);
	expect("virtual interrupts of G2", a->irqs[VECTOR], 1);
	expect("exit of G3 by it", a->log.code[0], EXIT_INTR);
}

static void try_deadline(bool all)
{
	struct vmcb *v = outer();
	uint64_t rip;

	rec_arrange(all, g3_spins);
	rip = v->rip;
	v->rec_ctl |= REC_DEADLINE;
	v->rec_deadline = __rdtsc() - 1;
	expect("a deadline that has passed", rec_run(), EXIT_DEADLINE);
	expect("RIP of G2 at it", v->rip, rip);
	suspend(all);
	v->rec_ctl |= REC_DEADLINE;
	v->rec_deadline = __rdtsc() + SLICE;
	expect_deep("a deadline of G2's VMCB while G3 runs", EXIT_DEADLINE);
	expect("time at a deadline", __rdtsc() >= v->rec_deadline, true);
	/* A virtual interrupt in G3's VMCB, while G2 runs */
	suspend(all);
	v->tsc_offset = 1ull << 44;
	inner()->rec_ctl = REC_DEADLINE;
	inner()->rec_deadline = __rdtsc() + (1ull << 44) + SLICE;
	run_until(has_exit);
	expect("exit of G3 by its deadline", ARENA->log.code[0], EXIT_DEADLINE);
}

/* A deadline wakes a guest that G1 lets halt, and a guest of that guest. */
static void try_halt(bool all)
{
	struct vmcb *v = outer();

	rec_arrange(all, rec_halts);
	intercept(v, EXIT_HLT, false);
	intercept(inner(), EXIT_HLT, false);
	run_until(is_deep);
	v->rec_ctl |= REC_DEADLINE;
	v->rec_deadline = __rdtsc() + SLICE;
	expect_deep("a deadline of G2's VMCB while G3 is halted", EXIT_DEADLINE);
	expect("time at that deadline", __rdtsc() >= v->rec_deadline, true);

	rec_arrange(all, rec_halts);
	intercept(v, EXIT_HLT, false);
	v->rip = (uint64_t)rec_halts;
	v->rec_ctl |= REC_DEADLINE;
	v->rec_deadline = __rdtsc() + SLICE;
	expect("a deadline while G2 is halted", rec_run(), EXIT_DEADLINE);
	expect("time at it", __rdtsc() >= v->rec_deadline, true);
}

static bool has_moved(void)
{
	return *(volatile uint64_t *)&ARENA->argument != MOVE_WITH_G3;
}

static bool has_counted(void)
{
	return is_deep() && ARENA->answer;
}

/* Another VM goes on with what this one was doing: with G2 behind a call, or with G3. */
static void try_move(bool all)
{
	struct vmcb *v = outer();

	ARENA->argument = MOVE;
	rec_arrange(all, g3_exits);
	v->rip = (uint64_t)g2_is_moved;
	expect_done("G2 that is moved before its VMRUN");
	expect("exits of G3 behind that", ARENA->log.count, 2);
	rec_arrange(all, g3_spins);
	v->rip = (uint64_t)g2_is_moved;
	v->rec_ctl |= REC_DEADLINE;
	v->rec_deadline = __rdtsc() + SLICE;
	expect("a deadline of G2 that is moved", rec_run(), EXIT_DEADLINE);

	/* A KVM that does not provide the recursion takes back the VMRUN of a G3 that calls. */
	rec_arrange(all, g3_calls);
	if (rec_run() != EXIT_VMRUN) {
		expect("G3 that was moved by its call", outer()->exit_code, EXIT_VMMCALL);
		expect("exits of that G3", ARENA->log.count, 1);
		expect("what it did behind its call", ARENA->answer, 1);
	}

	rec_arrange(all, g3_counts);
	ARENA->argument = MOVE_WITH_G3;
	guest_call(CALL_HOST);
	run_until(has_moved);
	ARENA->answer = 0; /* G3 counts on, once its memory is mapped again */
	run_until(has_counted);
	expect("exits of G3, which was moved", ARENA->log.count, 0);
	ARENA->argument = TAKE_INIT_BACK;
}

static void try_tsc(bool all)
{
	struct vmcb *v = outer();
	uint64_t start;

	ARENA->argument = SET_TIME;
	rec_arrange(all, g3_exits);
	v->rip = (uint64_t)g2_calls_and_spins;
	v->rec_ctl |= REC_DEADLINE;
	v->rec_deadline = __rdtsc() + FORWARD / 2;
	expect("a deadline that is passed by setting the TSC", rec_run(), EXIT_DEADLINE);
	ARENA->argument = TAKE_INIT_BACK;

	rec_arrange(all, g3_reads_tsc);
	outer()->tsc_offset = 1ull << 44;
	inner()->tsc_offset = 1ull << 45;
	start = __rdtsc();
	expect_done("G3 that reads the TSC");
	expect_between("TSC of G3 less both offsets", ARENA->answer - (3ull << 44), start,
		       __rdtsc());
}

/* The cost of one exit to G1, without a tick in between */
static uint64_t exit_cycles(void)
{
	uint64_t start, cycles, least = UINT64_MAX;

	for (int i = 0; i < BATCHES; i++) {
		start = __rdtsc();
		for (int k = 0; k < BATCH_EXITS; k++)
			exit_once();
		cycles = __rdtsc() - start;
		least = cycles < least ? cycles : least;
	}
	return least / BATCH_EXITS;
}

/*
 * G1 has set CR4.OSXSAVE but not yet written XCR0.  If KVM gave it XCR0's reset value, each exit would
 * need two XSETBV.  These exit to the level above, which has to do the same, so that one tick of a
 * level would cost exits exponential in the number of levels.
 */
static void try_xcr0(void)
{
	uint32_t eax = 1, ebx, ecx = 0, edx;
	uint64_t cr4, without;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (!(ecx & CPUID_1_ECX_XSAVE))
		return;
	without = exit_cycles();
	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	asm volatile("mov %0, %%cr4" ::"r"(cr4 | CR4_OSXSAVE));
	expect_between("cycles of an exit while XCR0 is that of the reset", exit_cycles(), 1,
		       without * 2);
	asm volatile("mov %0, %%cr4" ::"r"(cr4));
}

void case_recursion(void)
{
	uint64_t offered = rdmsr(MSR_RECURSION);

	apic_enable();
	ARENA->eoi = false;
	expect("recursion and its deadline, as they are offered", offered & 3, 3);
	wrmsr(MSR_RECURSION, 1);
	try_xcr0();
	for (int all = 1; all >= 0; all--) {
		try_instructions(all);
		try_rules(all);
		try_taking_back(all);
		try_faults(all);
		try_flushes(all);
		try_many_tables(all);
		try_vmload(all);
		try_event(all, false);
		try_event(all, true);
		try_maps(all);
		for (int flags = 0; flags < 4; flags++)
			try_interrupt(all, flags & 1 ? RFLAGS_IF : 0, flags & 2 ? RFLAGS_IF : 0);
		try_nmi(all);
		try_smi(all);
		try_virtual_interrupt(all);
		try_deadline(all);
		try_halt(all);
		try_illegal_state(all);
		try_move(all);
		try_tsc(all);
		rec_fuzz(all);
		try_instructions(all);
	}
	try_init();
}

/* ---- the launcher ------------------------------------------------------------------------ */

/* One KVM_RUN that a tick interrupts, although none interrupts a call */
static int step_for(struct machine *m, double s)
{
	sigset_t tick;
	int reason;

	sigemptyset(&tick);
	sigaddset(&tick, SIGALRM);
	machine_tick(s);
	sigprocmask(SIG_UNBLOCK, &tick, NULL);
	reason = machine_step(m);
	sigprocmask(SIG_BLOCK, &tick, NULL);
	machine_tick(m->tick_s);
	return reason;
}

/* Runs until G3 has run; then a tick most likely finds the CPU in it.  On a busy machine that takes longer. */
static int run_g3(struct machine *m)
{
	volatile uint64_t *answer = &ARENA->answer;
	int reason = 0;

	for (double s = TICK_S; !*answer && !reason && s < m->limit_s; s *= 2)
		reason = step_for(m, s);
	if (*answer && !reason)
		return 0;
	return m->why[0] ? -1 : machine_fail(m, "G3 did not run: exit reason %d", reason);
}

bool call_recursion(struct machine *m, int reason)
{
	static struct machine_state moved;
	bool wait = ARENA->argument == MOVE_WITH_G3;

	if (reason != KVM_EXIT_IO) {
		machine_fail(m, "KVM_RUN ended with exit reason %d", reason);
		return false;
	}
	if (ARENA->argument == TAKE_INIT_BACK)
		return !machine_take_init_back(m);
	if (ARENA->argument == SET_TIME)
		return !machine_set_time(m, FORWARD);
	if (ARENA->argument == GIVE_SMRAM)
		return !smm_give(m);
	if (wait && run_g3(m))
		return false;
	ARENA->argument = MOVE;
	return !machine_move(m, &moved);
}
