/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AMD-V as a hypervisor sees it: the VMCB and its exit codes.  AMD64 Architecture Programmer's Manual,
 * volume 2, appendices B and C.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct vmcb_segment {
	uint16_t selector, attributes;
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	uint32_t intercept[6]; /* bit b of word w intercepts exit code 32 * w + b */
	uint8_t reserved_1[0x3c - 0x18];
	uint16_t pause_threshold, pause_count;
	uint64_t iopm, msrpm, tsc_offset;
	uint32_t asid;
	uint8_t tlb_control, reserved_2[3];
	uint32_t int_ctl, int_vector, int_shadow, reserved_3;
	uint64_t exit_code, exit_info_1, exit_info_2;
	uint32_t exit_int_info, exit_int_error;
	uint64_t nested_ctl;
	uint8_t reserved_4[0x10];
	uint32_t event_inj, event_error;
	uint64_t nested_cr3, virt_ext;
	uint32_t clean, reserved_5;
	uint64_t next_rip;
	uint8_t instruction_bytes[16];
	uint8_t reserved_6[0x3e0 - 0xe0];
	uint64_t rec_ctl, rec_vmcb, rec_deadline, reserved_rec; /* docs/recursion.md */
	/* The state save area */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved_7[0x4cb - 0x4a0];
	uint8_t cpl;
	uint32_t reserved_8;
	uint64_t efer;
	uint8_t reserved_9[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved_10[0x5d8 - 0x580];
	uint64_t rsp, s_cet, ssp, isst, rax;
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	uint8_t reserved_11[0x668 - 0x648];
	uint64_t g_pat, dbgctl, br_from, br_to, exception_from, exception_to;
	uint8_t reserved_12[0x1000 - 0x698];
} __attribute__((packed, aligned(4096)));

_Static_assert(offsetof(struct vmcb, exit_code) == 0x70, "control area");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "control area");
_Static_assert(offsetof(struct vmcb, rec_vmcb) == 0x3e8, "control area");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "save area");
_Static_assert(offsetof(struct vmcb, g_pat) == 0x668, "save area");
_Static_assert(sizeof(struct vmcb) == 4096, "one page");

enum svm_exit {
	EXIT_CR0_READ = 0x00,
	EXIT_CR0_WRITE = 0x10,
	EXIT_DR0_READ = 0x20,
	EXIT_DR0_WRITE = 0x30,
	EXIT_EXCEPTION = 0x40, /* plus the vector */
	EXIT_INTR = 0x60,
	EXIT_NMI = 0x61,
	EXIT_SMI = 0x62,
	EXIT_INIT = 0x63,
	EXIT_VINTR = 0x64,
	EXIT_CR0_SELECTIVE = 0x65,
	EXIT_RDTSC = 0x6e,
	EXIT_CPUID = 0x72,
	EXIT_IRET = 0x74,
	EXIT_PAUSE = 0x77,
	EXIT_HLT = 0x78,
	EXIT_IOIO = 0x7b,
	EXIT_MSR = 0x7c,
	EXIT_SHUTDOWN = 0x7f,
	EXIT_VMRUN = 0x80,
	EXIT_VMMCALL = 0x81,
	EXIT_NPF = 0x400,
};
#define EXIT_DEADLINE 0xf0000001ull
#define EXIT_INVALID (~0ull)

#define V_IRQ (1u << 8)
#define V_GIF (1u << 9)
#define V_NMI (1u << 11)
#define V_NMI_MASK (1u << 12)
#define V_PRIORITY(n) ((uint32_t)(n) << 16)
#define V_IGNORE_TPR (1u << 20)
#define V_INTR_MASKING (1u << 24)
#define V_GIF_ENABLE (1u << 25)
#define V_NMI_ENABLE (1u << 26)

/* REC_CTL, REC_VMCB, and the MSR that offers them */
#define REC_ENABLE 1ull
#define REC_DEADLINE 2ull
#define REC_VALID 1ull
#define MSR_RECURSION 0x4b564df0
#define RECURSION_VMLOAD 4ull

#define VIRTUAL_VMLOAD_VMSAVE 2ull /* of VIRT_EXT */

#define INJECT_VALID (1u << 31)
#define INJECT_ERROR (1u << 11)
#define INJECT_INTR (0u << 8)
#define INJECT_NMI (2u << 8)
#define INJECT_EXCEPTION (3u << 8)
#define INJECT_SOFTWARE (4u << 8)
