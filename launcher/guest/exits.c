// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What G2 does exits to G1 if, and only if, G1 intercepts it; otherwise G2 goes on.  Covers each
 * instruction for which APM volume 2, 15.9 and 15.10, name an intercept.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <string.h>

#define ALWAYS 1 /* tested only with its intercept, which KVM or the instruction needs */
#define FAULTS 2 /* without its intercept it raises an exception, for G2's handler */

/* Add an instruction by adding a line.  RAX, RCX and RDX are 0, RSI is a scratch page, RSP a stack of zeros. */
static const struct {
	uint16_t exit;
	uint8_t flags, len;
	const char *code;
	const char *name;
} instructions[] = {
	{ 0x00, 0, 3, "\x0f\x20\xc0", "mov %cr0, %rax" },
	{ 0x03, 0, 3, "\x0f\x20\xd8", "mov %cr3, %rax" },
	{ 0x04, 0, 3, "\x0f\x20\xe0", "mov %cr4, %rax" },
	{ 0x08, 0, 4, "\x44\x0f\x20\xc0", "mov %cr8, %rax" },
	{ 0x10, ALWAYS, 3, "\x0f\x22\xc0", "mov %rax, %cr0" },
	{ 0x13, ALWAYS, 3, "\x0f\x22\xd8", "mov %rax, %cr3" },
	{ 0x14, ALWAYS, 3, "\x0f\x22\xe0", "mov %rax, %cr4" },
	{ 0x18, 0, 4, "\x44\x0f\x22\xc0", "mov %rax, %cr8" },
	{ 0x20, 0, 3, "\x0f\x21\xc0", "mov %db0, %rax" },
	{ 0x21, 0, 3, "\x0f\x21\xc8", "mov %db1, %rax" },
	{ 0x22, 0, 3, "\x0f\x21\xd0", "mov %db2, %rax" },
	{ 0x23, 0, 3, "\x0f\x21\xd8", "mov %db3, %rax" },
	{ 0x26, 0, 3, "\x0f\x21\xf0", "mov %db6, %rax" },
	{ 0x27, 0, 3, "\x0f\x21\xf8", "mov %db7, %rax" },
	{ 0x30, 0, 3, "\x0f\x23\xc0", "mov %rax, %db0" },
	{ 0x33, 0, 3, "\x0f\x23\xd8", "mov %rax, %db3" },
	{ 0x37, 0, 3, "\x0f\x23\xf8", "mov %rax, %db7" },
	{ 0x40, FAULTS, 2, "\xf7\xf1", "div %ecx" },
	{ 0x46, FAULTS, 2, "\x0f\x0b", "ud2" },
	{ 0x4d, FAULTS, 3, "\x8e\xd0\x90", "mov %eax, %ss of 0xf8" },
	{ 0x4e, FAULTS, 3, "\x41\x8a\x00", "mov (%r8), %al of an unmapped page" },
	{ 0x66, 0, 3, "\x0f\x01\x0e", "sidt" },
	{ 0x67, 0, 3, "\x0f\x01\x06", "sgdt" },
	{ 0x68, 0, 3, "\x0f\x00\xc0", "sldt" },
	{ 0x69, 0, 3, "\x0f\x00\xc8", "str" },
	{ 0x6a, ALWAYS, 3, "\x0f\x01\x1e", "lidt" },
	{ 0x6b, ALWAYS, 3, "\x0f\x01\x16", "lgdt" },
	{ 0x6c, 0, 3, "\x0f\x00\xd0", "lldt" },
	{ 0x6d, ALWAYS, 3, "\x0f\x00\xd8", "ltr" },
	{ 0x6e, 0, 2, "\x0f\x31", "rdtsc" },
	{ 0x6f, ALWAYS, 2, "\x0f\x33", "rdpmc" },
	{ 0x70, 0, 1, "\x9c", "pushf" },
	{ 0x71, 0, 1, "\x9d", "popf" },
	{ 0x72, 0, 2, "\x0f\xa2", "cpuid" },
	{ 0x74, ALWAYS, 2, "\x48\xcf", "iretq" },
	{ 0x75, 0, 2, "\xcd\x30", "int $0x30" },
	{ 0x76, ALWAYS, 2, "\x0f\x08", "invd" },
	{ 0x78, ALWAYS, 1, "\xf4", "hlt" },
	{ 0x79, 0, 3, "\x0f\x01\x3e", "invlpg" },
	{ 0x7a, 0, 3, "\x0f\x01\xdf", "invlpga" },
	{ 0x80, ALWAYS, 3, "\x0f\x01\xd8", "vmrun" },
	{ 0x81, ALWAYS, 3, "\x0f\x01\xd9", "vmmcall" },
	{ 0x82, ALWAYS, 3, "\x0f\x01\xda", "vmload" },
	{ 0x83, ALWAYS, 3, "\x0f\x01\xdb", "vmsave" },
	{ 0x84, ALWAYS, 3, "\x0f\x01\xdc", "stgi" },
	{ 0x85, ALWAYS, 3, "\x0f\x01\xdd", "clgi" },
	{ 0x89, 0, 2, "\x0f\x09", "wbinvd" },
};

static struct vmcb *prepare(int i)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, instructions[i].code, instructions[i].len);

	memset(a->scratch, 0, sizeof(a->scratch));
	a->g2.rsi = (uint64_t)a->scratch;
	a->g2.r8 = SMALL_WINDOW; /* which is not mapped */
	v->rax = instructions[i].exit == 0x4d ? 0xf8 : instructions[i].exit == 0x37 ? 0x400 : 0;
	return v;
}

static void try_intercepted(int i)
{
	struct vmcb *v = prepare(i);
	uint64_t rip = v->rip;

	intercept(v, instructions[i].exit, true);
	expect(instructions[i].name, g2_run(v), instructions[i].exit);

	expect("RIP at its exit", v->rip, rip);
	if (svm_has(SVM_NRIPS) && !(instructions[i].flags & FAULTS))
		expect("next RIP at its exit", v->next_rip, rip + instructions[i].len);
}

/* Without the intercept G2 must go on to the VMMCALL behind it, or to its handler. */
static void try_alone(int i)
{
	struct vmcb *v = prepare(i);
	uint64_t rip = v->rip, traps = ARENA->traps;

	if (instructions[i].flags & FAULTS)
		ARENA->fixup = rip + instructions[i].len;
	expect(instructions[i].name, g2_run(v), EXIT_VMMCALL);
	expect("RIP behind it", v->rip, rip + instructions[i].len);
	expect("exceptions of it", ARENA->traps - traps, !!(instructions[i].flags & FAULTS));
	if (instructions[i].flags & FAULTS)
		expect("vector", ARENA->trap.vector, instructions[i].exit - EXIT_EXCEPTION);
	ARENA->fixup = 0;
}

/* The selective intercept of CR0 needs a change of more than TS and MP: APM volume 2, 15.8.1. */
static void try_selective(void)
{
	static const struct {
		uint64_t change;
		bool exits;
	} changes[] = { { 0, false },	     { 1ull << 3, false }, { 1ull << 1, false },
			{ 1ull << 5, true }, { 1ull << 16, true }, { 1ull << 18, true } };

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct vmcb *v =
			g2_init_bytes(0, "\x0f\x22\xc0\x0f\x06", 5); /* mov %rax, %cr0; clts */
		uint64_t cr0 = v->cr0 | 1 << 3;

		v->cr0 = cr0;
		v->rax = cr0 ^ changes[i].change;
		intercept(v, EXIT_CR0_SELECTIVE, true);
		expect("selective intercept of CR0", g2_run(v),
		       changes[i].exits ? EXIT_CR0_SELECTIVE : EXIT_VMMCALL);
		expect("CR0 behind it", v->cr0,
		       changes[i].exits ? cr0 : (cr0 ^ changes[i].change) & ~8ull);
	}
}

/* A VMMCALL that G1 does not intercept raises #UD.  It must not reach G1's own hypervisor. */
static void try_vmmcall(void)
{
	struct vmcb *v = g2_init_bytes(0, "\x0f\x01\xd9\x0f\xa2", 5);
	uint64_t traps = ARENA->traps;

	intercept(v, EXIT_VMMCALL, false);
	intercept(v, EXIT_CPUID, true);
	ARENA->fixup = v->rip + 3;
	expect("CPUID behind a VMMCALL that is not intercepted", g2_run(v), EXIT_CPUID);
	expect("exceptions of that VMMCALL", ARENA->traps - traps, 1);
	expect("vector of that VMMCALL", ARENA->trap.vector, 6);
}

/*
 * 1: pause; mov %rsi, %rdi; 2: dec %rdi; jnz 2b; inc %rcx; cmp %rdx, %rcx; jnz 1b: RCX counts up to RDX.
 * Between two PAUSEs there are more than RSI cycles.
 */
static const char pause_code[] =
	"\xf3\x90\x48\x89\xf7\x48\xff\xcf\x75\xfb\x48\xff\xc1\x48\x39\xd1\x75\xee";

#define PAUSES 64	   /* the filter of G2 */
#define MOST_PAUSES 65535u /* KVM may give G2 its own filter, and make that longer */
#define APART 500	   /* cycles between two PAUSEs, more than KVM's threshold of 128 */

static struct vmcb *g2_pauses(uint64_t limit, uint64_t cycles, uint16_t count, uint16_t threshold)
{
	struct vmcb *v = g2_init_bytes(0, pause_code, sizeof(pause_code) - 1);

	intercept(v, EXIT_PAUSE, true);
	v->pause_count = count;
	v->pause_threshold = threshold;
	ARENA->g2.rdx = limit;
	ARENA->g2.rsi = cycles;
	return v;
}

/* G1 wants to see all PAUSEs, or none. */
static void try_plain_pauses(void)
{
	struct vmcb *v = g2_pauses(20000, 1, 0, 0);

	for (uint64_t passed = 0; passed < 3; passed++) {
		expect("exit by a PAUSE without a filter", g2_run(v), EXIT_PAUSE);
		expect("PAUSEs before it", ARENA->g2.rcx, passed);
		g2_skip(v, 2);
	}
	intercept(v, EXIT_PAUSE, false);
	expect("G2 whose PAUSEs are not intercepted", g2_run(v), EXIT_VMMCALL);
	expect("PAUSEs of it", ARENA->g2.rcx, 20000);
}

/*
 * A PAUSE exits when as many as the filter says have passed since VMRUN, or more if G2 was interrupted.  With
 * a threshold only those count that follow each other within that time: APM volume 2, 15.14.4.
 */
static void try_filtered_pauses(void)
{
	struct vmcb *v;

	for (int i = 0; i < 2; i++) {
		v = g2_pauses(2 * MOST_PAUSES, i ? APART : 1, PAUSES, 0);
		expect("exit by a PAUSE with a filter", g2_run(v), EXIT_PAUSE);
		expect_between("PAUSEs before it", ARENA->g2.rcx, PAUSES, MOST_PAUSES + 1);
		expect("filter behind its exit", v->pause_count, PAUSES);
	}
	if (svm_has(SVM_PAUSE_THRESHOLD)) {
		v = g2_pauses(5000, APART, PAUSES, APART / 5);
		expect("G2 whose PAUSEs are further apart than the threshold", g2_run(v),
		       EXIT_VMMCALL);
	}
}

/*
 * KVM combines G2's filter with its own for G1, or uses it as it is if G1's PAUSEs do not exit.  Linux 6.12
 * gives up its own behind a G2 without a filter, so that G2 comes last.
 */
static void try_pauses(void)
{
	for (ARENA->argument = 2; ARENA->argument--;) {
		guest_call(CALL_HOST);
		if (svm_has(SVM_PAUSE_FILTER))
			try_filtered_pauses();
	}
	try_plain_pauses();
}

void case_exits(void)
{
	for (size_t i = 0; i < sizeof(instructions) / sizeof(*instructions); i++) {
		try_intercepted(i);
		if (!(instructions[i].flags & ALWAYS))
			try_alone(i);
	}
	try_selective();
	try_vmmcall();
	try_pauses();
}

/* ---- the launcher's side ----------------------------------------------------------------- */

/* Whether KVM intercepts G1's PAUSEs is decided when a VM is created. */
bool call_exits(struct machine *m, int reason)
{
	static struct machine_state state;

	(void)reason;
	m->pauses = ARENA->argument;
	return !machine_move(m, &state);
}
