/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a case, which is code of G1, has at hand.  All of it runs in the guest: no system call, no library
 * function that needs one.
 */
#ifndef SUPERNEST_RUNTIME_H
#define SUPERNEST_RUNTIME_H

#include "guest/arena.h"

#include <x86intrin.h>

/* A fact: GOT must be WANT.  The first that is not is what the check reports. */
void expect(const char *what, uint64_t got, uint64_t want);
/* For counts and times, which must lie between two bounds. */
void expect_between(const char *what, uint64_t got, uint64_t low, uint64_t high);

/* How often a case tries the same. */
static inline uint64_t rounds(uint64_t full, uint64_t brief)
{
	return ARENA->brief ? brief : full;
}

/* Asks the launcher. */
static inline void guest_call(enum guest_call call)
{
	asm volatile("outb %0, %1" ::"a"((uint8_t)call), "i"(CALL_PORT) : "memory");
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
		     : "memory");
}

static inline void exit_once(void)
{
	uint32_t eax = 0, ecx = 0;

	asm volatile("cpuid" : "+a"(eax), "+c"(ecx)::"ebx", "edx", "memory");
}

/* Runs one instruction that may fault, with RAX, RCX and RDX as given; the vector, or VECTORS if it does not. */
#define TRY(text, rax, rcx, rdx)                                                           \
	({                                                                                 \
		struct arena *a_ = ARENA;                                                  \
		uint64_t rax_ = (uint64_t)(rax), rcx_ = (uint64_t)(rcx);                   \
		uint64_t rdx_ = (uint64_t)(rdx);                                           \
                                                                                           \
		a_->trap.vector = VECTORS;                                                 \
		asm volatile("leaq 1f(%%rip), %%rbx\n\tmovq %%rbx, %[fixup]\n\t" text      \
			     "\n1:\tmovq $0, %[fixup]"                                     \
			     : [fixup] "+m"(a_->fixup), "+a"(rax_), "+c"(rcx_), "+d"(rdx_) \
			     :                                                             \
			     : "rbx", "memory");                                           \
		a_->trap.vector;                                                           \
	})

/* x2APIC registers, Intel SDM volume 3, 10.12.1.2 */
#define X2APIC_TPR 0x808
#define X2APIC_EOI 0x80b
#define X2APIC_SPURIOUS 0x80f
#define X2APIC_IRR 0x820
#define X2APIC_LVT_TIMER 0x832
#define X2APIC_ICR 0x830
#define X2APIC_INITIAL 0x838
#define X2APIC_CURRENT 0x839
#define X2APIC_DIVIDE 0x83e
#define X2APIC_SELF_IPI 0x83f
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_EFER 0xc0000080
#define MSR_VM_HSAVE_PA 0xc0010117

#define PIC_MASK 0x21 /* a port of the interrupt controller's that KVM itself has */

void apic_enable(void);
/* An interrupt to ourselves: pending from now on. */
static inline void apic_self(uint8_t vector)
{
	wrmsr(X2APIC_SELF_IPI, vector);
}
static inline bool apic_is_pending(uint8_t vector)
{
	return rdmsr(X2APIC_IRR + vector / 32) >> vector % 32 & 1;
}

/* With interrupts on, until that vector came COUNT times, or it is late by all means.  How often it came. */
uint64_t apic_wait(uint8_t vector, uint64_t count);

/* ---- G2 ---------------------------------------------------------------------------------- */

/* A VMCB as G1 itself runs, with its own stack, VMMCALL and shutdown intercepted.  N: 0 or 1. */
struct vmcb *g2_init(int n, const void *rip);
/* Its code is what is copied from CODE, and VMMCALL behind it. */
struct vmcb *g2_init_bytes(int n, const void *code, size_t len);
static inline void intercept(struct vmcb *v, unsigned int code, bool on)
{
	v->intercept[code / 32] =
		(v->intercept[code / 32] & ~(1u << code % 32)) | (uint32_t)on << code % 32;
}
#define RUN_FULL 1     /* with VMLOAD and VMSAVE, which are exits of their own */
#define RUN_WITH_GIF 2 /* without CLGI before VMRUN */
/* Runs it until it exits; GIF is 0 afterwards. */
void guest_vmrun(struct vmcb *v, struct g2_registers *r, struct vmcb *host, uint64_t how);
static inline void stgi(void)
{
	asm volatile("stgi" ::: "memory");
}
static inline void clgi(void)
{
	asm volatile("clgi" ::: "memory");
}
/* Runs it, sets GIF and says why it ended. */
uint64_t g2_run(struct vmcb *v);
uint64_t g2_run_full(struct vmcb *v);
/* VMMCALL of G2 that was answered: it goes on behind it. */
static inline void g2_skip(struct vmcb *v, int bytes)
{
	v->rip += bytes;
}
/* G2 has done what it was to do: functions that are code of G2 end so, and go on behind it if they are run again. */
static inline void vmmcall(void)
{
	asm volatile("vmmcall" ::: "memory");
}
/* CPUID Fn8000_000A_EDX: what AMD-V can do */
static inline bool svm_has(unsigned int bit)
{
	uint32_t eax = 0x8000000a, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "+c"(ecx), "=d"(edx)::"ebx");
	return edx >> bit & 1;
}
#define SVM_NRIPS 3
#define SVM_VGIF 16
/* A different number each time, the same for the same seed. */
uint64_t guest_random(void);

/* ---- memory ------------------------------------------------------------------------------ */

#define PTE_PRESENT 0x1ull
#define PTE_WRITE 0x2ull
#define PTE_USER 0x4ull
#define PTE_ACCESSED 0x20ull
#define PTE_DIRTY 0x40ull
#define PTE_HUGE 0x80ull
#define PTE_NX (1ull << 63)
#define PTE_ALL (PTE_PRESENT | PTE_WRITE | PTE_USER)

/* The entry of G1's nested page tables for the 2 MiB at WINDOW. */
static inline uint64_t *npt_window(void)
{
	return &ARENA->npt_pd[WINDOW >> 30][WINDOW >> 21 & 511];
}
static inline uint64_t *word(uint64_t address)
{
	return (uint64_t *)address;
}

#endif
