// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System management interrupts.  KVM enters system management mode by itself: it saves the state of the
 * vCPU, and of a nested guest and its hypervisor, in memory that the vCPU sees in that mode alone.
 */
#include "guest/cases.h"
#include "guest/runtime.h"
#include "guest/smm.h"

#include <string.h>

#define ROUNDS 32 /* of G1 */
#define VECTOR 0x52
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define REGISTERS 8 /* R8 to R15 */
#define RFLAGS_CF 0x1
#define CR4_MCE 0x40ull

/* AMD64 Architecture Programmer's Manual, volume 2, 10.2.2: after a reset SMBASE is 30000h. */
#define SMRAM_ADDRESS 0x30000
#define SMRAM_BYTES 0x10000
#define SMRAM_SLOT 2
#define SMRAM_SPACE 1 /* the address space of that mode: Documentation/virt/kvm/api.rst, 4.35 */
#define ENTRY 0x8000
#define COUNT 0x9000 /* how often the handler ran */
#define CALLS 0x9002 /* whether it calls the launcher */

/* The handler is 16-bit code. */
static const uint8_t handler[] = {
	0x2e, 0xff,	 0x06, 0x00,	  0x90,	      /* incw %cs:COUNT */
	0x2e, 0x80,	 0x3e, 0x02,	  0x90, 0x00, /* cmpb $0, %cs:CALLS */
	0x74, 0x04,				      /* je 1f */
	0xb0, CALL_HOST, 0xe6, CALL_PORT, /* movb $CALL_HOST, %al; outb %al, $CALL_PORT */
	0x0f, 0xaa,			  /* 1: rsm */
};

/* What the launcher does at a call: */
enum ask {
	GIVE_SMRAM, /* map the memory of system management mode */
	MOVE,	    /* the guest, which is in that mode, to another VM */
};

/* What varies from round to round */
enum {
	BY_G2 = 0x1,	/* G2 sends the SMI; otherwise G1 does, and it is pending at VMRUN */
	INJECTED = 0x2, /* VMRUN injects an interrupt */
	MOVED = 0x4,	/* the guest is moved while in that mode */
	SELECTED = 0x8, /* G1 intercepts SMIs */
	WAYS = 0x10,
};

static uint8_t *smram(void)
{
	return ARENA->region[1];
}

uint64_t smm_handled(void)
{
	uint16_t *count = (uint16_t *)(smram() + COUNT), was = *(volatile uint16_t *)count;

	*count = 0;
	return was;
}

static void expect_same(const char *what, const uint64_t *got, const uint64_t *want, size_t words)
{
	for (size_t i = 0; i < words; i++)
		expect(what, got[i], want[i]);
}

/* ---- an SMI while G1 runs ---------------------------------------------------------------- */

#define STATE 10

static uint64_t cr4(void)
{
	uint64_t value;

	asm volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static void learn(uint64_t state[STATE])
{
	struct descriptor table;
	uint16_t task;

	asm volatile("mov %%cr0, %0" : "=r"(state[0]));
	asm volatile("mov %%cr3, %0" : "=r"(state[1]));
	state[2] = cr4() & ~CR4_MCE; /* case_nested_smm() */
	state[3] = rdmsr(MSR_EFER);
	state[4] = rdmsr(MSR_FS_BASE);
	asm volatile("sgdt %0" : "=m"(table));
	state[5] = table.base + table.limit;
	asm volatile("sidt %0" : "=m"(table));
	state[6] = table.base + table.limit;
	asm volatile("str %0" : "=r"(task));
	state[7] = task;
	state[8] = rdmsr(MSR_GS_BASE);
	asm volatile("mov %%db7, %0" : "=r"(state[9]));
}

/* Values that system management mode does not happen to have itself */
static void vary_state(uint64_t round)
{
	wrmsr(MSR_FS_BASE, guest_random() >> 20);
	wrmsr(MSR_GS_BASE, guest_random() >> 20);
	asm volatile("mov %0, %%db7" ::"r"(0x400 | (1 + round % 3) << 8)); /* LE and GE */
}

/* Sends it, with R8 to R15 and CF as given.  Returns CF. */
static bool send(uint64_t r[REGISTERS], bool carry)
{
	uint64_t flags = ICR_SMI;

	asm volatile("movq 0(%%rsi), %%r8\n\tmovq 8(%%rsi), %%r9\n\t"
		     "movq 16(%%rsi), %%r10\n\tmovq 24(%%rsi), %%r11\n\t"
		     "movq 32(%%rsi), %%r12\n\tmovq 40(%%rsi), %%r13\n\t"
		     "movq 48(%%rsi), %%r14\n\tmovq 56(%%rsi), %%r15\n\t"
		     "bt $0, %%rdi\n\twrmsr\n\tlahf\n\tmovzbl %%ah, %%eax\n\t"
		     "movq %%r8, 0(%%rsi)\n\tmovq %%r9, 8(%%rsi)\n\t"
		     "movq %%r10, 16(%%rsi)\n\tmovq %%r11, 24(%%rsi)\n\t"
		     "movq %%r12, 32(%%rsi)\n\tmovq %%r13, 40(%%rsi)\n\t"
		     "movq %%r14, 48(%%rsi)\n\tmovq %%r15, 56(%%rsi)"
		     : "+a"(flags)
		     : "c"(X2APIC_ICR), "d"(0), "S"(r), "D"((uint64_t)carry)
		     : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
	return flags & RFLAGS_CF;
}

static void try_g1(uint64_t round)
{
	uint64_t r[REGISTERS], want[REGISTERS], before[STATE], after[STATE];

	for (size_t i = 0; i < REGISTERS; i++)
		r[i] = guest_random();
	memcpy(want, r, sizeof(r));
	smram()[CALLS] = round & 2;
	ARENA->argument = MOVE;
	vary_state(round);
	learn(before);
	expect("CF behind an SMI", send(r, round & 1), round & 1);
	expect("SMIs of G1", smm_handled(), 1);
	expect_same("R8 to R15 behind an SMI", r, want, REGISTERS);
	learn(after);
	expect_same("state of G1 behind an SMI", after, before, STATE);
}

/* ---- an SMI while G2 runs ---------------------------------------------------------------- */

/*
 * Both end with CPUID, which exits to KVM: without SMP, KVM does not see earlier that an SMI was pending at
 * VMRUN (docs/found/kvm-immediate-exit.md).
 */
#define SEND "\xb9\x30\x08\0\0\xb8\0\x42\0\0\xba\0\0\0\0\x0f\x30" /* WRMSR of X2APIC_ICR */
#define EXIT "\x31\xc0\x0f\xa2\x90"				  /* xor %eax, %eax; cpuid; nop */
static const char sends[] = SEND EXIT, waits[] = EXIT;

static struct vmcb *prepare(uint64_t how)
{
	struct arena *a = ARENA;
	struct vmcb *v = how & BY_G2 ? g2_init_bytes(0, sends, sizeof(sends) - 1)
				     : g2_init_bytes(0, waits, sizeof(waits) - 1);

	intercept(v, EXIT_SMI, how & SELECTED);
	v->event_inj = how & INJECTED ? INJECT_VALID | INJECT_INTR | VECTOR : 0;
	a->irqs[VECTOR] = 0;
	a->eoi = false; /* G2's handler must not write G1's end-of-interrupt register */
	smram()[CALLS] = how & MOVED;
	a->argument = MOVE;
	a->g2.r8 = guest_random();
	a->g2.r15 = guest_random();
	return v;
}

/* The state save area of G2, which G1 sees when G2 has ended, is the same with an SMI and without one. */
static void expect_state(const struct vmcb *got, const struct vmcb *want)
{
	expect_same("segments of G2 behind an SMI", (const uint64_t *)&got->es,
		    (const uint64_t *)&want->es, 10 * sizeof(got->es) / 8);
	expect_same("CR4, CR3 and CR0 of G2 behind an SMI", &got->cr4, &want->cr4, 3);
	expect("EFER of G2 behind an SMI", got->efer, want->efer);
	expect("RFLAGS of G2 behind an SMI", got->rflags, want->rflags);
	expect("RIP of G2 behind an SMI", got->rip, want->rip);
	expect("RSP of G2 behind an SMI", got->rsp, want->rsp);
}

static void try_g2(uint64_t how)
{
	struct arena *a = ARENA;
	struct vmcb *v = prepare(how & ~BY_G2), without;
	uint64_t before[STATE], after[STATE], r8, r15;

	g2_run(v);
	without = *v;
	v = prepare(how);
	without.rip += how & BY_G2 ? sizeof(sends) - sizeof(waits) : 0;
	r8 = a->g2.r8;
	r15 = a->g2.r15;
	learn(before);
	if (!(how & BY_G2)) {
		clgi();
		wrmsr(X2APIC_ICR, ICR_SMI);
	}
	guest_vmrun(v, &a->g2, &a->host_vmcb, 0);
	expect("exit of G2 with an SMI", v->exit_code, how & SELECTED ? EXIT_SMI : EXIT_VMMCALL);
	expect("SMIs while G2 ran", smm_handled(), !(how & SELECTED));
	stgi();
	exit_once();
	expect("SMIs behind STGI", smm_handled(), !!(how & SELECTED));
	if (how & SELECTED)
		expect("G2 behind an exit by SMI", g2_run(v), EXIT_VMMCALL);
	expect("interrupts injected as an SMI came", a->irqs[VECTOR], !!(how & INJECTED));
	expect("R8 of G2 behind an SMI", a->g2.r8, r8);
	expect("R15 of G2 behind an SMI", a->g2.r15, r15);
	expect_state(v, &without);
	learn(after);
	expect_same("state of G1 behind an SMI of G2", after, before, STATE);
}

void smm_prepare(void)
{
	memset(smram(), 0, SMRAM_BYTES);
	memcpy(smram() + ENTRY, handler, sizeof(handler));
}

static void begin(void)
{
	smm_prepare();
	ARENA->argument = GIVE_SMRAM;
	guest_call(CALL_HOST);
	apic_enable();
}

void case_smm(void)
{
	begin();
	for (uint64_t i = 0; i < rounds(ROUNDS, 4); i++)
		try_g1(i);
}

void case_nested_smm(void)
{
	begin();
	for (uint64_t i = 0; i < rounds(2 * WAYS, WAYS); i++)
		try_g2(i % WAYS);
	/* Last, and not in every run, because mainline has this bug: docs/found/kvm-smm-cr4.md */
	if (!ARENA->brief)
		expect("CR4.MCE of G1 behind an SMI of G2", cr4() & CR4_MCE, 0);
}

/* ---- the launcher ------------------------------------------------------------------------ */

int smm_give(struct machine *m)
{
	return machine_set_slot(m, SMRAM_SPACE << 16 | SMRAM_SLOT, 0, SMRAM_ADDRESS, smram(),
				SMRAM_BYTES);
}

bool call_smm(struct machine *m, int reason)
{
	static struct machine_state moved;

	(void)reason;
	if (ARENA->argument == MOVE && machine_move(m, &moved))
		return false;
	return !smm_give(m);
}
