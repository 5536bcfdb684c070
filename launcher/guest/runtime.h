/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a case, which is code of G1, can use.  All of it runs in the guest: no system calls, and no library
 * function that makes one.
 */
#pragma once

#include "guest/arena.h"

#include <x86intrin.h>

/* What has not come after this long never comes.  A busy machine has held up an emulated CPU for 20 s. */
#define LATE_CYCLES (1ull << 38)

/* States that GOT must be WANT.  The check reports the first statement that is false. */
void expect(const char *what, uint64_t got, uint64_t want);
/* The same for counts and times, which must lie between two bounds. */
void expect_between(const char *what, uint64_t got, uint64_t low, uint64_t high);

/* How often a case repeats its test. */
static inline uint64_t rounds(uint64_t full, uint64_t brief)
{
	return ARENA->brief ? brief : full;
}

/* Calls the launcher. */
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

/*
 * Runs one instruction that may fault, with RAX, RCX and RDX as given.  Its value is the vector of the
 * fault, or VECTORS if it did not fault.
 */
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
#define ICR_INIT 0x4500 /* an INIT to APIC 0, asserted */
#define ICR_NMI 0x40400 /* an NMI to itself */
#define ICR_SMI 0x4200	/* an SMI to APIC 0 */
#define X2APIC_INITIAL 0x838
#define X2APIC_CURRENT 0x839
#define X2APIC_DIVIDE 0x83e
#define X2APIC_SELF_IPI 0x83f
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_EFER 0xc0000080
#define MSR_TSC_RATIO 0xc0000104
#define MSR_VM_HSAVE_PA 0xc0010117

#define PIC_MASK 0x21 /* a port of the interrupt controller that KVM itself emulates */

void apic_enable(void);
/* Sends an interrupt to itself: it is pending from now on. */
static inline void apic_self(uint8_t vector)
{
	wrmsr(X2APIC_SELF_IPI, vector);
}
static inline bool apic_is_pending(uint8_t vector)
{
	return rdmsr(X2APIC_IRR + vector / 32) >> vector % 32 & 1;
}

/* Enables interrupts until VECTOR has come COUNT times or is certainly late.  Returns how often it came. */
uint64_t apic_wait(uint8_t vector, uint64_t count);

/* ---- G2 ---------------------------------------------------------------------------------- */

/*
 * Prepares a VMCB with the state in which G1 itself runs and a stack of its own; VMMCALL and shutdown are
 * intercepted.  N is 0 or 1.
 */
struct vmcb *g2_init(int n, const void *rip);
/* The same, with a copy of CODE followed by VMMCALL as its code. */
struct vmcb *g2_init_bytes(int n, const void *code, size_t len);
static inline void intercept(struct vmcb *v, unsigned int code, bool on)
{
	v->intercept[code / 32] =
		(v->intercept[code / 32] & ~(1u << code % 32)) | (uint32_t)on << code % 32;
}
#define RUN_FULL 1     /* with VMLOAD and VMSAVE, which exit themselves */
#define RUN_WITH_GIF 2 /* without CLGI before VMRUN */
/* Runs the VMCB until it exits; GIF is 0 afterwards. */
void guest_vmrun(struct vmcb *v, struct g2_registers *r, struct vmcb *host, uint64_t how);
static inline void stgi(void)
{
	asm volatile("stgi" ::: "memory");
}
static inline void clgi(void)
{
	asm volatile("clgi" ::: "memory");
}
/* Runs G2, sets GIF, and returns the exit code. */
uint64_t g2_run(struct vmcb *v);
uint64_t g2_run_full(struct vmcb *v);
/* G1 has handled G2's VMMCALL: G2 goes on behind it. */
static inline void g2_skip(struct vmcb *v, int bytes)
{
	v->rip += bytes;
}
/* Ends a function that is code of G2; if G2 runs again, it goes on behind the call. */
static inline void vmmcall(void)
{
	asm volatile("vmmcall" ::: "memory");
}
/* Whether CPUID Fn8000_000A_EDX offers this feature of AMD-V. */
static inline bool svm_has(unsigned int bit)
{
	uint32_t eax = 0x8000000a, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "+c"(ecx), "=d"(edx)::"ebx");
	return edx >> bit & 1;
}
#define SVM_NRIPS 3
#define SVM_TSC_RATIO 4
#define SVM_PAUSE_FILTER 10
#define SVM_PAUSE_THRESHOLD 12
#define SVM_VIRTUAL_VMLOAD 15
#define SVM_VGIF 16
#define SVM_VNMI 25
/* A random number; the sequence is determined by the seed. */
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
