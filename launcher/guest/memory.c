// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The launcher moves a guest's memory while the guest runs: it discards and refills pages, splits and
 * collapses huge ones, write-protects, shares and copies them, also the guest's page tables, stacks and
 * interrupt table.  The guest must find everything as it left it.
 */
#define _GNU_SOURCE
#include "guest/cases.h"
#include "guest/runtime.h"
#include "lib/base.h"

#include <linux/kvm.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 60
#define ROUNDS_LEAST 18 /* enough for each kind of move */
#define ENOUGH_S 4.0
#define WORDS_LOOKED_AT 24
#define PAGES_MOVED 24
#define PAGES_WRITTEN 8 /* in each round */

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* ---- the guest --------------------------------------------------------------------------- */

static uint64_t mixed(uint64_t n)
{
	n *= 0x9e3779b97f4a7c15ull; /* 2^64 over the golden ratio */
	return n ^ n >> 31;
}

static uint64_t *random_word(uint64_t i)
{
	return word((uint64_t)ARENA->region + mixed(i) % (sizeof(ARENA->region) / 8) * 8);
}

/* Each word holds its own address and the round; a word that was never written is 0. */
static uint64_t *same_word(uint64_t i)
{
	return word((uint64_t)ARENA->region + i * 5 * PAGE + 64);
}

static void work(void)
{
	struct arena *a = ARENA;

	for (uint64_t round = 0; round < ROUNDS && !a->answer; round++) {
		uint64_t traps = a->traps;

		for (uint64_t i = 0; i < WORDS_LOOKED_AT; i++) {
			uint64_t *p = random_word(round * WORDS_LOOKED_AT + i);

			*p = (uint64_t)p ^ round;
		}
		for (uint64_t i = 0; i < PAGES_WRITTEN; i++)
			*same_word(i) = (uint64_t)same_word(i) ^ round;
		/* One exception in each round: it uses the interrupt table and the interrupt stack */
		expect("page fault where nothing is mapped",
		       TRY("movb (%%rcx), %%al", 0, SMALL_WINDOW, 0), 14);
		expect("exceptions of a round", a->traps - traps, 1);
		a->argument = round;
		guest_call(CALL_HOST);
		for (uint64_t i = 0; i < WORDS_LOOKED_AT; i++) {
			uint64_t *p = random_word(round * WORDS_LOOKED_AT + i);

			expect("a word that the guest wrote", (*p ^ (uint64_t)p) <= round, 1);
		}
	}
}

void case_memory(void)
{
	work();
}

static void g2_works(void)
{
	for (;;) {
		work();
		vmmcall();
	}
}

/* The same one level deeper: through G1's nested page tables, which are moved too. */
void case_nested_memory(void)
{
	expect("G2 whose memory is moved", g2_run(g2_init(0, (const void *)g2_works)),
	       EXIT_VMMCALL);
}

/* ---- the launcher ------------------------------------------------------------------------ */

static uint64_t state;

static uint64_t random_below(uint64_t n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % n;
}

static uint8_t *random_page(void)
{
	return (uint8_t *)ARENA_BASE + random_below(sizeof(struct arena) / PAGE) * PAGE;
}

/* The same content, in another page of memory. */
static void refill_pages(struct machine *m)
{
	uint8_t copy[PAGE];

	(void)m;
	for (int i = 0; i < PAGES_MOVED; i++) {
		uint8_t *page = random_page();

		memcpy(copy, page, PAGE);
		madvise(page, PAGE, MADV_DONTNEED);
		memcpy(page, copy, PAGE);
	}
}

/* Moves pages away and back: the same page has another page table entry in between. */
static void swap_pages(struct machine *m)
{
	(void)m;
	for (int i = 0; i < PAGES_MOVED; i++) {
		uint8_t *page = random_page();
		void *away = mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);

		if (away != MAP_FAILED)
			mremap(away, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page);
	}
}

static void split_huge_pages(struct machine *m)
{
	(void)m;
	refill_pages(m);
	madvise(ARENA, sizeof(struct arena), MADV_NOHUGEPAGE);
}

static void collapse_to_huge_pages(struct machine *m)
{
	(void)m;
	madvise(ARENA, sizeof(struct arena), MADV_HUGEPAGE);
	madvise(ARENA, sizeof(struct arena), MADV_COLLAPSE);
}

static void write_protect(struct machine *m)
{
	(void)m;
	mprotect(ARENA, sizeof(struct arena), PROT_READ);
	mprotect(ARENA, sizeof(struct arena), PROT_READ | PROT_WRITE);
}

/* Shares the memory with a child process until one of the two writes. */
static void copy_on_write(struct machine *m)
{
	pid_t child = fork();

	(void)m;
	if (!child) {
		for (size_t i = 0; i < sizeof(struct arena); i += 16 * PAGE)
			((volatile uint8_t *)ARENA_BASE)[i + 4000]++;
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void set_slot(struct machine *m, uint32_t flags, uint64_t bytes)
{
	machine_set_slot(m, ARENA_SLOT, flags, ARENA_BASE, ARENA, bytes);
}

static void remove_and_add(struct machine *m)
{
	set_slot(m, 0, 0);
	set_slot(m, 0, sizeof(struct arena));
}

static void leave(struct machine *m)
{
	(void)m;
}

static uint64_t dirty[ARENA_LOG];
static bool logging;

static void expect_dirty(struct machine *m, const uint64_t *written)
{
	ARENA->cases++;
	if (!machine_is_logged(dirty, written))
		machine_fail(m, "a page that its guest wrote is not in the dirty log");
}

/* Everything that the guest has written since the last call must be in the log. */
static void compare_log(struct machine *m, uint64_t round)
{
	if (machine_get_log(m, ARENA_SLOT, dirty))
		return;
	for (uint64_t i = 0; i < WORDS_LOOKED_AT; i++)
		expect_dirty(m, random_word(round * WORDS_LOOKED_AT + i));
	for (uint64_t i = 0; i < PAGES_WRITTEN; i++)
		expect_dirty(m, same_word(i));
}

static void log_writes(struct machine *m)
{
	set_slot(m, KVM_MEM_LOG_DIRTY_PAGES, sizeof(struct arena));
	logging = true;
}

static void log_nothing(struct machine *m)
{
	set_slot(m, 0, sizeof(struct arena));
	logging = false;
}

static void (*const moves[])(struct machine *m) = {
	refill_pages,
	swap_pages,
	split_huge_pages,
	refill_pages,
	collapse_to_huge_pages,
	write_protect,
	copy_on_write,
	log_writes,
	leave,
	leave,
	refill_pages,
	log_nothing,
	remove_and_add,
	collapse_to_huge_pages,
	log_writes,
	copy_on_write,
	log_nothing,
};

bool call_memory(struct machine *m, int reason)
{
	(void)reason;
	if (m->calls == 1) {
		logging = false;
		state = ARENA->seed;
	}
	if (logging)
		compare_log(m, ARENA->argument);
	moves[m->calls % (sizeof(moves) / sizeof(*moves))](m);
	ARENA->answer =
		m->calls >= ROUNDS_LEAST && (ARENA->brief || now_s() - m->began_s > ENOUGH_S);
	return !m->why[0];
}
