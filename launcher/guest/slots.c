// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The launcher adds, moves, replaces and removes memory slots, and answers accesses to addresses without a
 * slot, while its guest, or its guest's guest, uses them.
 */
#define _GNU_SOURCE
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define BASE 0x70000000ul /* the launcher has nothing there */
#define PAGES 512
#define FEW 16
#define FIRST 8	   /* pages of a slot that is in front of another */
#define WRITTEN 11 /* pages that one round of the dirty log writes */

enum step {
	NOTHING,
	ADDED,
	REMOVED,
	READ_ONLY,
	MOVED,
	SHIFTED,
	BEHIND_ANOTHER,
	DISCARDED,
	LOGGED,
	WROTE,
	LOGGED_MANUALLY,
	WROTE_MANUALLY,
	WROTE_AGAIN,
	END,
};

static uint8_t mmio_byte(uint64_t offset)
{
	return offset * 7 + (offset >> 8) + 3;
}

static uint64_t mmio_value(uint64_t offset, int size)
{
	uint64_t value = 0;

	for (int i = size - 1; i >= 0; i--)
		value = value << 8 | mmio_byte(offset + i);
	return value;
}

static uint64_t tag(int region, uint64_t page)
{
	return 0x510700000000ull + region * 0x1000000ull + page * 0x1001;
}

/* The I-th page of the slots to write: some are neighbours, some are far apart. */
static uint64_t written_page(uint64_t i)
{
	return (i * 67 + i % 3) % PAGES;
}

/* ---- the guest --------------------------------------------------------------------------- */

static uint64_t load(uint64_t address, int size)
{
	uint64_t value = 0;

	switch (size) {
	case 1:
		asm volatile("movb (%1), %b0" : "+a"(value) : "r"(address) : "memory");
		break;
	case 2:
		asm volatile("movw (%1), %w0" : "+a"(value) : "r"(address) : "memory");
		break;
	case 4:
		asm volatile("movl (%1), %k0" : "+a"(value) : "r"(address) : "memory");
		break;
	default:
		asm volatile("movq (%1), %0" : "+a"(value) : "r"(address) : "memory");
	}
	return value;
}

static void store(uint64_t address, int size, uint64_t value)
{
	switch (size) {
	case 1:
		asm volatile("movb %b0, (%1)" ::"a"(value), "r"(address) : "memory");
		break;
	case 2:
		asm volatile("movw %w0, (%1)" ::"a"(value), "r"(address) : "memory");
		break;
	case 4:
		asm volatile("movl %k0, (%1)" ::"a"(value), "r"(address) : "memory");
		break;
	default:
		asm volatile("movq %0, (%1)" ::"a"(value), "r"(address) : "memory");
	}
}

static void ask(enum step step)
{
	ARENA->argument = step;
	guest_call(CALL_HOST);
}

static uint64_t size_mask(int size)
{
	return size == 8 ? ~0ull : (1ull << size * 8) - 1;
}

/* The launcher answers a read with mmio_byte(), and expects its complement to be written. */
static void try_mmio(uint64_t base, uint64_t offset, int size)
{
	uint64_t want = mmio_value(offset, size), bytes = ARENA->answer;

	expect("read where no memory is", load(base + offset, size) & size_mask(size), want);
	expect("bytes that the launcher was asked for", ARENA->answer - bytes, size);
	store(base + offset, size, ~want);
	expect("bytes that the launcher was given", ARENA->answer - bytes, 2 * size);
}

static void try_all_mmio(uint64_t base)
{
	for (int size = 1; size <= 8; size *= 2)
		try_mmio(base, 3 * PAGE + 24 * size, size);
	try_mmio(base, 5 * PAGE - 2, 4); /* across two pages */
	try_mmio(base, 6 * PAGE - 3, 8);
}

static void expect_pages(const char *what, uint64_t base, int region, uint64_t first,
			 uint64_t count, uint64_t shift)
{
	for (uint64_t p = first; p < first + count; p++)
		expect(what, load(base + p * PAGE, 8), tag(region, p + shift));
}

static void try_slots(uint64_t base)
{
	uint64_t bytes;

	ask(NOTHING);
	try_all_mmio(base);
	ask(ADDED);
	expect_pages("memory that was added", base, 0, 0, FEW, 0);
	store(base + 2 * PAGE + 8, 8, 0x1234);
	expect("word of memory that was added", load(base + 2 * PAGE + 8, 8), 0x1234);
	try_mmio(base, FEW * PAGE + 32, 8); /* beyond the slot */
	bytes = ARENA->answer;
	expect("read over the end of memory", load(base + FEW * PAGE - 4, 8) >> 32,
	       mmio_value(FEW * PAGE, 4));
	expect("bytes of it that the launcher was asked for", ARENA->answer - bytes, 4);
	ask(REMOVED);
	try_all_mmio(base);
	ask(READ_ONLY);
	expect_pages("memory that is read-only", base, 0, 0, FEW, 0);
	bytes = ARENA->answer;
	store(base + 4 * PAGE, 8, ~mmio_value(4 * PAGE, 8));
	expect("bytes written to memory that is read-only", ARENA->answer - bytes, 8);
	expect("read-only memory after that", load(base + 4 * PAGE, 8), tag(0, 4));
	ask(MOVED);
	expect_pages("memory that was moved", base + 2 * FEW * PAGE, 0, 0, FEW, 0);
	try_mmio(base, 4 * PAGE, 8); /* where the slot was */
	ask(SHIFTED);
	expect_pages("memory that is not aligned", base, 0, 0, PAGES - 1, 1);
	expect("last page of it", load(base + (PAGES - 1) * PAGE, 8), tag(1, 0));
	ask(BEHIND_ANOTHER);
	expect_pages("memory behind another slot", base, 0, FIRST, PAGES - FIRST, 0);
	expect_pages("memory of the first of two slots", base, 1, 0, FIRST, 0);
	ask(DISCARDED);
	for (uint64_t p = FIRST; p < FIRST + FEW; p++)
		expect("memory that was discarded", load(base + p * PAGE, 8), 0);
	expect_pages("memory behind what was discarded", base, 0, FIRST + FEW, FEW, 0);
}

static void try_log(uint64_t base)
{
	ask(LOGGED);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < WRITTEN; i++)
			store(base + written_page(i + round) * PAGE + 8 * round, 8, i);
		ARENA->scratch[0] = round;
		ask(WROTE);
	}
	ask(LOGGED_MANUALLY);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < WRITTEN; i++)
			store(base + written_page(i) * PAGE + 8, 8, i + round);
		ask(round ? WROTE_AGAIN : WROTE_MANUALLY);
	}
	ask(END);
}

void case_slots(void)
{
	try_slots(BASE);
	try_log(BASE);
}

static void g2_uses_slots(void)
{
	for (;;) {
		try_slots(WINDOW);
		try_log(WINDOW);
		vmmcall();
	}
}

/* The same through nested page tables: as one page of 2 MiB, then as 4 KiB pages. */
void case_nested_slots(void)
{
	struct arena *a = ARENA;

	for (int small = 0; small < 2; small++) {
		for (uint64_t p = 0; p < PAGES; p++)
			a->npt_small[p] = (BASE + p * PAGE) | PTE_ALL;
		*npt_window() =
			small ? (uint64_t)a->npt_small | PTE_ALL : BASE | PTE_ALL | PTE_HUGE;
		expect("G2 that uses memory slots", g2_run(g2_init(0, (const void *)g2_uses_slots)),
		       EXIT_VMMCALL);
	}
}

/* ---- the launcher ------------------------------------------------------------------------ */

#define SLOT 3

static void set_slot(struct machine *m, int slot, uint32_t flags, uint64_t page, uint64_t pages,
		     void *memory)
{
	machine_set_slot(m, slot, flags, BASE + page * PAGE, memory, pages * PAGE);
}

/* Removing a slot that does not exist fails, which is not an error here. */
static void no_slots(struct machine *m)
{
	for (uint32_t slot = SLOT; slot < SLOT + 2; slot++)
		ioctl(m->vm, KVM_SET_USER_MEMORY_REGION,
		      &(struct kvm_userspace_memory_region){ .slot = slot });
}

/* Fills huge pages of this level, to find a KVM that maps its guest's memory as huge where that is wrong. */
static void fill(void)
{
	madvise(ARENA->region, sizeof(ARENA->region), MADV_HUGEPAGE);
	for (int r = 0; r < 2; r++)
		for (uint64_t p = 0; p < PAGES; p++)
			*word((uint64_t)ARENA->region[r] + p * PAGE) = tag(r, p);
	madvise(ARENA->region, sizeof(ARENA->region), MADV_COLLAPSE);
}

static uint64_t dirty[PAGES / 64];

static bool is_dirty(uint64_t page)
{
	return dirty[page / 64] >> page % 64 & 1;
}

/* The log must have what was written, and nothing else. */
static void compare_log(struct machine *m, uint64_t first)
{
	uint64_t count = 0;

	machine_get_log(m, SLOT, dirty);
	for (uint64_t p = 0; p < PAGES; p++)
		count += is_dirty(p);
	for (uint64_t i = first; i < first + WRITTEN; i++) {
		ARENA->cases++;
		if (!is_dirty(written_page(i)))
			machine_fail(m, "page %llu, which its guest wrote, is not in the dirty log",
				     (unsigned long long)written_page(i));
	}
	if (count != WRITTEN)
		machine_fail(m, "%llu pages are in the dirty log, of which %llu were written",
			     (unsigned long long)count, (unsigned long long)WRITTEN);
}

static void clear_log(struct machine *m, uint32_t pages)
{
	struct kvm_clear_dirty_log log = { .slot = SLOT,
					   .num_pages = pages,
					   .dirty_bitmap = dirty };

	if (ioctl(m->vm, KVM_CLEAR_DIRTY_LOG, &log))
		machine_fail(m, "KVM_CLEAR_DIRTY_LOG: %s", strerror(errno));
}

static void log_by_hand(struct machine *m, bool by_hand)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		.args = { by_hand ? KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
					    KVM_DIRTY_LOG_INITIALLY_SET
				  : 0 },
	};

	if (ioctl(m->vm, KVM_ENABLE_CAP, &cap))
		machine_fail(m, "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: %s", strerror(errno));
}

/* Everything is dirty at first; then the log forgets what it is told to forget, and nothing else. */
static void begin_log_by_hand(struct machine *m)
{
	no_slots(m);
	log_by_hand(m, true);
	set_slot(m, SLOT, KVM_MEM_LOG_DIRTY_PAGES, 0, PAGES, ARENA->region[0]);
	machine_get_log(m, SLOT, dirty);
	ARENA->cases++;
	for (uint64_t p = 0; p < PAGES; p++)
		if (!is_dirty(p))
			machine_fail(m, "page %llu is not in a dirty log that begins with all",
				     (unsigned long long)p);
	clear_log(m, PAGES);
}

static void take_step(struct machine *m, enum step step)
{
	struct arena *a = ARENA;

	switch (step) {
	case NOTHING:
	case REMOVED:
		no_slots(m);
		break;
	case ADDED:
		fill();
		set_slot(m, SLOT, 0, 0, FEW, a->region[0]);
		break;
	case READ_ONLY:
		set_slot(m, SLOT, KVM_MEM_READONLY, 0, FEW, a->region[0]);
		break;
	case MOVED:
		no_slots(m);
		set_slot(m, SLOT, 0, 0, FEW, a->region[0]);
		set_slot(m, SLOT, 0, 2 * FEW, FEW, a->region[0]);
		break;
	case SHIFTED:
		fill();
		no_slots(m);
		set_slot(m, SLOT, 0, 0, PAGES, a->region[0] + PAGE);
		break;
	case BEHIND_ANOTHER:
		no_slots(m);
		set_slot(m, SLOT, 0, FIRST, PAGES - FIRST, a->region[0] + FIRST * PAGE);
		set_slot(m, SLOT + 1, 0, 0, FIRST, a->region[1]);
		break;
	case DISCARDED:
		madvise(a->region[0] + FIRST * PAGE, FEW * PAGE, MADV_DONTNEED);
		break;
	case LOGGED:
		no_slots(m);
		set_slot(m, SLOT, 0, 0, PAGES, a->region[0]);
		set_slot(m, SLOT, KVM_MEM_LOG_DIRTY_PAGES, 0, PAGES, a->region[0]);
		break;
	case WROTE:
		compare_log(m, a->scratch[0]);
		break;
	case LOGGED_MANUALLY:
		begin_log_by_hand(m);
		break;
	case WROTE_MANUALLY:
		compare_log(m, 0);
		clear_log(m, PAGES / 2);
		break;
	case WROTE_AGAIN:
		compare_log(m, 0);
		break;
	case END:
		no_slots(m);
		log_by_hand(m, false);
	}
}

static void answer_mmio(struct machine *m)
{
	uint64_t offset = m->run->mmio.phys_addr - BASE;

	for (uint32_t i = 0; i < m->run->mmio.len; i++) {
		uint8_t *byte = &m->run->mmio.data[i], want = ~mmio_byte(offset + i);

		if (!m->run->mmio.is_write)
			*byte = mmio_byte(offset + i);
		else if (*byte != want)
			machine_fail(m, "its guest wrote 0x%x at 0x%llx, the launcher got 0x%x",
				     want, (unsigned long long)(m->run->mmio.phys_addr + i), *byte);
	}
	ARENA->answer += m->run->mmio.len;
}

bool call_slots(struct machine *m, int reason)
{
	if (reason == KVM_EXIT_MMIO && m->run->mmio.phys_addr - BASE < HUGE)
		answer_mmio(m);
	else if (reason == KVM_EXIT_IO)
		take_step(m, ARENA->argument);
	else
		machine_fail(m, "KVM_RUN ended with exit reason %d", reason);
	return !m->why[0];
}
