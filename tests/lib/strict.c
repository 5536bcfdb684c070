// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A machine of its own, started by multiboot: shows which liberties the AMD-V below it takes.  It prints a line
 * for each by port 0xe9, `NAME: yes` or `NAME: no`, and `FAIL: NAME` for what no CPU may do.
 *
 * gcc -m32 -ffreestanding -fno-pic -fcf-protection=none -nostdlib -static -Wl,-Ttext=0x100000
 */
#include "../../launcher/guest/svm.h"

#include <stdbool.h>

#define MSR_EFER 0xc0000080
#define EFER_SVME (1u << 12)
#define MSR_VM_HSAVE_PA 0xc0010117
#define CR0 0x80000011u /* PG, ET, PE */
#define CR4 0x20u	/* PAE */
#define PAGE_2M 0xe7u	/* present, writable, user, accessed, dirty, 2 MiB */
#define TABLE 0x27u
#define PAT 0x0007040600070406ull

#define NMI_AS_EXCEPTION 0x80000302u /* EVENTINJ: valid, an exception, vector 2 */

#define CLEAN_INTERCEPTS (1u << 0)
#define CLEAN_ASID (1u << 2)
#define CLEAN_CR2 (1u << 9)

#define DATA 0x1000000u	 /* its page is elsewhere in the other nested page table */
#define OTHER 0x1200000u /* there */

asm(".pushsection .text\n"
    ".balign 4\n"
    ".long 0x1badb002, 0, -0x1badb002\n" /* Multiboot Specification 0.6.96, 3.1.1 */
    ".globl _start\n"
    "_start: mov $stack_end, %esp\n"
    "	call machine_main\n"
    "	hlt\n"
    "guest_load: mov (%ecx), %eax\n"
    "	vmmcall\n"
    "guest_cr2: mov %cr2, %eax\n"
    "	vmmcall\n"
    "guest_cpuid: cpuid\n"
    "	vmmcall\n"
    ".popsection\n"
    ".pushsection .bss\n"
    ".balign 16\n"
    ".skip 16384\n"
    "stack_end:\n"
    ".popsection\n");
extern char guest_load[], guest_cr2[], guest_cpuid[];

static struct vmcb vmcb;
static uint8_t host_save[4096] __attribute__((aligned(4096)));
static uint8_t maps[5][4096]
	__attribute__((aligned(4096))); /* I/O and MSRs: nothing is intercepted */
static uint64_t directory[2][512] __attribute__((aligned(4096)));
static uint64_t pointers[2][4] __attribute__((aligned(4096)));

static void say(const char *text)
{
	for (; *text; text++)
		asm volatile("outb %0, $0xe9" : : "a"(*text));
}

static void liberty(const char *name, bool taken)
{
	say(name);
	say(taken ? ": yes\n" : ": no\n");
}

static void must(const char *name, bool right)
{
	if (right)
		return;
	say("FAIL: ");
	say(name);
	say("\n");
}

static void write_msr(uint32_t msr, uint32_t value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"(value), "d"(0));
}

/* Both map the first GiB to itself, but for the page of DATA. */
static void begin_paging(void)
{
	for (int t = 0; t < 2; t++) {
		for (uint32_t i = 0; i < 512; i++)
			directory[t][i] = (i << 21) | PAGE_2M;
		pointers[t][0] = (uint32_t)directory[t] | 1;
	}
	directory[1][DATA >> 21] = OTHER | PAGE_2M;
	asm volatile("mov %0, %%cr4; mov %1, %%cr3; mov %2, %%cr0"
		     :
		     : "r"(CR4), "r"(pointers[0]), "r"(CR0)
		     : "memory");
}

static struct vmcb_segment flat(uint16_t attributes)
{
	return (struct vmcb_segment){ .selector = 8, .attributes = attributes, .limit = ~0u };
}

static void begin_vmcb(void)
{
	write_msr(MSR_EFER, EFER_SVME);
	write_msr(MSR_VM_HSAVE_PA, (uint32_t)host_save);
	vmcb.intercept[EXIT_VMRUN / 32] |= 1u << EXIT_VMRUN % 32;
	vmcb.intercept[EXIT_VMMCALL / 32] |= 1u << EXIT_VMMCALL % 32;
	vmcb.iopm = (uint32_t)maps[0];
	vmcb.msrpm = (uint32_t)maps[3];
	vmcb.asid = 1;
	vmcb.tlb_control = 1;
	vmcb.nested_ctl = 1;
	vmcb.nested_cr3 = (uint32_t)pointers[0];
	vmcb.cs = flat(0xc9b);
	vmcb.es = vmcb.ss = vmcb.ds = flat(0xc93);
	vmcb.efer = EFER_SVME;
	vmcb.cr0 = CR0;
	vmcb.cr3 = (uint32_t)pointers[0];
	vmcb.cr4 = CR4;
	vmcb.dr6 = 0xffff0ff0;
	vmcb.dr7 = 0x400;
	vmcb.g_pat = PAT;
}

/* Runs the guest's code until its #VMEXIT; what it has in EAX then. */
static uint32_t run(const char *code)
{
	uint32_t a = (uint32_t)&vmcb, c = DATA;

	vmcb.rip = (uint32_t)code;
	vmcb.rflags = 2;
	asm volatile("clgi; vmrun %%eax; stgi" : "+a"(a), "+c"(c) : : "ebx", "edx", "memory");
	vmcb.tlb_control = 0;
	return vmcb.rax;
}

static void clean_bits(void)
{
	vmcb.cr2 = 0x1000;
	must("cr2", run(guest_cr2) == 0x1000);
	vmcb.cr2 = 0x2000;
	vmcb.clean = CLEAN_CR2;
	liberty("clean_state", run(guest_cr2) == 0x1000);
	vmcb.cr2 = 0x3000;
	vmcb.clean = 0;
	must("dirty_state", run(guest_cr2) == 0x3000);

	vmcb.intercept[EXIT_CPUID / 32] |= 1u << EXIT_CPUID % 32;
	vmcb.clean = CLEAN_INTERCEPTS;
	run(guest_cpuid);
	liberty("clean_intercepts", vmcb.exit_code == EXIT_VMMCALL);
	vmcb.clean = 0;
	run(guest_cpuid);
	must("dirty_intercepts", vmcb.exit_code == EXIT_CPUID);
	vmcb.intercept[EXIT_CPUID / 32] &= ~(1u << EXIT_CPUID % 32);
}

static uint32_t load_by(uint32_t asid, int table, uint8_t tlb_control)
{
	vmcb.asid = asid;
	vmcb.nested_cr3 = (uint32_t)pointers[table];
	vmcb.tlb_control = tlb_control;
	return run(guest_load);
}

static void tlb(void)
{
	*(volatile uint32_t *)DATA = 'A';
	*(volatile uint32_t *)OTHER = 'B';
	must("load", load_by(1, 0, 1) == 'A');
	liberty("asid_over_nested_cr3", load_by(1, 1, 0) == 'A');
	must("new_asid", load_by(2, 1, 0) == 'B');
	liberty("asid_again", load_by(1, 1, 0) == 'A');
	must("flush_asid", load_by(1, 1, 3) == 'B');
	must("flushed_asid", load_by(1, 1, 0) == 'B');
	must("flush_all", load_by(2, 0, 1) == 'A');
}

static void checks(void)
{
	vmcb.tlb_control = 2; /* reserved */
	run(guest_cr2);
	liberty("reserved_tlb_control", vmcb.exit_code == EXIT_INVALID);
	vmcb.g_pat = 2; /* no memory type */
	run(guest_cr2);
	liberty("invalid_pat", vmcb.exit_code == EXIT_INVALID);
	vmcb.g_pat = PAT;
	run(guest_cr2);
	must("valid", vmcb.exit_code == EXIT_VMMCALL);
}

/* The guest has not executed anything: its VMCB still says where it begins. */
static void invalid_event(void)
{
	vmcb.event_inj = NMI_AS_EXCEPTION;
	run(guest_cr2);
	must("invalid_event", vmcb.exit_code == EXIT_INVALID);
	must("rip_of_invalid_event", vmcb.rip == (uint32_t)guest_cr2);
	vmcb.event_inj = 0;
}

void machine_main(void)
{
	begin_paging();
	begin_vmcb();
	clean_bits();
	tlb();
	checks();
	invalid_event();
	vmcb.exit_info_1 = vmcb.exit_info_2 = 0;
	run(guest_cr2);
	liberty("undefined_exit_info", vmcb.exit_info_1 && vmcb.exit_info_2);
	say("end\n");
	asm volatile("outb %0, $0xf4" : : "a"((char)0));
}
