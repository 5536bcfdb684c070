// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dirty log of a guest that is a hypervisor.  KVM itself writes the VMCB, the accessed and dirty bits
 * of nested page tables, and the memory of instructions that it emulates.  A migration of the guest must
 * copy all that.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <linux/kvm.h>
#include <string.h>

#define PAGES 512
#define ALIASES 8
#define FLUSH_ALL 1
#define MSR_STEAL_TIME 0x4b564d03
#define CPUID_KVM_FEATURES 0x40000001
#define STEAL_TIME (1u << 5)

static const char write_code[] = "\x48\x89\x1e"; /* mov %rbx, (%rsi) */
static const char insert_code[] = "\x6c";	 /* insb (%dx), (%rdi) */

static uint64_t page_of(int region, int page)
{
	return (uint64_t)ARENA->region[region] + page * PAGE;
}

/* Clears the log. */
static void begin(void)
{
	ARENA->argument = 0;
	guest_call(CALL_HOST);
}

static void expect_dirty(const char *what, const void *written)
{
	ARENA->argument = (uint64_t)written;
	guest_call(CALL_HOST);
	expect(what, ARENA->answer, 1);
}

/* Lets G2 write at an offset of the window; only registers of the VMCB change. */
static struct vmcb *writer(uint64_t offset)
{
	struct vmcb *v = g2_init_bytes(0, write_code, 3);

	ARENA->g2.rsi = WINDOW + offset;
	ARENA->g2.rbx = offset;
	v->tlb_control = FLUSH_ALL;
	return v;
}

static void map_small(void)
{
	for (int p = 0; p < PAGES; p++)
		ARENA->npt_small[p] = page_of(0, p) | PTE_ALL;
	*npt_window() = (uint64_t)ARENA->npt_small | PTE_ALL;
}

static void try_state(void)
{
	struct vmcb *v = writer(5 * PAGE);

	map_small();
	for (int round = 0; round < 3; round++) {
		v->rip = (uint64_t)ARENA->code;
		ARENA->npt_small[5] = page_of(0, 5) | PTE_ALL; /* neither accessed nor dirty */
		begin();
		expect("G2 that writes, with a dirty log", g2_run(v), EXIT_VMMCALL);
		expect_dirty("VMCB in the dirty log after an exit", v);
		v->rip = (uint64_t)ARENA->code;
		ARENA->npt_small[5] = page_of(0, 5) | PTE_ALL;
		begin();
		g2_run(v);
		expect_dirty("nested page table in the dirty log after it got a dirty bit",
			     ARENA->npt_small);
		v->rip = (uint64_t)ARENA->code;
		begin();
		g2_run(v);
		expect_dirty("page that G2 wrote in the dirty log", word(page_of(0, 5)));
	}
}

/* One page of G1 at many addresses of G2: a write through any of them must be logged for that page. */
static void try_aliases(void)
{
	map_small();
	for (int i = 0; i < ALIASES; i++)
		ARENA->npt_small[i * 3] = page_of(1, 7) | PTE_ALL;
	for (int i = 0; i < ALIASES; i++)
		expect("G2 that writes an alias", g2_run(writer(i * 3 * PAGE)), EXIT_VMMCALL);
	for (int i = 0; i < ALIASES; i++) {
		struct vmcb *v = writer(i * 3 * PAGE);

		begin();
		g2_run(v);
		expect_dirty("page that G2 wrote by an alias in the dirty log",
			     word(page_of(1, 7)));
	}
}

static void try_huge(void)
{
	static const int pages[] = { 3, 300, 3, 511 };

	*npt_window() = page_of(1, 0) | PTE_ALL | PTE_HUGE;
	for (int i = 0; i < 4; i++) {
		struct vmcb *v = writer(pages[i] * PAGE);

		begin();
		g2_run(v);
		expect_dirty("page of 2 MiB that G2 wrote in the dirty log",
			     word(page_of(1, pages[i])));
	}
}

/* Page tables that KVM shadows are write-protected: it emulates each write to them. */
static void try_tables(void)
{
	uint64_t *entry = npt_window(), old;

	for (int kind = 0; kind < 4; kind++) {
		map_small();
		expect("G2 before its tables are written", g2_run(writer(9 * PAGE)), EXIT_VMMCALL);
		begin();
		old = *entry;
		if (kind == 0)
			*(volatile uint64_t *)entry = page_of(1, 0) | PTE_ALL | PTE_HUGE;
		else if (kind == 1)
			*(volatile uint32_t *)entry = page_of(1, 0) | PTE_ALL | PTE_HUGE;
		else if (kind == 2)
			asm volatile("lock cmpxchgq %2, %0"
				     : "+m"(*entry), "+a"(old)
				     : "r"(page_of(1, 0) | PTE_ALL | PTE_HUGE)
				     : "memory");
		else
			asm volatile("lock xorq %1, %0"
				     : "+m"(*entry)
				     : "r"(old ^ (page_of(1, 0) | PTE_ALL | PTE_HUGE))
				     : "memory");
		expect_dirty("upper nested page table that G1 wrote in the dirty log", entry);
		*word(page_of(0, 9)) = *word(page_of(1, 9)) = 0;
		expect("G2 after its tables were written", g2_run(writer(9 * PAGE)), EXIT_VMMCALL);
		expect("page that the tables had before", *word(page_of(0, 9)), 0);
		expect("page that the tables have now", *word(page_of(1, 9)), 9 * PAGE);
	}
}

static void try_emulated(void)
{
	struct vmcb *v;

	map_small();
	for (int page = 20; page < 23; page++) {
		v = g2_init_bytes(0, insert_code, 1);
		v->tlb_control = FLUSH_ALL;
		ARENA->g2.rdi = WINDOW + page * PAGE;
		ARENA->g2.rdx = PIC_MASK;
		begin();
		expect("INS of G2, with a dirty log", g2_run(v), EXIT_VMMCALL);
		expect_dirty("page that INS of G2 wrote in the dirty log", word(page_of(0, page)));
		begin();
		asm volatile("insb" ::"D"(page_of(2, page)), "d"(PIC_MASK) : "memory");
		expect_dirty("page that INS wrote in the dirty log", word(page_of(2, page)));
	}
}

struct steal_time { /* Documentation/virt/kvm/x86/msr.rst */
	uint64_t steal;
	uint32_t version, flags;
	uint8_t preempted;
};

static void try_steal_time(void)
{
	volatile struct steal_time *s = (void *)word(page_of(2, 40));
	uint32_t eax = CPUID_KVM_FEATURES, ecx = 0;

	asm volatile("cpuid" : "+a"(eax), "+c"(ecx)::"ebx", "edx");
	if (!(eax & STEAL_TIME))
		return;
	memset((void *)s, 0, sizeof(*s));
	wrmsr(MSR_STEAL_TIME, (uint64_t)s | 1);
	for (int i = 0; i < 3; i++) {
		begin();
		expect("version of the steal time while its guest runs", s->version & 1, 0);
		expect("steal time was told", !!s->version, 1);
		expect("preempted while it runs", s->preempted, 0);
		expect_dirty("steal time in the dirty log", (void *)s);
	}
	wrmsr(MSR_STEAL_TIME, 0);
}

void case_log(void)
{
	begin();
	try_state();
	try_aliases();
	try_huge();
	try_tables();
	try_emulated();
	try_steal_time();
}

/* ---- the launcher ------------------------------------------------------------------------ */

bool call_log(struct machine *m, int reason)
{
	static uint64_t dirty[ARENA_LOG];

	(void)reason;
	if ((m->calls == 1 && machine_set_slot(m, ARENA_SLOT, KVM_MEM_LOG_DIRTY_PAGES, ARENA_BASE,
					       ARENA, sizeof(struct arena))) ||
	    machine_get_log(m, ARENA_SLOT, dirty))
		return false;
	if (ARENA->argument)
		ARENA->answer = machine_is_logged(dirty, word(ARENA->argument));
	return true;
}
