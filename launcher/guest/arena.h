/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a small guest that the launcher runs itself, by /dev/kvm and without a QEMU, to try what
 * its level's KVM does.  The guest is code of the launcher: its program image and the arena are mapped at
 * the same addresses in the launcher, in the guest's physical memory and in its page tables, so that a
 * pointer means the same everywhere.
 *
 * G1 is that guest.  On AMD-V it is a hypervisor itself and runs G2, by which the nested virtualization of
 * this very level is tried, without another level.
 */
#ifndef SUPERNEST_ARENA_H
#define SUPERNEST_ARENA_H

#include "guest/svm.h"

#include <stdbool.h>

#define PAGE 4096ul
#define HUGE (2ul << 20)
/*
 * Nothing of a static program is there: its heap begins within 1 GiB behind its end, which the kernel chooses
 * (arch_randomize_brk in arch/x86/kernel/process.c), and grows to less than 128 MiB.
 */
#define ARENA_BASE 0x4c000000ul
#define WINDOW 0x60000000ul	  /* G2's: what is there, G1's nested page tables say */
#define SMALL_WINDOW 0x50000000ul /* G1's: mapped by 4 KiB pages in `small` */
#define CALL_PORT 0xf0
#define VECTORS 256
#define LOG_SIZE 8

/* What G1 asks of the launcher, by a byte to CALL_PORT. */
enum guest_call {
	CALL_DONE,
	CALL_CRASH, /* an exception that nobody expected */
	CALL_HOST,  /* whatever the check does then */
};

/* General registers of G2, in the order in which vmrun.c loads them; RAX and RSP are in the VMCB. */
struct g2_registers {
	uint64_t rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
};

struct trap {
	uint64_t vector, error, rip, cr2, rflags, cs;
};

struct descriptor {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct arena {
	/* What is said to the launcher */
	uint64_t cases;	  /* facts that were compared */
	bool failed;	  /* the first one that was wrong: */
	const char *what; /* is what, */
	uint64_t got, want;
	uint64_t argument, answer; /* of CALL_HOST */
	bool have_svm, have_npt, have_hsave;
	bool brief;    /* few rounds, and nothing that only time can show */
	uint64_t seed; /* each level's values differ */

	/* Exceptions and interrupts, whoever took them */
	struct trap trap; /* the last exception */
	uint64_t traps, nmis;
	uint64_t nmi_again;		 /* NMIs that the handler sends, */
	uint64_t nmi_depth, nmi_deepest; /* and how many of it were at work at once */
	uint64_t nmi_calls;		 /* how often it is to call the launcher */
	uint64_t event_rip;		 /* what the last interrupt or NMI came before */
	uint64_t fixup;			 /* where to go on after an exception, once, */
	uint64_t fixup_stack;		 /* and the stack there, if it was a user's */
	uint64_t irqs[VECTORS];
	bool eoi; /* the interrupt controller wants to hear that an interrupt was handled */
	uint64_t scratch[64];

	struct g2_registers g2, g3;
	/* What G2 was told of G3: recursion.c */
	struct {
		uint64_t count, code[LOG_SIZE], info_2[LOG_SIZE], event[LOG_SIZE];
	} log;

	uint64_t pml4[512] __attribute__((aligned(4096)));
	uint64_t pdpt[512], pd[4][512], small[512];
	uint64_t npt_pml4[512], npt_pdpt[512], npt_pd[4][512], npt_small[512], npt_spare[512];
	uint64_t other_pml4[512], other_pdpt[512], other_pd[512], other_small[512], other_low[512];
	struct {
		uint64_t low, high;
	} idt[VECTORS], other_idt[VECTORS];
	uint64_t gdt[16] __attribute__((aligned(4096)));
	uint8_t tss[PAGE] __attribute__((aligned(4096)));
	struct vmcb vmcb[2], host_vmcb;
	uint8_t hsave[PAGE];
	uint8_t msrpm[2 * PAGE], iopm[3 * PAGE];
	uint8_t inner_msrpm[2 * PAGE], inner_iopm[3 * PAGE]; /* G3's */
	uint8_t code[2 * PAGE];				     /* of G2, written by G1 */
	uint8_t stack[4][4 * PAGE]; /* G1's, G2's, of its interrupts and one more */
	/* Memory that is moved */
	uint8_t region[3][HUGE] __attribute__((aligned(2 << 20)));
};

#define ARENA ((struct arena *)ARENA_BASE)

/* Selectors in the GDT */
#define CODE_64 0x08
#define DATA 0x10
#define CODE_32 0x18
#define USER_DATA 0x2b
#define USER_64 0x33
#define TASK 0x40
#define G2_TSS 2048 /* its task state segment in the page of tss: stacks of its own */

#endif
