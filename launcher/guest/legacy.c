// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hypervisor in 32-bit mode.  Its nested page tables then have the format of its own page tables, two
 * levels of 4-byte entries, or three with PAE (APM volume 2, 15.25.3).
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#define ROUNDS 4
#define OFFSET 0x40
#define CR4_PAE 0x20ull
#define PDPT_INDEX 8 /* the four entries need not be at the start of a page */
#define NPF_USER_FINAL (4ull | 1ull << 32)

/*
 * guest_run_legacy(VMCB, CR3, CR4) leaves long mode, executes VMRUN unless VMCB is NULL, and comes
 * back.  CR3 must map this code, the stack and the VMCB where the page tables of long mode do.  An
 * exception in between is a triple fault.
 */
asm(".pushsection .text.guest_run_legacy, \"ax\"\n"
    ".globl guest_run_legacy\nguest_run_legacy:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %cr4, %rax\npush %rax\nmov %cr3, %rax\npush %rax\n"
    "mov %edx, %ebp\n"
    "clgi\n"
    "pushq $0x18\nlea 1f(%rip), %rax\npush %rax\nlretq\n" /* CODE_32 */
    ".code32\n"
    "1: mov %cr0, %eax\nand $0x7fffffff, %eax\nmov %eax, %cr0\n"
    "mov $0xc0000080, %ecx\nrdmsr\nand $~0x100, %eax\nwrmsr\n" /* EFER.LME */
    "mov %ebp, %cr4\nmov %esi, %cr3\n"
    "mov %cr0, %eax\nor $0x80000000, %eax\nmov %eax, %cr0\n"
    "mov %edi, %eax\ntest %eax, %eax\njz 2f\n"
    ".byte 0x0f, 0x01, 0xd8\n" /* vmrun */
    "2: mov %cr0, %eax\nand $0x7fffffff, %eax\nmov %eax, %cr0\n"
    "mov 8(%esp), %eax\nmov %eax, %cr4\n"
    "mov $0xc0000080, %ecx\nrdmsr\nor $0x100, %eax\nwrmsr\n"
    "mov (%esp), %eax\nmov %eax, %cr3\n"
    "mov %cr0, %eax\nor $0x80000000, %eax\nmov %eax, %cr0\n"
    "push $0x08\ncall 4f\n4: addl $(3f - 4b), (%esp)\nlret\n" /* CODE_64 */
    ".code64\n"
    "3: mov %esp, %esp\n" /* its upper half is undefined */
    "stgi\n"
    "pop %rax\npop %rax\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\n"
    "ret\n"
    ".popsection");
void guest_run_legacy(struct vmcb *v, uint64_t cr3, uint64_t cr4);

/* mov WINDOW + OFFSET, %eax */
static const char read_code[] = "\x8b\x04\x25\x40\x00\x00\x60";

/* Page tables of G1 and its nested ones, which differ in what they map at WINDOW */
struct format {
	uint64_t cr3, nested_cr3, cr4;
	void (*map)(uint64_t to); /* maps WINDOW in the nested ones; 0: to nothing */
};

static uint64_t run(const struct format *f, struct vmcb *v)
{
	v->nested_cr3 = f->nested_cr3;
	v->tlb_control = 1;
	guest_run_legacy(v, f->cr3, f->cr4);
	return v->exit_code;
}

static void try_format(const struct format *f)
{
	struct arena *a = ARENA;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		uint64_t value = guest_random() & 0xffffffff;
		uint8_t *page = a->region[i & 1] + i * PAGE;
		struct vmcb *v = g2_init_bytes(0, read_code, 7);

		*(uint32_t *)(page + OFFSET) = value;
		f->map((uint64_t)page);
		expect("G2 of a 32-bit hypervisor", run(f, v), EXIT_VMMCALL);
		expect("what it read", v->rax, value);
		expect("EFER.LME of G1 behind it", rdmsr(MSR_EFER) & 0x100, 0x100);
		f->map(0);
		v = g2_init_bytes(0, read_code, 7);
		expect("G2 of a 32-bit hypervisor, without memory", run(f, v), EXIT_NPF);
		expect("address of its fault", v->exit_info_2, WINDOW + OFFSET);
		expect("error code of its fault", v->exit_info_1, NPF_USER_FINAL);
		expect("a 64-bit VMRUN behind it", g2_run(g2_init_bytes(0, "\x90", 1)),
		       EXIT_VMMCALL);
	}
}

/* ---- two levels -------------------------------------------------------------------------- */

static uint32_t *nested_table(void)
{
	return (uint32_t *)ARENA->npt_spare;
}

static void map_4_bytes(uint64_t to)
{
	nested_table()[0] = to ? (uint32_t)to | PTE_ALL : 0;
}

static void try_two_levels(uint64_t cr4)
{
	struct arena *a = ARENA;
	uint32_t *mine = (uint32_t *)a->other_low, *nested = (uint32_t *)a->other_small;
	const struct format f = { (uint64_t)mine, (uint64_t)nested, cr4 & ~CR4_PAE, map_4_bytes };

	for (uint32_t i = 0; i < 1024; i++)
		mine[i] = nested[i] = i << 22 | PTE_ALL | PTE_HUGE; /* 4 MiB */
	nested[WINDOW >> 22] = (uint32_t)(uint64_t)a->npt_spare | PTE_ALL;
	try_format(&f);
}

/* ---- PAE --------------------------------------------------------------------------------- */

static void map_8_bytes(uint64_t to)
{
	ARENA->npt_spare[0] = to ? to | PTE_ALL : 0;
}

/* QEMU sets a reserved bit in entries that it uses, so that KVM refuses them: docs/found */
static bool are_spoiled(const uint64_t *pdpt)
{
	bool spoiled = false;

	for (int i = 0; i < 4; i++)
		spoiled |= !!(pdpt[i] & PTE_ACCESSED);
	return spoiled;
}

static void try_pae(uint64_t cr4)
{
	struct arena *a = ARENA;
	uint64_t *nested = a->other_low + PDPT_INDEX;
	uint64_t *entry = &a->npt_pd[WINDOW >> 30][WINDOW >> 21 & 511];
	const struct format f = { (uint64_t)a->other_pdpt, (uint64_t)nested, cr4 | CR4_PAE,
				  map_8_bytes };

	for (int i = 0; i < 4; i++) {
		a->other_pdpt[i] = (uint64_t)a->pd[i] | PTE_PRESENT;
		nested[i] = (uint64_t)a->npt_pd[i] | PTE_PRESENT;
	}
	guest_run_legacy(NULL, f.cr3, f.cr4);
	if (are_spoiled(a->other_pdpt))
		return;
	*entry = (uint64_t)a->npt_spare | PTE_ALL;
	try_format(&f);
	*entry = WINDOW | PTE_ALL | PTE_HUGE;
}

void case_legacy(void)
{
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	try_two_levels(cr4);
	try_pae(cr4);
}
