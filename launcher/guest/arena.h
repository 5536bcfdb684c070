/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a small guest that the launcher runs itself, through /dev/kvm and without QEMU, to test
 * the KVM of its level.  The guest's code is part of the launcher.  The launcher's program image and the
 * arena have the same addresses in the launcher, in guest-physical memory and in the guest's page tables,
 * so that a pointer means the same everywhere.
 *
 * G1 is that guest.  On AMD-V it is a hypervisor itself and runs a guest, G2.  This tests the nested
 * virtualization of the level without another level.
 */
#pragma once

#include "guest/svm.h"

#include <stdbool.h>

#define PAGE 4096ul
#define HUGE (2ul << 20)
/*
 * A static program has nothing at this address.  Its heap begins within 1 GiB of its end, at an offset
 * that the kernel chooses (arch_randomize_brk in arch/x86/kernel/process.c), and grows to less than 128
 * MiB.
 */
#define ARENA_BASE 0x4c000000ul
#define WINDOW 0x60000000ul	  /* of G2: mapped by G1's nested page tables */
#define SMALL_WINDOW 0x50000000ul /* of G1: mapped by `small` */
#define CALL_PORT 0xf0
#define VECTORS 256
#define LOG_SIZE 8

/* What G1 asks the launcher for, by a byte to CALL_PORT. */
enum guest_call {
	CALL_DONE,
	CALL_CRASH, /* an unexpected exception came */
	CALL_HOST,  /* run the on_call() of the case */
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
	/* Results that the launcher reads */
	uint64_t cases;	  /* comparisons made */
	bool failed;	  /* a comparison failed; the first that did: */
	const char *what; /* its name */
	uint64_t got, want;
	uint64_t argument, answer; /* of CALL_HOST */
	bool have_svm, have_npt, have_hsave;
	bool brief;    /* few rounds, and nothing that needs time */
	bool inexact;  /* the CPU is a QEMU whose VMRUN forgets the shadow of STI */
	uint64_t seed; /* differs from level to level */

	/* Exceptions and interrupts, of G1 and of G2 */
	struct trap trap; /* the last exception */
	uint64_t traps, nmis;
	uint64_t nmi_again;		 /* NMIs that the NMI handler is to send itself */
	uint64_t nmi_depth, nmi_deepest; /* how many NMI handlers are active, now and at most */
	uint64_t nmi_calls;		 /* how often the NMI handler is to call the launcher */
	uint64_t event_rip;		 /* RIP that the last interrupt or NMI interrupted */
	uint64_t fixup;			 /* RIP to continue at after the next exception; 0: none */
	uint64_t fixup_stack;		 /* and RSP there, if the exception came from user mode */
	uint64_t irqs[VECTORS];
	bool eoi; /* interrupt handlers write the end-of-interrupt register */
	uint64_t scratch[64];

	struct g2_registers g2, g3;
	/* What G2 learned about G3: recursion.c */
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
	uint8_t stack[4][4 * PAGE]; /* of G1, of G2, of G2's interrupts, and a spare one */
	/* Memory that cases move */
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
#define G2_TSS 2048 /* of G2, in the page of tss: it has stacks of its own */
