// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A G2 that is not a 64-bit kernel: real mode, protected mode with and without PAE, compatibility mode,
 * and a user program.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <string.h>

#define LOW_CODE 0x1000 /* its address in G2's memory */
#define LOW_TABLES 0x2000
#define LOW_DATA 0x3000
#define LOW_STACK 0x5000

static const struct vmcb_segment real_data = { 0, 0x93, 0xffff, 0 },
				 real_code = { 0, 0x9b, 0xffff, 0 },
				 flat_data = { DATA, 0xc93, 0xffffffff, 0 },
				 flat_code = { CODE_32, 0xc9b, 0xffffffff, 0 };

/* G2's first 2 MiB are a region of their own. */
static uint8_t *low(uint32_t address)
{
	return ARENA->region[2] + address;
}

static struct vmcb *prepare(const void *code, size_t len, const struct vmcb_segment *cs,
			    const struct vmcb_segment *ds)
{
	struct vmcb *v = g2_init(0, NULL);

	memset(low(0), 0, 0x8000);
	memcpy(low(LOW_CODE), code, len);
	ARENA->npt_pd[0][0] = (uint64_t)low(0) | PTE_ALL | PTE_HUGE;
	v->tlb_control = 1;
	v->cs = *cs;
	v->ds = v->es = v->fs = v->gs = v->ss = *ds;
	v->efer = 0x1000; /* only SVME */
	v->cr4 = 0;
	v->rip = LOW_CODE;
	v->rsp = LOW_STACK;
	v->idtr = (struct vmcb_segment){ .limit = 0x3ff };
	return v;
}

/* mov $0x1234,%ax; int $0x20; cpuid; vmmcall.  The handler, by the table at 0: mov $0x5678,%si; iret */
static const char real[] = "\xb8\x34\x12\xcd\x20\x89\xc3\x66\x31\xc0\x0f\xa2\x0f\x01\xd9";
static const char real_handler[] = "\xbe\x78\x56\xcf";

static void try_real(void)
{
	for (int i = 0; i < 3; i++) {
		struct vmcb *v = prepare(real, 15, &real_code, &real_data);

		v->cr0 = 0x10; /* ET */
		memcpy(low(0x1800), real_handler, 4);
		*(uint32_t *)low(4 * 0x20) = 0x1800;
		intercept(v, EXIT_CPUID, i == 1);
		if (i == 1) {
			expect("CPUID in real mode", g2_run(v), EXIT_CPUID);
			expect("IP in real mode", v->rip, LOW_CODE + 10);
			g2_skip(v, 2);
		}
		expect("real mode", g2_run(v), EXIT_VMMCALL);
		expect("SI of a handler in real mode", ARENA->g2.rsi & 0xffff, 0x5678);
		expect("SP in real mode", v->rsp, LOW_STACK);
	}
}

/* mov $0x12345678,%eax; mov %eax,0x3000; mov 0x3000,%ebx; push %ebx; pop %esi; xor %eax,%eax; cpuid; vmmcall */
static const char protected[] =
	"\xb8\x78\x56\x34\x12\xa3\x00\x30\x00\x00\x8b\x1d\x00\x30\x00\x00\x53\x5e"
	"\x31\xc0\x0f\xa2\x0f\x01\xd9";

static void expect_protected(struct vmcb *v, const char *what)
{
	for (int i = 0; i < 2; i++) {
		v->rip = LOW_CODE;
		intercept(v, EXIT_CPUID, i);
		if (i) {
			expect(what, g2_run(v), EXIT_CPUID);
			g2_skip(v, 2);
		}
		expect(what, g2_run(v), EXIT_VMMCALL);
		expect(what, ARENA->g2.rsi, 0x12345678);
		expect(what, *(uint32_t *)low(LOW_DATA), 0x12345678);
		*(uint32_t *)low(LOW_DATA) = 0;
	}
}

static void try_protected(void)
{
	struct vmcb *v = prepare(protected, 25, &flat_code, &flat_data);

	v->cr0 = 0x11;
	expect_protected(v, "protected mode without paging");
	/* Two levels of 4-byte entries; 4 MiB with PSE */
	v = prepare(protected, 25, &flat_code, &flat_data);
	*(uint32_t *)low(LOW_TABLES) = PTE_ALL | PTE_HUGE;
	v->cr4 = 0x10;
	v->cr3 = LOW_TABLES;
	v->cr0 = 0x80000011;
	expect_protected(v, "protected mode with 4 MiB pages");
	/* PAE: four entries at CR3, then 2 MiB pages */
	v = prepare(protected, 25, &flat_code, &flat_data);
	*(uint64_t *)low(LOW_TABLES) = (LOW_TABLES + 0x1000 + 0x3000) | PTE_PRESENT;
	*(uint64_t *)low(LOW_TABLES + 0x4000) = PTE_ALL | PTE_HUGE;
	v->cr4 = 0x20;
	v->cr3 = LOW_TABLES;
	v->cr0 = 0x80000011;
	expect_protected(v, "protected mode with PAE");
}

/* 32-bit code under 64-bit page tables */
static void try_compatibility(void)
{
	struct vmcb *v = prepare(protected, 25, &flat_code, &flat_data);

	v->efer = rdmsr(MSR_EFER);
	asm volatile("mov %%cr0, %0" : "=r"(v->cr0));
	asm volatile("mov %%cr4, %0" : "=r"(v->cr4));
	v->cr3 = (uint64_t)ARENA->pml4;
	expect_protected(v, "compatibility mode");
}

/* A user program: forbidden instructions fault, and its state does not become G1's. */
static void try_user(void)
{
	static const struct vmcb_segment user_code = { USER_64, 0xafb, 0xffffffff, 0 },
					 user_data = { USER_DATA, 0xcf3, 0xffffffff, 0 };
	struct arena *a = ARENA;
	struct vmcb *v;
	uint64_t traps;

	for (int i = 0; i < 3; i++) {
		v = g2_init_bytes(0, "\x0f\xa2\x0f\x06\x90",
				  5); /* cpuid; clts, which is not allowed to a user */
		v->cs = user_code;
		v->ss = v->ds = v->es = user_data;
		v->cpl = 3;
		traps = a->traps;
		a->fixup = v->rip + 4;
		intercept(v, EXIT_CPUID, i == 1);
		if (i == 1) {
			expect("CPUID of a user's program", g2_run(v), EXIT_CPUID);
			expect("CPL at its exit", v->cpl, 3);
			g2_skip(v, 2);
		}
		expect("a user's program", g2_run(v), EXIT_VMMCALL);
		expect("faults of a user's program", a->traps - traps, 1);
		expect("its fault", a->trap.vector, 13);
		expect("CPL behind it", v->cpl, 3);
		expect("SS behind it", v->ss.selector, USER_DATA);
	}
}

/* iretq to a user program, whose CPUID exits; then INT, whose handler exits: each exit reports its CPL. */
static void try_changing_level(void)
{
	struct vmcb *v = g2_init_bytes(0, "\x48\xcf\x0f\xa2\x90", 5);
	uint64_t *frame = (uint64_t *)(ARENA->stack[1] + 2048);
	const uint64_t to[] = { v->rip + 2, USER_64, 2, v->rsp, USER_DATA };

	memcpy(frame, to, sizeof(to));
	v->rsp = (uint64_t)frame;
	intercept(v, EXIT_CPUID, true);
	expect("CPUID behind IRET to a user's program", g2_run(v), EXIT_CPUID);
	expect("CPL behind IRET", v->cpl, 3);
	expect("CS behind IRET", v->cs.selector, USER_64);
	/* VMLOAD, STGI, CLGI: not intercepted, but still not allowed to a user */
	for (int i = 0; i < 3; i++) {
		const char *code[] = { "\x0f\x01\xda", "\x0f\x01\xdc", "\x0f\x01\xdd" };
		uint64_t traps = ARENA->traps;

		memcpy(ARENA->code + 2, code[i], 3);
		ARENA->fixup = v->rip = (uint64_t)ARENA->code + 2;
		ARENA->fixup += 3;
		expect("AMD-V's instruction of a user", g2_run(v), EXIT_VMMCALL);
		expect("faults of it", ARENA->traps - traps, 1);
		expect("its fault", ARENA->trap.vector, 13);
	}
}

/* outsb; in %dx, %al, on the interrupt controller's mask: KVM emulates the first, using G1's page tables. */
static void expect_own_view(const char *what)
{
	struct arena *a = ARENA;
	uint64_t from = SMALL_WINDOW + 5 * PAGE;
	uint8_t got, value = guest_random();

	a->small[5] = (uint64_t)a->region[1] | PTE_ALL;
	a->region[1][0] = value;
	asm volatile("outsb\n\tin %%dx, %%al" : "=a"(got), "+S"(from) : "d"(0x21) : "memory");
	expect(what, got, value);
}

/* ---- without nested paging --------------------------------------------------------------- */

/* mov (%esi), %eax; mov %eax, (%edi); outsb; in %dx, %al; vmmcall */
static const char direct[] = "\x8b\x06\x89\x07\x6e\xec";

static struct vmcb *prepare_direct(uint64_t cr4, uint64_t cr3)
{
	struct vmcb *v = g2_init_bytes(0, direct, 6);

	v->nested_ctl = 0;
	v->tlb_control = 1;
	v->cs = flat_code;
	v->ds = v->es = v->fs = v->gs = v->ss = flat_data;
	v->efer = 0x1000;
	v->cr0 = 0x80000011;
	v->cr4 = cr4;
	v->cr3 = cr3;
	ARENA->g2.rsi = WINDOW + 0x40;
	ARENA->g2.rdi = (uint64_t)ARENA->scratch;
	ARENA->g2.rdx =
		0x21; /* the interrupt controller's mask: KVM emulates outsb, using the page tables */
	return v;
}

static void expect_direct(struct vmcb *v, const char *what, uint32_t want)
{
	expect(what, g2_run(v), EXIT_VMMCALL);
	expect(what, (uint32_t)ARENA->scratch[0], want);
	expect(what, v->rax & 0xff, want & 0xff);
}

/*
 * Two sets of page tables for G2 in G1's memory, which differ in what they map at WINDOW.  In PAE mode
 * VMRUN loads the four entries of the top level.  32-bit paging has a page directory with pages of 4 MiB,
 * and one page table for WINDOW.
 */
static void try_direct(void)
{
	struct arena *a = ARENA;
	uint32_t *table[2] = { (uint32_t *)a->other_low, (uint32_t *)a->other_small };
	uint64_t *pdpt[2] = { a->other_pdpt, a->other_pml4 };

	memcpy(a->other_pd, a->pd[1], sizeof(a->other_pd));
	for (int n = 0; n < 2; n++) {
		*(uint32_t *)(a->region[n] + 0x40) = 0xc0de0010 + n;
		memset(table[n], 0, PAGE);
		memset(pdpt[n], 0, PAGE);
		for (uint32_t i = 0; i < 1024; i++)
			table[n][i] = i << 22 | PTE_ALL | PTE_HUGE;
	}
	for (int i = 0; i < 6; i++) {
		int n = i & 1;
		uint64_t *pd = n ? a->other_pd : a->pd[1];

		pd[WINDOW >> 21 & 511] = (uint64_t)a->region[n] | PTE_ALL | PTE_HUGE;
		pdpt[n][1] = (uint64_t)pd | PTE_PRESENT;
		expect_direct(prepare_direct(0x20, (uint64_t)pdpt[n]), "PAE without nested paging",
			      0xc0de0010 + n);
		/* 4 KiB pages, of which the first is that of WINDOW */
		a->npt_spare[0] = (uint32_t)(uint64_t)a->region[n] | PTE_ALL;
		table[n][WINDOW >> 22] = (uint32_t)(uint64_t)a->npt_spare | PTE_ALL;
		expect_direct(prepare_direct(0x10, (uint64_t)table[n]),
			      "32-bit paging without nested paging", 0xc0de0010 + n);
	}
	a->pd[1][WINDOW >> 21 & 511] = WINDOW | PTE_ALL | PTE_HUGE;
}

/* LMA without LME is ignored: APM volume 2, 15.5.1. */
static void try_stray_lma(void)
{
	struct vmcb *v = prepare(protected, 25, &flat_code, &flat_data);

	v->cr0 = 0x11;
	v->efer |= 0x400;
	expect_protected(v, "protected mode with EFER.LMA");
	expect_own_view("emulation for G1 behind a G2 without paging");
}

void case_modes(void)
{
	try_real();
	expect_own_view("emulation for G1 behind a G2 in real mode");
	try_protected();
	expect_own_view("emulation for G1 behind a G2 with PAE");
	try_compatibility();
	try_user();
	try_changing_level();
	try_direct();
	expect_own_view("emulation for G1 behind a G2 without nested paging");
	try_stray_lma();
}
