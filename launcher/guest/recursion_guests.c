// SPDX-License-Identifier: GPL-2.0-or-later
/* G2 and G3 of the tests of recursive SVM, and how G1 runs them */
#include "guest/recursion.h"

#include <string.h>

#define CPUID_BYTES 2

/* ---- G2 and G3 --------------------------------------------------------------------------- */

static void g2_notes(const struct vmcb *v)
{
	struct arena *a = ARENA;
	uint64_t n = a->log.count;

	if (n < LOG_SIZE) {
		a->log.code[n] = v->exit_code;
		a->log.info_2[n] = v->exit_info_2;
		a->log.event[n] = v->exit_int_info;
	}
	/* Last, because G1 looks at it, and may take the CPU back at any instruction. */
	asm volatile("" ::: "memory");
	a->log.count = n + 1;
}

/* G2 handles CPUID, faults in WINDOW and its own interrupts; it passes everything else to G1, by VMMCALL. */
void g2_main(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = &a->vmcb[1];

	for (;;) {
		guest_vmrun(v, &a->g3, NULL, RUN_WITH_GIF);
		g2_notes(v);
		v->tlb_control = 0;
		if (v->exit_code == EXIT_CPUID) {
			v->rip += CPUID_BYTES;
		} else if (v->exit_code == EXIT_NPF) {
			a->other_small[0] = MAPPED | PTE_ALL;
			v->event_inj = v->exit_int_info;
		} else if (v->exit_code != EXIT_INTR && v->exit_code != EXIT_DEADLINE) {
			g2_skip(v, v->exit_code == EXIT_VMMCALL ? 3 : 0);
			vmmcall();
		}
		stgi();
	}
}

void g2_is_moved(void)
{
	guest_call(CALL_HOST);
	g2_main();
}

void g3_exits(void)
{
	for (;;) {
		exit_once();
		ARENA->answer++;
		vmmcall();
	}
}

void g3_calls(void)
{
	for (;;) {
		guest_call(CALL_HOST);
		ARENA->answer++;
		vmmcall();
	}
}

void g3_reads(void)
{
	for (;;) {
		ARENA->answer = *word(WINDOW);
		vmmcall();
	}
}

void g3_writes(void)
{
	for (;;) {
		*word(WINDOW) = 0x77;
		vmmcall();
	}
}

void g3_reads_star(void)
{
	for (;;) {
		ARENA->answer = rdmsr(STAR);
		vmmcall();
	}
}

void g3_writes_port(void)
{
	for (;;) {
		asm volatile("outb %%al, %0" ::"i"(PORT));
		vmmcall();
	}
}

void g3_reads_tsc(void)
{
	for (;;) {
		ARENA->answer = __rdtsc();
		vmmcall();
	}
}

void g3_vmsaves(void)
{
	for (;;) {
		asm volatile("vmsave" ::"a"(WINDOW) : "memory");
		vmmcall();
	}
}

void g3_vmloads(void)
{
	for (;;) {
		asm volatile("vmload" ::"a"(WINDOW) : "memory");
		ARENA->answer = rdmsr(STAR);
		vmmcall();
	}
}

/* A word in each 2 MiB from 2 GiB on */
void g3_reads_widely(void)
{
	for (;;) {
		for (uint64_t i = 0; i < WIDE_PAGES; i++)
			ARENA->answer += *word(WIDE_BASE + i * HUGE);
		vmmcall();
	}
}

void rec_halts(void)
{
	for (;;)
		asm volatile("hlt");
}

void g3_spins(void)
{
	for (;;)
		asm volatile("");
}

void g2_calls_and_spins(void)
{
	guest_call(CALL_HOST);
	g3_spins();
}

void g3_counts(void)
{
	volatile uint64_t *answer = &ARENA->answer;

	for (;;)
		++*answer;
}

/* ---- G1 ---------------------------------------------------------------------------------- */

/* Whether VMLOAD and VMSAVE of G2 and G3 can be virtualized. */
bool rec_has_virtual_vmload(void)
{
	return svm_has(SVM_VIRTUAL_VMLOAD) || (rdmsr(MSR_RECURSION) & RECURSION_VMLOAD);
}

/* Everything that KVM may intercept in a guest, except what a recursing guest may do itself. */
static void intercept_all(struct vmcb *v)
{
	v->intercept[0] = 0xffff0111; /* CR0, CR4, CR8; writes of all */
	v->intercept[1] = 0xffffffff; /* debug registers */
	v->intercept[2] = 0xffffffff; /* exceptions */
	v->intercept[3] =
		0xfdcc802f; /* 60h to 7Fh, except VINTR and what is handled within a guest */
	v->intercept[4] = 0x00007fc3; /* 80h to 8Eh, except VMLOAD, VMSAVE, STGI and CLGI */
	if (!rec_has_virtual_vmload())
		v->intercept[4] |= 0x0000000c;
}

static void intercept_few(struct vmcb *v)
{
	static const uint8_t few[] = { EXIT_INTR, EXIT_NMI,   EXIT_CPUID,   EXIT_IOIO,
				       EXIT_MSR,  EXIT_VMRUN, EXIT_VMMCALL, EXIT_SHUTDOWN };

	for (size_t i = 0; i < sizeof(few); i++)
		intercept(v, few[i], true);
}

void rec_prepare(struct vmcb *v, bool all)
{
	(all ? intercept_all : intercept_few)(v);
	v->int_ctl = V_INTR_MASKING | V_GIF_ENABLE | V_GIF;
	v->virt_ext = VIRTUAL_VMLOAD_VMSAVE;
	v->tlb_control = FLUSH_ALL;
}

/*
 * G3's WINDOW is G2's MAPPED, which is the first page of region 0.  G2 has tables of its own, because KVM
 * would emulate a write to G1's, which it shadows.
 */
static void map_window(void)
{
	struct arena *a = ARENA;

	memcpy(a->other_low, a->npt_pd[0], sizeof(a->other_low));
	memcpy(a->other_pd, a->npt_pd[1], sizeof(a->other_pd));
	a->other_pml4[0] = (uint64_t)a->other_pdpt | PTE_ALL;
	a->other_pdpt[0] = (uint64_t)a->other_low | PTE_ALL;
	a->other_pdpt[1] = (uint64_t)a->other_pd | PTE_ALL;
	a->other_pd[WINDOW >> 21 & 511] = (uint64_t)a->other_small | PTE_ALL;
	a->other_small[0] = MAPPED | PTE_ALL;
	*npt_window() = (uint64_t)a->npt_small | PTE_ALL;
	a->npt_small[5] = (uint64_t)a->region[0] | PTE_ALL;
}

void rec_arrange(bool all, void (*g3)(void))
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init(0, (const void *)g2_main);

	rec_prepare(v, all);
	v->rec_ctl = REC_ENABLE;
	v = g2_init(1, (const void *)g3);
	rec_prepare(v, true);
	v->rsp = (uint64_t)a->region[2] + HUGE - 72;
	v->msrpm = (uint64_t)a->inner_msrpm;
	v->iopm = (uint64_t)a->inner_iopm;
	v->nested_cr3 = (uint64_t)a->other_pml4;
	map_window();
	memset(&a->g3, 0, sizeof(a->g3));
	memset(&a->log, 0, sizeof(a->log));
	memset(a->irqs, 0, sizeof(a->irqs));
	a->answer = 0;
}

/*
 * Runs G2, and by its VMRUN G3, until G1 gets an exit.  A KVM that provides the recursion ends G1's VMRUN
 * by INTR whenever user space gets the CPU (docs/recursion.md, 12), even if no interrupt is pending.  G1
 * then goes on.
 */
uint64_t rec_run(void)
{
	uint64_t code;
	int tries = 0;

	do {
		code = g2_run(outer());
		outer()->tlb_control = 0;
	} while (code == EXIT_INTR && ++tries < SLICES_MAX);
	return code;
}
