// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * G1 maps, unmaps and moves G2's memory, in pages of 4 KiB and of 2 MiB, while G2 reads, writes and
 * executes it.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <string.h>

#define PAGES 512
#define FLUSH_ALL 1 /* TLB_CONTROL: APM volume 2, 15.16.2 */
/* EXITINFO1 of a nested page fault: 15.25.6 */
#define NPF_PRESENT 1ull
#define NPF_WRITE 2ull
#define NPF_USER 4ull
#define NPF_RESERVED 8ull
#define NPF_FETCH 16ull
#define NPF_FINAL (1ull << 32)
#define NPF_WALK (1ull << 33)

static const char read_code[] = "\x48\x8b\x06";	 /* mov (%rsi), %rax */
static const char write_code[] = "\x48\x89\x1e"; /* mov %rbx, (%rsi) */
static const char call_code[] = "\xff\xd6";	 /* call *%rsi */

static uint64_t tag(int region, int page)
{
	return 0x5a00000000000000ull + region * 0x1000000ull + page * 0x1001ull;
}

static uint64_t page_of(int region, int page)
{
	return (uint64_t)ARENA->region[region] + page * PAGE;
}

static void fill_regions(void)
{
	for (int r = 0; r < 3; r++)
		for (int p = 0; p < PAGES; p++)
			*word(page_of(r, p) + 8 * (p & 511)) = tag(r, p);
}

/* G2 accesses one page of the window once; returns the exit code. */
static uint64_t access_page(const char *code, size_t len, int page, bool flush)
{
	struct vmcb *v = g2_init_bytes(0, code, len);

	ARENA->g2.rsi = WINDOW + page * PAGE + 8 * (page & 511);
	ARENA->g2.rbx = 0x77;
	v->tlb_control = flush ? FLUSH_ALL : 0;
	return g2_run(v);
}

static void expect_page(const char *what, int page, uint64_t want)
{
	expect(what, access_page(read_code, 3, page, true), EXIT_VMMCALL);
	expect(what, ARENA->vmcb[0].rax, want);
}

static void expect_fault(const char *what, const char *code, size_t len, int page, uint64_t info)
{
	struct vmcb *v = &ARENA->vmcb[0];
	uint64_t offset = code == call_code ? 0 : 8 * (page & 511);

	if (code == call_code) {
		v = g2_init_bytes(0, code, len);
		ARENA->g2.rsi = WINDOW + page * PAGE;
		v->tlb_control = FLUSH_ALL;
		expect(what, g2_run(v), EXIT_NPF);
	} else {
		expect(what, access_page(code, len, page, true), EXIT_NPF);
	}
	expect(what, v->exit_info_1, info);
	expect("address of a nested page fault", v->exit_info_2, WINDOW + page * PAGE + offset);
}

/* G2 reads all pages in one run. */
static void g2_reads_all(void)
{
	for (;;) {
		uint64_t sum = 0;

		for (int p = 0; p < PAGES; p++)
			sum = sum * 3 + *word(WINDOW + p * PAGE + 8 * (p & 511));
		ARENA->answer = sum;
		vmmcall();
	}
}

/* Small pages over memory that may be in huge ones: page P becomes that of region WHERE(P). */
static void map_small(int (*where)(int page), int shift)
{
	for (int p = 0; p < PAGES; p++)
		ARENA->npt_small[p] = page_of(where(p), (p + shift) % PAGES) | PTE_ALL;
	*npt_window() = (uint64_t)ARENA->npt_small | PTE_ALL;
}

static void expect_all(const char *what, int (*where)(int page), int shift)
{
	struct vmcb *v = g2_init(0, (const void *)g2_reads_all);
	uint64_t sum = 0;

	for (int p = 0; p < PAGES; p++)
		sum = sum * 3 + *word(page_of(where(p), (p + shift) % PAGES) + 8 * (p & 511));
	v->tlb_control = FLUSH_ALL;
	ARENA->answer = 0;
	expect(what, g2_run(v), EXIT_VMMCALL);
	expect(what, ARENA->answer, sum);
}

static int zero(int page)
{
	(void)page;
	return 0;
}

static int one(int page)
{
	(void)page;
	return 1;
}

static int in_turn(int page)
{
	return page & 1;
}

static void try_layouts(void)
{
	map_small(in_turn, 0);
	expect_all("4 KiB pages of two regions in turn", in_turn, 0);
	map_small(zero, 0);
	expect_all("4 KiB pages in order", zero, 0);
	map_small(in_turn, 7);
	expect_all("4 KiB pages shifted", in_turn, 7);
	*npt_window() = (uint64_t)ARENA->region[1] | PTE_ALL | PTE_HUGE;
	expect_all("a 2 MiB page", one, 0);
	*npt_window() = (uint64_t)ARENA->region[0] | PTE_ALL | PTE_HUGE;
	expect_all("another 2 MiB page", zero, 0);
	*npt_window() = (uint64_t)ARENA->npt_small | PTE_ALL;
	expect_all("4 KiB pages after a 2 MiB page", in_turn, 7);
}

static void try_moving_small(void)
{
	map_small(zero, 0);
	for (int i = 0; i < 40; i++) {
		int page = guest_random() % PAGES, region = guest_random() % 3;

		/* In use, then another, then none, then back */
		expect_page("page before it is moved", page, *word(page_of(0, page) + 8 * page));
		ARENA->npt_small[page] = page_of(region, page) | PTE_ALL;
		expect_page("page that G1 moved", page, tag(region, page));
		ARENA->npt_small[page] = 0;
		expect_fault("page that G1 unmapped", read_code, 3, page, NPF_USER | NPF_FINAL);
		ARENA->npt_small[page] = page_of(0, page) | PTE_ALL;
		expect_page("page that is back", page, tag(0, page));
	}
}

static void try_moving_huge(void)
{
	for (int i = 0; i < 12; i++) {
		int region = i % 3, page = guest_random() % PAGES;

		*npt_window() = (uint64_t)ARENA->region[region] | PTE_ALL | PTE_HUGE;
		expect_page("2 MiB that G1 moved", page, tag(region, page));
		*npt_window() = 0;
		expect_fault("2 MiB that G1 unmapped", read_code, 3, page, NPF_USER | NPF_FINAL);
	}
}

/* The same at a higher level: whole tables are replaced. */
static void try_other_root(void)
{
	struct arena *a = ARENA;
	struct vmcb *v;
	int page = 5;

	memcpy(a->npt_spare, a->npt_pd[1], sizeof(a->npt_spare));
	*npt_window() = (uint64_t)a->region[0] | PTE_ALL | PTE_HUGE;
	a->npt_spare[WINDOW >> 21 & 511] = (uint64_t)a->region[2] | PTE_ALL | PTE_HUGE;
	memcpy(a->other_pdpt, a->npt_pdpt, sizeof(a->other_pdpt));
	a->other_pdpt[1] = (uint64_t)a->npt_spare | PTE_ALL;
	a->other_pml4[0] = (uint64_t)a->other_pdpt | PTE_ALL;
	for (int i = 0; i < 6; i++) {
		v = g2_init_bytes(0, read_code, 3);
		v->nested_cr3 = (uint64_t)(i & 1 ? a->other_pml4 : a->npt_pml4);
		v->tlb_control = FLUSH_ALL;
		a->g2.rsi = WINDOW + page * PAGE + 8 * page;
		expect("read by other nested page tables", g2_run(v), EXIT_VMMCALL);
		expect("what other nested page tables map", v->rax, tag(i & 1 ? 2 : 0, page));
	}
	/* A PDPT entry changes under a root that was in use. */
	a->npt_pdpt[1] = (uint64_t)a->npt_spare | PTE_ALL;
	expect_page("1 GiB that G1 moved", page, tag(2, page));
	a->npt_pdpt[1] = (uint64_t)a->npt_pd[1] | PTE_ALL;
	expect_page("1 GiB that is back", page, tag(0, page));
}

static void try_permissions(void)
{
	struct arena *a = ARENA;
	uint64_t first = page_of(0, 9);

	map_small(zero, 0);
	a->npt_small[9] = first | PTE_PRESENT | PTE_USER;
	expect_page("read of a read-only page", 9, tag(0, 9));
	expect_fault("write to a read-only page", write_code, 3, 9,
		     NPF_PRESENT | NPF_WRITE | NPF_USER | NPF_FINAL);
	expect("read-only page after a write to it", *word(first + 72), tag(0, 9));
	a->npt_small[9] = first | PTE_ALL;
	expect("write to a page made writable", access_page(write_code, 3, 9, true), EXIT_VMMCALL);
	expect("page made writable, after a write to it", *word(first + 72), 0x77);
	a->npt_small[9] = first | PTE_ALL | PTE_NX;
	expect_fault("code of a page that may not be run", call_code, 2, 9,
		     NPF_PRESENT | NPF_USER | NPF_FETCH | NPF_FINAL);
	a->npt_small[9] =
		first | PTE_PRESENT | PTE_WRITE; /* G2's accesses count as those of a user */
	expect_fault("page that is not a user's", read_code, 3, 9,
		     NPF_PRESENT | NPF_USER | NPF_FINAL);
	a->npt_small[9] = first | PTE_ALL;
	*word(first + 72) = tag(0, 9);
}

static void try_accessed_dirty(void)
{
	struct arena *a = ARENA;

	map_small(zero, 0);
	expect_page("page whose bits are watched", 20, tag(0, 20));
	expect("accessed after a read", !!(a->npt_small[20] & PTE_ACCESSED), 1);
	expect("dirty after a read", !!(a->npt_small[20] & PTE_DIRTY), 0);
	expect("accessed without any access", !!(a->npt_small[22] & PTE_ACCESSED), 0);
	access_page(write_code, 3, 20, true);
	expect("dirty after a write", !!(a->npt_small[20] & PTE_DIRTY), 1);
	*word(page_of(0, 20) + 8 * 20) = tag(0, 20);
}

/* G2's own page tables are in memory that G1 does not map. */
static void try_walk_fault(void)
{
	struct vmcb *v;

	map_small(zero, 0);
	ARENA->npt_small[30] = 0;
	v = g2_init_bytes(0, read_code, 3);
	v->cr3 = WINDOW + 30 * PAGE;
	v->tlb_control = FLUSH_ALL;
	expect("page tables that are not mapped", g2_run(v), EXIT_NPF);
	expect("fault of a table walk", v->exit_info_1 & (NPF_FINAL | NPF_WALK), NPF_WALK);
	expect("page of the address of a table walk's fault", v->exit_info_2 & ~(PAGE - 1),
	       WINDOW + 30 * PAGE);
}

/* An upper level takes a permission away, and then gives it back. */
static void try_upper_permissions(void)
{
	struct arena *a = ARENA;
	uint64_t *const upper[] = { npt_window(), &a->npt_pdpt[1], &a->npt_pml4[0] };
	static const uint64_t without[] = { PTE_WRITE, PTE_WRITE, 0 };
	uint64_t before;

	map_small(zero, 0);
	for (int i = 0; i < 2; i++) {
		before = *upper[i];
		access_page(write_code, 3, 40, true);
		*upper[i] = before & ~without[i];
		if (!i) /* the entries above also map G2's own page tables, which the CPU writes */
			expect_fault("write that an upper level forbids", write_code, 3, 40,
				     NPF_PRESENT | NPF_WRITE | NPF_USER | NPF_FINAL);
		*upper[i] = before | PTE_NX;
		if (!i)
			expect_fault("code of which an upper level says NX", call_code, 2, 40,
				     NPF_PRESENT | NPF_USER | NPF_FETCH | NPF_FINAL);
		*upper[i] = before;
		expect("write that an upper level allows again",
		       access_page(write_code, 3, 40, true), EXIT_VMMCALL);
	}
	*word(page_of(0, 40) + 8 * 40) = tag(0, 40);
}

/* Reserved bits are set: EXITINFO1 has PRESENT and RESERVED. */
static void try_reserved(void)
{
	map_small(zero, 0);
	ARENA->npt_small[44] = page_of(0, 44) | PTE_ALL | 1ull << 51;
	expect_fault("reserved bit of a nested page table", read_code, 3, 44,
		     NPF_PRESENT | NPF_RESERVED | NPF_USER | NPF_FINAL);
	ARENA->npt_small[44] = page_of(0, 44) | PTE_ALL;
	expect_page("page without the reserved bit", 44, tag(0, 44));
}

/* A page that G2 has only read stays clean until G2 writes to it. */
static void try_dirty_later(void)
{
	struct arena *a = ARENA;

	map_small(zero, 0);
	for (int round = 0; round < 3; round++) {
		a->npt_small[50] = page_of(0, 50) | PTE_ALL;
		expect_page("page that is read", 50, round ? 0x77 : tag(0, 50));
		expect("dirty bit of a page that was read", !!(a->npt_small[50] & PTE_DIRTY), 0);
		expect("write to it", access_page(write_code, 3, 50, false), EXIT_VMMCALL);
		expect("dirty bit of a page that was written", !!(a->npt_small[50] & PTE_DIRTY), 1);
	}
	*word(page_of(0, 50) + 8 * 50) = tag(0, 50);
}

/*
 * KVM itself reads G2's memory to emulate OUTS, through both page tables.  This level's KVM emulates
 * the port PIC_MASK.
 */
#define PIC_MASK 0x21
static const char outs_code[] = "\x6e\xec"; /* outsb; in %dx, %al */

static void try_emulated_access(void)
{
	map_small(in_turn, 3);
	for (int page = 60; page < 64; page++) {
		uint8_t *there = (uint8_t *)word(page_of(page & 1, page + 3)) + 100;
		struct vmcb *v = g2_init_bytes(0, outs_code, 2);

		*there = 0xa0 | page;
		v->tlb_control = FLUSH_ALL;
		ARENA->g2.rsi = WINDOW + page * PAGE + 100;
		ARENA->g2.rdx = PIC_MASK;
		expect("OUTS of G2", g2_run(v), EXIT_VMMCALL);
		expect("what KVM read of G2's memory", v->rax & 0xff, 0xa0 | page);
	}
	/* what G1 does not map exits to G1 */
	ARENA->npt_small[70] = 0;
	ARENA->g2.rsi = 0;
	{
		struct vmcb *v = g2_init_bytes(0, outs_code, 2);

		v->tlb_control = FLUSH_ALL;
		ARENA->g2.rsi = WINDOW + 70 * PAGE + 100;
		ARENA->g2.rdx = PIC_MASK;
		expect("OUTS of what G1 does not map", g2_run(v), EXIT_NPF);
		/* KVM reports only the page */
		expect("page of that fault", v->exit_info_2 & ~(PAGE - 1), WINDOW + 70 * PAGE);
		expect("error code of that fault", v->exit_info_1, NPF_USER | NPF_FINAL);
	}
}

/*
 * KVM writes G2's memory to emulate INS.  The tables that forbid that, the guest's own or the nested
 * ones, decide who gets the fault.
 */
#define EXIT_PAGE_FAULT 0x4e
#define CR0_WP (1ull << 16)
static const char insert_code[] = "\x6c"; /* insb (%dx), (%rdi) */

static struct vmcb *inserter(uint64_t to)
{
	struct vmcb *v = g2_init_bytes(0, insert_code, 1);

	v->tlb_control = FLUSH_ALL;
	intercept(v, EXIT_PAGE_FAULT, true);
	ARENA->g2.rdi = to;
	ARENA->g2.rdx = PIC_MASK;
	return v;
}

static void try_emulated_write(void)
{
	struct arena *a = ARENA;
	struct vmcb *v;

	map_small(zero, 0);
	a->small[12] = page_of(0, 12) | PTE_PRESENT | PTE_USER;
	for (int protects = 1; protects >= 0; protects--) {
		v = inserter(SMALL_WINDOW + 12 * PAGE);
		v->cr0 = (v->cr0 & ~CR0_WP) | (protects ? CR0_WP : 0);
		expect("INS of G2 to a page that it says is read-only", g2_run(v),
		       protects ? EXIT_PAGE_FAULT : EXIT_VMMCALL);
		if (protects) {
			expect("error of that page fault", v->exit_info_1, 3);
			expect("address of that page fault", v->exit_info_2,
			       SMALL_WINDOW + 12 * PAGE);
		}
	}
	a->small[12] = 0;
	a->npt_small[13] = page_of(0, 13) | PTE_PRESENT | PTE_USER;
	v = inserter(WINDOW + 13 * PAGE);
	expect("INS of G2 to a page that G1 says is read-only", g2_run(v), EXIT_NPF);
	expect("error of that nested page fault", v->exit_info_1 & 0xff,
	       NPF_PRESENT | NPF_WRITE | NPF_USER);
	a->npt_small[13] = page_of(0, 13) | PTE_ALL;
	v = inserter(WINDOW + 13 * PAGE);
	expect("INS of G2 to a page that is writable again", g2_run(v), EXIT_VMMCALL);
	expect("dirty bit of it", !!(a->npt_small[13] & PTE_DIRTY), 1);
	fill_regions();
}

/* G1 maps memory that this level has in huge pages by 4 KiB pages, and changes one of them. */
static void try_small_over_huge(void)
{
	struct arena *a = ARENA;

	*npt_window() = (uint64_t)a->region[0] | PTE_ALL | PTE_HUGE;
	expect_all("a 2 MiB page before small ones", zero, 0);
	map_small(zero, 0);
	a->npt_small[7] = page_of(1, 7) | PTE_ALL;
	a->npt_small[9] = 0;
	expect_page("page in order", 6, tag(0, 6));
	expect_page("page out of order", 7, tag(1, 7));
	expect_fault("page that is missing", read_code, 3, 9, NPF_USER | NPF_FINAL);
	a->npt_small[6] = page_of(2, 6) | PTE_ALL;
	expect_page("page that left the order", 6, tag(2, 6));
}

/* The entry of the same directory for the N-th 2 MiB after the first. */
static uint64_t *window_entry(int n)
{
	return npt_window() + n;
}

static uint64_t read_window(int n, int page, uint64_t offset)
{
	struct vmcb *v = g2_init_bytes(0, read_code, 3);

	ARENA->g2.rsi = WINDOW + n * HUGE + page * PAGE + offset;
	v->tlb_control = FLUSH_ALL;
	expect("read by one of several tables", g2_run(v), EXIT_VMMCALL);
	return v->rax;
}

/* One table is used in two places, one of them read-only. */
static void try_shared_table(void)
{
	struct arena *a = ARENA;
	struct vmcb *v;

	map_small(zero, 0);
	*window_entry(1) = (uint64_t)a->npt_small | PTE_PRESENT | PTE_USER;
	for (int round = 0; round < 2; round++) {
		expect("write by a table that allows it", access_page(write_code, 3, 80, true),
		       EXIT_VMMCALL);
		v = g2_init_bytes(0, write_code, 3);
		a->g2.rsi = WINDOW + HUGE + 80 * PAGE;
		v->tlb_control = FLUSH_ALL;
		expect("write by the same table where it is read-only", g2_run(v), EXIT_NPF);
		expect("what that fault says", v->exit_info_1,
		       NPF_PRESENT | NPF_WRITE | NPF_USER | NPF_FINAL);
		expect("read by the same table", read_window(1, 80, 8 * 80), 0x77);
		a->npt_small[80] = page_of(round ? 0 : 1, 80) | PTE_ALL;
		*word(page_of(1, 80) + 8 * 80) = 0x77;
	}
	*window_entry(1) = 0;
	*word(page_of(0, 80) + 8 * 80) = tag(0, 80);
	*word(page_of(1, 80) + 8 * 80) = tag(1, 80);
}

/* Several tables change between two runs.  One that was taken out changes meanwhile, and is used elsewhere. */
static void try_many_tables(void)
{
	struct arena *a = ARENA;
	uint64_t *const tables[] = { a->npt_small, a->npt_spare, a->other_small, a->other_low };
	int page = 33;

	for (int t = 0; t < 4; t++) {
		for (int p = 0; p < PAGES; p++)
			tables[t][p] = page_of(0, p) | PTE_ALL;
		*window_entry(t) = (uint64_t)tables[t] | PTE_ALL;
	}
	for (int round = 0; round < 3; round++) {
		for (int t = 0; t < 4; t++)
			expect("page by one of several tables", read_window(t, page, 8 * page),
			       tag((t + round + 2) % 3 * !!round, page));
		for (int t = 0; t < 4; t++)
			tables[t][page] = page_of((t + round) % 3, page) | PTE_ALL;
	}
	*window_entry(3) = 0;
	expect("page by a table that stays", read_window(2, page, 8 * page), tag(1, page));
	tables[3][page] = page_of(0, page) | PTE_ALL;
	tables[3][page + 1] = page_of(2, page + 1) | PTE_ALL;
	*window_entry(4) = (uint64_t)tables[3] | PTE_ALL;
	expect("page by a table that is elsewhere", read_window(4, page, 8 * page), tag(0, page));
	expect("next page by it", read_window(4, page + 1, 8 * (page + 1)), tag(2, page + 1));
	for (int t = 1; t < 5; t++)
		*window_entry(t) = 0;
}

/* Writes half of an entry: the address in the lower half, or NX in the upper one. */
static void try_half_entries(void)
{
	volatile uint32_t *half = (uint32_t *)npt_window();
	uint64_t old;

	*npt_window() = (uint64_t)ARENA->region[0] | PTE_ALL | PTE_HUGE;
	expect_page("2 MiB before half of its entry is written", 11, tag(0, 11));
	half[0] = (uint32_t)((uint64_t)ARENA->region[1] | PTE_ALL | PTE_HUGE);
	expect_page("2 MiB after half of its entry was written", 11, tag(1, 11));
	old = *npt_window();
	asm volatile("lock cmpxchgq %2, %0"
		     : "+m"(*npt_window()), "+a"(old)
		     : "r"((uint64_t)ARENA->region[2] | PTE_ALL | PTE_HUGE)
		     : "memory");
	expect_page("2 MiB after its entry was exchanged", 11, tag(2, 11));
	half[0] = (uint32_t)((uint64_t)ARENA->region[1] | PTE_ALL | PTE_HUGE);
	expect_page("2 MiB after half of its entry was written again", 11, tag(1, 11));
	half[1] = 0x80000000;
	expect_fault("code of 2 MiB of which half an entry says NX", call_code, 2, 11,
		     NPF_PRESENT | NPF_USER | NPF_FETCH | NPF_FINAL);
	half[1] = 0;
	*(volatile uint8_t *)half &= ~(uint8_t)PTE_WRITE;
	expect_fault("write to 2 MiB of which a byte of the entry says read-only", write_code, 3,
		     11, NPF_PRESENT | NPF_WRITE | NPF_USER | NPF_FINAL);
	*(volatile uint8_t *)half = 0;
	expect_fault("2 MiB of which a byte of the entry says absent", read_code, 3, 11,
		     NPF_USER | NPF_FINAL);
}

/* Accessed and dirty bits at all levels, and those of neighbours, which KVM may have prefetched. */
static void try_bits_of_all(void)
{
	struct arena *a = ARENA;

	map_small(zero, 0);
	for (int p = 96; p < 112; p++)
		a->npt_small[p] = page_of(0, p) | PTE_ALL | (p & 1 ? PTE_ACCESSED : 0);
	a->npt_pdpt[1] &= ~PTE_ACCESSED;
	*npt_window() &= ~PTE_ACCESSED;
	expect_page("page whose bits are watched", 101, tag(0, 101));
	expect("accessed bit of the directory", !!(*npt_window() & PTE_ACCESSED), 1);
	expect("accessed bit of the table of directories", !!(a->npt_pdpt[1] & PTE_ACCESSED), 1);
	for (int p = 96; p < 112; p++) {
		expect("accessed bit of a neighbour", !!(a->npt_small[p] & PTE_ACCESSED), p & 1);
		expect("dirty bit of a neighbour", !!(a->npt_small[p] & PTE_DIRTY), 0);
	}
	expect_page("neighbour whose bits are watched", 102, tag(0, 102));
	expect("accessed bit of a neighbour that was read", !!(a->npt_small[102] & PTE_ACCESSED),
	       1);
	for (int p = 96; p < 112; p++) {
		expect("write to a neighbour", access_page(write_code, 3, p, true), EXIT_VMMCALL);
		expect("dirty bit of a neighbour that was written", !!(a->npt_small[p] & PTE_DIRTY),
		       1);
		expect("accessed bit of it", !!(a->npt_small[p] & PTE_ACCESSED), 1);
		*word(page_of(0, p) + 8 * p) = tag(0, p);
	}
	/* 2 MiB have a dirty bit of their own */
	*npt_window() = (uint64_t)a->region[1] | PTE_ALL | PTE_HUGE;
	expect_page("2 MiB whose bits are watched", 70, tag(1, 70));
	expect("bits of 2 MiB that were read", *npt_window() & (PTE_ACCESSED | PTE_DIRTY),
	       PTE_ACCESSED);
	access_page(write_code, 3, 71, true);
	expect("bits of 2 MiB that were written", *npt_window() & (PTE_ACCESSED | PTE_DIRTY),
	       PTE_ACCESSED | PTE_DIRTY);
	*word(page_of(1, 71) + 8 * 71) = tag(1, 71);
}

/* A permission is taken away, and the rest of the entry stays. */
static void try_revoke(void)
{
	static const uint64_t bits = PTE_ACCESSED | PTE_DIRTY;
	uint64_t *entry = &ARENA->npt_small[46], all = page_of(0, 46) | PTE_ALL | bits;

	for (int round = 0; round < 2; round++) {
		map_small(zero, 0);
		*entry = all;
		expect("write before that is forbidden", access_page(write_code, 3, 46, true),
		       EXIT_VMMCALL);
		*entry = all & ~PTE_WRITE;
		expect_fault("write after that was forbidden", write_code, 3, 46,
			     NPF_PRESENT | NPF_WRITE | NPF_USER | NPF_FINAL);
		*entry = all | PTE_NX;
		expect_page("page that may not be run any more", 46, 0x77);
		expect_fault("code after that was forbidden", call_code, 2, 46,
			     NPF_PRESENT | NPF_USER | NPF_FETCH | NPF_FINAL);
		*entry = all & ~PTE_USER;
		expect_fault("page that is a user's no more", read_code, 3, 46,
			     NPF_PRESENT | NPF_USER | NPF_FINAL);
		*word(page_of(0, 46) + 8 * 46) = tag(0, 46);
	}
}

/* A table that lies in a huge page of this level. */
static void try_table_in_huge(void)
{
	struct arena *a = ARENA;
	uint64_t *table = word(page_of(2, 17));

	for (int p = 0; p < PAGES; p++)
		*word(page_of(2, p) + 2048) = p;
	for (int p = 0; p < PAGES; p++)
		table[p] = page_of(0, p) | PTE_ALL;
	*npt_window() = (uint64_t)table | PTE_ALL;
	for (int round = 0; round < 6; round++) {
		int region = round & 1;

		*word(page_of(2, 100 + round) + 1024) = round;
		table[50 + round / 2] = page_of(region, 50 + round / 2) | PTE_ALL;
		expect_page("page by a table in huge memory", 50 + round / 2,
			    tag(region, 50 + round / 2));
	}
	*npt_window() = (uint64_t)a->npt_small | PTE_ALL;
	memset(table, 0, PAGE);
	fill_regions();
}

/* While the hypervisor's EFER.NXE is 0, NX is a reserved bit in its nested page tables. */
static void try_no_nx(void)
{
	uint64_t efer = rdmsr(MSR_EFER);

	map_small(zero, 0);
	ARENA->npt_small[44] = page_of(0, 44) | PTE_ALL | PTE_NX;
	for (int round = 0; round < 2; round++) {
		expect_page("page of which an entry says NX", 44, tag(0, 44));
		wrmsr(MSR_EFER, efer & ~0x800ull);
		expect_fault("NX without EFER.NXE", read_code, 3, 44,
			     NPF_PRESENT | NPF_RESERVED | NPF_USER | NPF_FINAL);
		wrmsr(MSR_EFER, efer);
	}
}

/* The hypervisor's own page tables and its guest's nested ones share a table, which both use and write. */
static void try_own_table(void)
{
	struct arena *a = ARENA;
	uint64_t *mine = &a->pd[SMALL_WINDOW >> 30][(SMALL_WINDOW >> 21 & 511) + 1];

	map_small(zero, 0);
	*mine = (uint64_t)a->npt_small | PTE_ALL;
	for (int round = 0; round < 4; round++) {
		int region = round % 3;

		a->npt_small[55] = page_of(region, 55) | PTE_ALL;
		asm volatile("invlpg (%0)" ::"r"(SMALL_WINDOW + HUGE + 55 * PAGE) : "memory");
		expect("page by a table that is its guest's too",
		       *word(SMALL_WINDOW + HUGE + 55 * PAGE + 8 * 55), tag(region, 55));
		expect_page("page by a table that is its hypervisor's too", 55, tag(region, 55));
	}
	*mine = 0;
	asm volatile("mov %%cr3, %%rax\n\tmov %%rax, %%cr3" ::: "rax", "memory");
}

void case_npt(void)
{
	fill_regions();
	try_layouts();
	try_moving_small();
	try_moving_huge();
	try_other_root();
	try_permissions();
	try_accessed_dirty();
	try_walk_fault();
	try_upper_permissions();
	try_reserved();
	try_dirty_later();
	try_emulated_access();
	try_emulated_write();
	try_small_over_huge();
	try_shared_table();
	try_many_tables();
	try_half_entries();
	try_bits_of_all();
	try_revoke();
	try_table_in_huge();
	try_no_nx();
	try_own_table();
}
