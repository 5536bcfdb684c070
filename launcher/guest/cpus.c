// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread that runs a guest moves to another CPU of its level at each call.  What the guest changed on
 * one CPU must be there on the next: neither KVM nor the CPU may use stale state that they cached there.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#define ROUNDS 12
#define ADDRESS (SMALL_WINDOW + 11 * PAGE)
#define MSR_LSTAR 0xc0000082

static void set_dr0(uint64_t value)
{
	asm volatile("mov %0, %%db0" ::"r"(value));
}

static uint64_t get_dr0(void)
{
	uint64_t value;

	asm volatile("mov %%db0, %0" : "=r"(value));
	return value;
}

static void expect_selector(const char *what, uint16_t want)
{
	uint64_t got;

	asm volatile("mov %%es, %0" : "=r"(got));
	expect(what, got & 0xffff, want);
}

/* Everything that a VMCB has clean bits for, and a page that is mapped elsewhere. */
static void change_and_move(uint64_t round)
{
	struct arena *a = ARENA;
	struct descriptor idt = { sizeof(a->idt) - 1 - 16 * (round % 5), (uint64_t)a->idt },
			  got_idt;
	struct descriptor gdt = { sizeof(a->gdt) - 1 - 8 * (round % 3), (uint64_t)a->gdt }, got_gdt;
	uint16_t selector = round % 2 ? DATA : 0;
	uint64_t value = guest_random(), page = (uint64_t)a->region[round % 3];

	asm volatile("lidt %0; lgdt %1; mov %2, %%es" ::"m"(idt), "m"(gdt),
		     "r"((uint64_t)selector));
	set_dr0(value);
	wrmsr(MSR_LSTAR, value & 0x7fffffffffff);
	a->small[11] = page | PTE_ALL;
	asm volatile("invlpg (%0)" ::"r"(ADDRESS) : "memory");
	*word(ADDRESS) = value;
	guest_call(CALL_HOST);
	asm volatile("sidt %0; sgdt %1" : "=m"(got_idt), "=m"(got_gdt));
	expect("IDTR limit on another CPU", got_idt.limit, idt.limit);
	expect("GDTR limit on another CPU", got_gdt.limit, gdt.limit);
	expect_selector("ES on another CPU", selector);
	expect("DR0 on another CPU", get_dr0(), value);
	expect("LSTAR on another CPU", rdmsr(MSR_LSTAR), value & 0x7fffffffffff);
	expect("memory on another CPU", *word(ADDRESS), value);
	expect("that memory where it was mapped before", *word(page), value);
}

static void change_all(void)
{
	struct arena *a = ARENA;
	struct descriptor idt = { sizeof(a->idt) - 1, (uint64_t)a->idt };
	struct descriptor gdt = { sizeof(a->gdt) - 1, (uint64_t)a->gdt };

	for (uint64_t round = 0; round < ROUNDS; round++)
		change_and_move(round);
	asm volatile("lidt %0; lgdt %1; mov %2, %%es" ::"m"(idt), "m"(gdt), "r"((uint64_t)DATA));
	set_dr0(0);
}

static void g2_changes_all(void)
{
	change_all();
	vmmcall();
}

void case_cpus(void)
{
	change_all();
	/* The thread moves while G2 runs, and between two runs of G2. */
	if (ARENA->have_npt) {
		struct vmcb *v = g2_init(0, (const void *)g2_changes_all);

		expect("G2 that is moved from CPU to CPU", g2_run(v), EXIT_VMMCALL);
		for (uint64_t round = 0; round < ROUNDS; round++) {
			v = g2_init_bytes(0, "\x0f\x01\x0e\x90", 4); /* sidt (%rsi) */
			v->idtr.limit = 0x2ff + round;
			v->clean = 0;
			ARENA->g2.rsi = (uint64_t)ARENA->scratch;
			guest_call(CALL_HOST);
			expect("G2 on another CPU", g2_run(v), EXIT_VMMCALL);
			expect("IDTR limit of G2 on another CPU", ARENA->scratch[0] & 0xffff,
			       0x2ff + round);
		}
	}
}

/* ---- the launcher ------------------------------------------------------------------------ */

/* Moves to the next CPU of this level. */
bool call_cpus(struct machine *m, int reason)
{
	static cpu_set_t all;
	static int now;
	cpu_set_t next;

	(void)reason;
	if (m->calls == 1 && sched_getaffinity(0, sizeof(all), &all)) {
		machine_fail(m, "sched_getaffinity: %s", strerror(errno));
		return false;
	}
	do
		now = (now + 1) % CPU_SETSIZE;
	while (!CPU_ISSET(now, &all));
	CPU_ZERO(&next);
	CPU_SET(now, &next);
	if (!sched_setaffinity(0, sizeof(next), &next))
		return true;
	machine_fail(m, "sched_setaffinity: %s", strerror(errno));
	return false;
}
