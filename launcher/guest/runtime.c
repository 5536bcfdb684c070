// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/runtime.h"
#include "guest/machine.h"

#include <string.h>

/*
 * One entry for each vector: all push a vector and, unless the CPU did, an error code.  Vectors with an
 * error code: 8, 10 to 14, 17, 21, 29, 30 (APM volume 2, 8.2).
 */
asm(".pushsection .text.guest_entries, \"ax\"\n"
    ".balign 16\n.globl guest_entries\nguest_entries:\n"
    ".set vector, 0\n"
    ".rept 256\n"
    ".balign 16\n"
    ".if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || "
    "vector == 29 || vector == 30)\n"
    "pushq $0\n"
    ".endif\n"
    ".byte 0x68\n.long vector\n" /* pushq */
    "jmp guest_entry\n"
    ".set vector, vector + 1\n"
    ".endr\n"
    "guest_entry:\n"
    "push %rax\npush %rcx\npush %rdx\npush %rsi\npush %rdi\npush %r8\npush %r9\npush %r10\npush "
    "%r11\n"
    "push %rbx\npush %rbp\n"
    "cld\nmov %rsp, %rdi\nmov %rsp, %rbp\nand $-16, %rsp\ncall guest_trap\nmov %rbp, %rsp\n"
    "pop %rbp\npop %rbx\n"
    "pop %r11\npop %r10\npop %r9\npop %r8\npop %rdi\npop %rsi\npop %rdx\npop %rcx\npop %rax\n"
    "add $16, %rsp\niretq\n"
    ".globl guest_done\nguest_done:\n"
    "mov $0, %al\nout %al, $0xf0\nhlt\n"
    ".popsection");

#define RFLAGS_RF 0x10000ull

struct frame {
	uint64_t rbp, rbx, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* For G1 and G2, which share the IDT unless a case gives G2 another one. */
__attribute__((used, target("general-regs-only"))) void guest_trap(struct frame *f)
{
	struct arena *a = ARENA;

	if (f->vector >= 32) {
		a->irqs[f->vector]++;
		a->event_rip = f->rip;
		if (a->eoi)
			wrmsr(X2APIC_EOI, 0);
		return;
	}
	if (f->vector == 2) {
		a->nmis++;
		a->event_rip = f->rip;
		a->nmi_depth++;
		if (a->nmi_depth > a->nmi_deepest)
			a->nmi_deepest = a->nmi_depth;
		if (a->nmi_again) {
			a->nmi_again--;
			wrmsr(X2APIC_ICR, ICR_NMI);
			exit_once();
		}
		if (a->nmi_calls) {
			a->nmi_calls--;
			guest_call(CALL_HOST);
		}
		a->nmi_depth--;
		return;
	}
	a->traps++;
	a->trap.vector = f->vector;
	a->trap.error = f->error;
	a->trap.rip = f->rip;
	a->trap.rflags = f->rflags;
	a->trap.cs = f->cs;
	asm volatile("mov %%cr2, %0" : "=r"(a->trap.cr2));
	if (a->fixup) {
		f->rip = a->fixup;
		a->fixup = 0;
		if (a->fixup_stack && f->cs & 3) {
			f->cs = CODE_64;
			f->ss = DATA;
			f->rsp = a->fixup_stack;
			a->fixup_stack = 0;
		}
		return;
	}
	f->rflags |= f->vector == 1 ? RFLAGS_RF : 0; /* do not hit the same breakpoint again */
	if (f->vector == 1 || f->vector == 3)
		return;
	guest_call(CALL_CRASH);
}

void expect(const char *what, uint64_t got, uint64_t want)
{
	struct arena *a = ARENA;

	a->cases++;
	if (got == want || a->failed)
		return;
	a->failed = true;
	a->what = what;
	a->got = got;
	a->want = want;
}

void expect_between(const char *what, uint64_t got, uint64_t low, uint64_t high)
{
	expect(what, got, got < low ? low : got > high ? high : got);
}

uint64_t guest_random(void)
{
	struct arena *a = ARENA;

	/* Knuth's MMIX generator; its upper bits are the good ones */
	a->seed = a->seed * 6364136223846793005ull + 1442695040888963407ull;
	return a->seed ^ a->seed >> 29;
}

void apic_enable(void)
{
	wrmsr(X2APIC_SPURIOUS, 0x1ff);
	wrmsr(X2APIC_TPR, 0);
	ARENA->eoi = true;
}

uint64_t apic_wait(uint8_t vector, uint64_t count)
{
	volatile uint64_t *came = &ARENA->irqs[vector];
	uint64_t start = __rdtsc();

	asm volatile("sti" ::: "memory");
	while (*came < count && __rdtsc() - start < LATE_CYCLES)
		;
	asm volatile("cli" ::: "memory");
	return *came;
}

/* ---- G2 ---------------------------------------------------------------------------------- */

struct vmcb *g2_init(int n, const void *rip)
{
	static const struct vmcb_segment code = { CODE_64, 0xa9b, 0xffffffff, 0 },
					 data = { DATA, 0xc93, 0xffffffff, 0 };
	struct arena *a = ARENA;
	struct vmcb *v = &a->vmcb[n];

	if (!a->have_hsave)
		wrmsr(MSR_VM_HSAVE_PA, (uint64_t)a->hsave);
	a->have_hsave = true;
	memset(v, 0, sizeof(*v));
	memset(&a->g2, 0, sizeof(a->g2));
	v->cs = code;
	v->ds = v->es = v->ss = v->fs = v->gs = data;
	v->gdtr = (struct vmcb_segment){ .limit = sizeof(a->gdt) - 1, .base = (uint64_t)a->gdt };
	v->idtr = (struct vmcb_segment){ .limit = sizeof(a->idt) - 1, .base = (uint64_t)a->idt };
	v->tr = (struct vmcb_segment){ TASK, 0x8b, 0x67, (uint64_t)a->tss + G2_TSS };
	v->ldtr = (struct vmcb_segment){ .attributes = 0x82 };
	v->efer = rdmsr(MSR_EFER);
	asm volatile("mov %%cr0, %0" : "=r"(v->cr0));
	asm volatile("mov %%cr4, %0" : "=r"(v->cr4));
	v->cr3 = (uint64_t)a->pml4;
	v->dr6 = 0xffff0ff0;
	v->dr7 = 0x400;
	v->rflags = 2;
	v->rip = (uint64_t)rip;
	v->rsp = (uint64_t)a->stack[1 + n] + sizeof(a->stack[0]) - 72;
	v->g_pat = 0x0007040600070406; /* as after a reset */
	v->iopm = (uint64_t)a->iopm;
	v->msrpm = (uint64_t)a->msrpm;
	v->asid = 1 + n;
	intercept(v, EXIT_VMRUN, true);
	intercept(v, EXIT_VMMCALL, true);
	intercept(v, EXIT_SHUTDOWN, true);
	if (a->have_npt) {
		v->nested_ctl = 1;
		v->nested_cr3 = (uint64_t)a->npt_pml4;
	}
	return v;
}

struct vmcb *g2_init_bytes(int n, const void *code, size_t len)
{
	static const uint8_t last[] = { 0x0f, 0x01, 0xd9, 0xf4 }; /* VMMCALL; HLT */
	uint8_t *to = ARENA->code + n * PAGE;

	memcpy(to, code, len);
	memcpy(to + len, last, sizeof(last));
	return g2_init(n, to);
}

asm(".pushsection .text.guest_vmrun, \"ax\"\n"
    ".globl guest_vmrun\nguest_vmrun:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "push %rsi\npush %rdx\npush %rcx\n"
    "test $2, %cl\njnz 3f\nclgi\n3:\n"
    "mov %rdi, %rax\n"
    "test $1, %cl\njz 1f\n"
    "mov %rdx, %rax\nvmsave\nmov %rdi, %rax\nvmload\n1:\n"
    "mov 0(%rsi), %rbx\nmov 8(%rsi), %rcx\nmov 16(%rsi), %rdx\nmov 32(%rsi), %rdi\n"
    "mov 40(%rsi), %rbp\nmov 48(%rsi), %r8\nmov 56(%rsi), %r9\nmov 64(%rsi), %r10\n"
    "mov 72(%rsi), %r11\nmov 80(%rsi), %r12\nmov 88(%rsi), %r13\nmov 96(%rsi), %r14\n"
    "mov 104(%rsi), %r15\nmov 24(%rsi), %rsi\n"
    "vmrun\n"
    "push %rsi\n"
    "mov 24(%rsp), %rsi\n"
    "mov %rbx, 0(%rsi)\nmov %rcx, 8(%rsi)\nmov %rdx, 16(%rsi)\nmov %rdi, 32(%rsi)\n"
    "mov %rbp, 40(%rsi)\nmov %r8, 48(%rsi)\nmov %r9, 56(%rsi)\nmov %r10, 64(%rsi)\n"
    "mov %r11, 72(%rsi)\nmov %r12, 80(%rsi)\nmov %r13, 88(%rsi)\nmov %r14, 96(%rsi)\n"
    "mov %r15, 104(%rsi)\n"
    "pop %rcx\nmov %rcx, 24(%rsi)\n"
    "testb $1, (%rsp)\njz 2f\n"
    "vmsave\nmov 8(%rsp), %rax\nvmload\n2:\n"
    "add $24, %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\n"
    "cld\nret\n"
    ".popsection");

/* G2 leaves its own values in them. */
#define VECTOR_REGISTERS                                                                         \
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
		"xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

static uint64_t run(struct vmcb *v, uint64_t full)
{
	guest_vmrun(v, &ARENA->g2, &ARENA->host_vmcb, full);
	asm volatile("" ::: VECTOR_REGISTERS, "memory");
	stgi();
	return v->exit_code;
}

uint64_t g2_run(struct vmcb *v)
{
	return run(v, 0);
}

uint64_t g2_run_full(struct vmcb *v)
{
	return run(v, RUN_FULL);
}
