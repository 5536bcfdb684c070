// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two guests of G1, each with an ASID and page tables of its own, run in turn at the same addresses; and a
 * guest changes its own page tables.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <string.h>

#define ROUNDS 30
#define ADDRESS SMALL_WINDOW

/* G2 writes its number, always at the same address, and reads it back. */
static void g2_reads_its_own(void)
{
	for (;;) {
		ARENA->answer = *word(ADDRESS);
		*word(ADDRESS + 8) += 1;
		vmmcall();
	}
}

static void map_own(void)
{
	struct arena *a = ARENA;

	memcpy(a->other_pd, a->pd[1], sizeof(a->other_pd));
	memcpy(a->other_pdpt, a->pdpt, sizeof(a->other_pdpt));
	memcpy(a->other_small, a->small, sizeof(a->other_small));
	a->other_pml4[0] = (uint64_t)a->other_pdpt | PTE_ALL;
	a->other_pdpt[1] = (uint64_t)a->other_pd | PTE_ALL;
	a->other_pd[ADDRESS >> 21 & 511] = (uint64_t)a->other_small | PTE_ALL;
	a->small[0] = (uint64_t)a->region[0] | PTE_ALL;
	a->other_small[0] = (uint64_t)a->region[1] | PTE_ALL;
	memset(a->region[0], 0, PAGE);
	memset(a->region[1], 0, PAGE);
	*word((uint64_t)a->region[0]) = 1000;
	*word((uint64_t)a->region[1]) = 2000;
}

static void try_two(void)
{
	struct arena *a = ARENA;
	struct vmcb *v[2] = { g2_init(0, (const void *)g2_reads_its_own),
			      g2_init(1, (const void *)g2_reads_its_own) };

	v[1]->cr3 = (uint64_t)a->other_pml4;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		int which = guest_random() & 1;

		if (i % 10 == 9) { /* the page of one of them is moved */
			a->small[0] = (uint64_t)a->region[i % 20 == 9 ? 2 : 0] | PTE_ALL;
			*word(a->small[0] & ~0xfffull) = 1000 + i;
			v[0]->tlb_control = 3; /* its ASID */
		}
		expect("one of two guests", g2_run(v[which]), EXIT_VMMCALL);
		g2_skip(v[which], 3);
		v[which]->tlb_control = 0;
		expect("memory of one of two guests", a->answer,
		       which ? 2000 : *word(a->small[0] & ~0xfffull));
	}
}

/* One VMCB, another CR3: no TLB entry of the old one may be used. */
static void try_cr3(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init(0, (const void *)g2_reads_its_own);

	a->small[0] = (uint64_t)a->region[0] | PTE_ALL;
	*word((uint64_t)a->region[0]) = 1000;
	v->tlb_control = 1;
	for (int i = 0; i < 10; i++) {
		v->cr3 = (uint64_t)(i & 1 ? a->other_pml4 : a->pml4);
		expect("G2 with another CR3", g2_run(v), EXIT_VMMCALL);
		g2_skip(v, 3);
		v->tlb_control = 3;
		expect("memory by another CR3", a->answer, i & 1 ? 2000 : 1000);
	}
}

/* G2 maps another page at an address that is in its TLB, and flushes the entry. */
static void g2_moves_its_own(void)
{
	struct arena *a = ARENA;

	for (;;) {
		for (uint64_t i = 0; i < 8; i++) {
			uint64_t page = (uint64_t)a->region[1] + i * PAGE, cr3;

			a->small[3] = page | PTE_ALL;
			if (i & 1) {
				asm volatile("invlpg (%0)" ::"r"(ADDRESS + 3 * PAGE) : "memory");
			} else {
				asm volatile("mov %%cr3, %0" : "=r"(cr3));
				asm volatile("mov %0, %%cr3" ::"r"(cr3) : "memory");
			}
			a->scratch[i] = *word(ADDRESS + 3 * PAGE + 16);
			*word(ADDRESS + 3 * PAGE + 24) = i;
			exit_once();
		}
		vmmcall();
	}
}

static void try_own_tables(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init(0, (const void *)g2_moves_its_own);

	for (uint64_t i = 0; i < 8; i++)
		*word((uint64_t)a->region[1] + i * PAGE + 16) = 0x5000 + i;
	v->tlb_control = 1;
	for (int round = 0; round < 3; round++) {
		memset(a->scratch, 0, sizeof(a->scratch));
		expect("G2 that changes its page tables", g2_run(v), EXIT_VMMCALL);
		g2_skip(v, 3);
		v->tlb_control = 0;
		for (uint64_t i = 0; i < 8; i++) {
			expect("memory that G2 mapped itself", a->scratch[i], 0x5000 + i);
			expect("memory that G2 wrote there",
			       *word((uint64_t)a->region[1] + i * PAGE + 24), i);
		}
	}
}

void case_tlb(void)
{
	map_own();
	try_two();
	try_cr3();
	try_own_tables();
}
