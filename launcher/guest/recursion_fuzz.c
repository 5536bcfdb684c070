// SPDX-License-Identifier: GPL-2.0-or-later
/* A hypervisor that recurses and lies: docs/recursion.md, 11 */
#include "guest/recursion.h"

#include <string.h>

#define FUZZ_ROUNDS 300
#define POOL 8

static struct vmcb *pooled(uint64_t n)
{
	return (struct vmcb *)(ARENA->region[1] + n % POOL * PAGE);
}

/* Random tables that map only region 0, so that every write through them stays there. */
static void fill_tables(void)
{
	struct arena *a = ARENA;

	for (uint64_t i = 0; i < 32 * 512; i++)
		*word((uint64_t)a->region[0] + i * 8) =
			((uint64_t)a->region[0] + guest_random() % 32 * PAGE) |
			(guest_random() >> 40 & 0xfff) | (guest_random() & 8 ? PTE_ALL : 0);
}

static uint64_t some_address(void)
{
	struct arena *a = ARENA;

	switch (guest_random() % 8) {
	case 0:
		return guest_random();
	case 1:
		return 0xfee00000; /* the APIC */
	case 2:
		return guest_random() % (1ull << 41);
	case 3:
		return (uint64_t)outer();
	case 4:
		return (uint64_t)a->region[0] + guest_random() % 32 * PAGE;
	default:
		return (uint64_t)pooled(guest_random());
	}
}

static uint64_t some_rec_vmcb(void)
{
	return guest_random() & 1 ? some_address() | REC_VALID : 0;
}

/* G2, and whatever it runs: each runs another guest. */
static void g2_fuzz(void)
{
	struct vmcb *any;

	for (;;) {
		/* NOLINTNEXTLINE(performance-no-int-to-ptr): any content, at any address */
		any = (struct vmcb *)(some_address() & ~(PAGE - 1));
		guest_vmrun(any, &ARENA->g3, NULL, RUN_WITH_GIF);
		stgi();
	}
}

static void fill_pooled(uint64_t n)
{
	struct vmcb *v = pooled(n);

	memcpy(v, inner(), sizeof(*v));
	rec_prepare(v, true);
	v->rip = (uint64_t)(guest_random() & 1 ? g2_fuzz : g3_exits);
	v->rsp = (uint64_t)ARENA->region[2] + HUGE - 72 - n * 16 * PAGE;
	v->asid = 3 + n;
	v->rec_ctl = guest_random() & 3;
	v->rec_vmcb = some_rec_vmcb();
	v->rec_deadline = __rdtsc() + (guest_random() & 0xffff);
	if (!(guest_random() % 4))
		v->nested_cr3 = some_address();
	if (!(guest_random() % 4)) /* of the control area */
		((uint8_t *)v)[guest_random() % 0x400] = guest_random();
}

/* Whatever G1 and G2 write there, KVM and the CPU survive, and G1 gets the CPU back in time. */
void rec_fuzz(bool all)
{
	struct arena *a = ARENA;

	memset(a->iopm, 0xff, sizeof(a->iopm)); /* no exit, not even a call of the launcher */
	memset(a->inner_iopm, 0xff, sizeof(a->inner_iopm));
	for (int i = 0; i < FUZZ_ROUNDS; i++) {
		rec_arrange(all, g3_exits);
		fill_tables();
		for (uint64_t n = 0; n < POOL; n++)
			fill_pooled(n);
		outer()->rip = (uint64_t)g2_fuzz;
		outer()->rec_ctl = REC_ENABLE | REC_DEADLINE;
		outer()->rec_deadline = __rdtsc() + (guest_random() & 0x3ffff);
		if (!(guest_random() % 3))
			outer()->rec_vmcb = some_rec_vmcb();
		if (!(guest_random() % 8))
			outer()->nested_cr3 = (uint64_t)a->region[0];
		outer()->exit_code = 0;
		rec_run();
		expect("an exit, whatever was in the VMCBs", outer()->exit_code != 0, true);
	}
	memset(a->iopm, 0, sizeof(a->iopm));
	memset(a->inner_iopm, 0, sizeof(a->inner_iopm));
}
