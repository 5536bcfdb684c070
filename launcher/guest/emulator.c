// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What KVM does in place of the CPU: string I/O with its memory accesses and permissions, hypercalls, and
 * intercepted register writes.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <string.h>

#define PAGE_FAULT 14
#define GENERAL_PROTECTION 13
#define CR0_WP (1ull << 16)
#define CR4_PGE (1ull << 7)
#define EFER_LME 0x100ull
#define HYPERCALL_NONE 0xbad
#define KVM_ENOSYS 1000
#define KVM_EPERM 1
#define MSR_TSC_ADJUST 0x3b
#define JUMP (1ull << 45)

/* Runs an instruction at CPL 3, with RDX, RSI and RDI as given; an INT3 behind it returns. */
#define USER_TRY(text, rax, rdx, rsi, rdi)                                                         \
	({                                                                                         \
		struct arena *a_ = ARENA;                                                          \
		uint64_t rax_ = (uint64_t)(rax), rdx_ = (uint64_t)(rdx);                           \
		uint64_t rsi_ = (uint64_t)(rsi), rdi_ = (uint64_t)(rdi);                           \
                                                                                                   \
		a_->trap.vector = VECTORS;                                                         \
		asm volatile("leaq 2f(%%rip), %%rbx\n\tmovq %%rbx, %[fixup]\n\t"                   \
			     "movq %%rsp, %[stack]\n\tmovq %%rsp, %%rbx\n\t"                       \
			     "subq $256, %%rbx\n\t"                                                \
			     "pushq %[ss]\n\tpushq %%rbx\n\tpushfq\n\tpushq %[cs]\n\t"             \
			     "leaq 1f(%%rip), %%rbx\n\tpushq %%rbx\n\tiretq\n"                     \
			     "1:\t" text "\n\tint3\n2:"                                            \
			     : [fixup] "+m"(a_->fixup), [stack] "=m"(a_->fixup_stack), "+a"(rax_), \
			       "+d"(rdx_), "+S"(rsi_), "+D"(rdi_)                                  \
			     : [ss] "i"(USER_DATA), [cs] "i"(USER_64)                              \
			     : "rbx", "rcx", "cc", "memory");                                      \
		a_->scratch[60] = rax_;                                                            \
		a_->trap.vector;                                                                   \
	})

static uint64_t small_page(int page)
{
	return SMALL_WINDOW + page * PAGE;
}

static void map(int page, uint64_t flags)
{
	ARENA->small[page] = ((uint64_t)ARENA->region[0] + page * PAGE) | flags;
	asm volatile("invlpg (%0)" ::"r"(small_page(page)) : "memory");
}

static void expect_page_fault(const char *what, uint64_t vector, uint64_t error, uint64_t address)
{
	expect(what, vector, PAGE_FAULT);
	expect(what, ARENA->trap.error, error);
	expect(what, ARENA->trap.cr2, address);
}

/* As TRY(), for an instruction that has its address in another register and changes it. */
#define TRY_STRING(text, in_register, address)                                  \
	({                                                                      \
		struct arena *a_ = ARENA;                                       \
		uint64_t at_ = (address);                                       \
                                                                                \
		a_->trap.vector = VECTORS;                                      \
		asm volatile("leaq 1f(%%rip), %%rbx\n\tmovq %%rbx, %0\n\t" text \
			     "\n1:\tmovq $0, %0"                                \
			     : "+m"(a_->fixup), in_register(at_)                \
			     : "d"(PIC_MASK)                                    \
			     : "rbx", "memory");                                \
		a_->trap.vector;                                                \
	})

static uint64_t insert(uint64_t to)
{
	return TRY_STRING("insb", "+D", to);
}

static uint64_t output(uint64_t from)
{
	return TRY_STRING("outsb", "+S", from);
}

/* EBX of CPUID leaf 7, subleaf 0 */
static uint32_t extended_features(void)
{
	uint32_t eax = 7, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ebx;
}

static void try_permissions(void)
{
	uint64_t cr0;

	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	map(1, PTE_ALL);
	expect("exceptions of INS", insert(small_page(1)), VECTORS);
	map(1, PTE_PRESENT | PTE_USER);
	expect_page_fault("INS to a read-only page", insert(small_page(1)), 3, small_page(1));
	expect("exceptions of OUTS from a read-only page", output(small_page(1)), VECTORS);
	asm volatile("mov %0, %%cr0" ::"r"(cr0 & ~CR0_WP));
	expect("exceptions of INS to a read-only page without CR0.WP", insert(small_page(1)),
	       VECTORS);
	asm volatile("mov %0, %%cr0" ::"r"(cr0));
	expect_page_fault("INS to a read-only page with CR0.WP again", insert(small_page(1)), 3,
			  small_page(1));
	map(1, 0);
	expect_page_fault("INS to a page that is not there", insert(small_page(1)), 2,
			  small_page(1));
	expect_page_fault("OUTS from a page that is not there", output(small_page(1)), 0,
			  small_page(1));
	map(1, PTE_PRESENT | PTE_WRITE);
	expect("exceptions of OUTS from the kernel's page", output(small_page(1)), VECTORS);
}

/* The same in user mode, with IOPL 3: it may have pages of its own, but no hypercalls. */
static void try_user(void)
{
	asm volatile("pushfq\n\torq $0x3000, (%%rsp)\n\tpopfq" ::: "memory", "cc");
	map(2, PTE_ALL);
	expect("a user's INS", USER_TRY("insb", 0, PIC_MASK, 0, small_page(2)), 3);
	expect("a user's OUTS", USER_TRY("outsb", 0, PIC_MASK, small_page(2), 0), 3);
	map(2, PTE_PRESENT | PTE_WRITE);
	expect_page_fault("a user's INS to the kernel's page",
			  USER_TRY("insb", 0, PIC_MASK, 0, small_page(2)), 7, small_page(2));
	expect_page_fault("a user's OUTS from the kernel's page",
			  USER_TRY("outsb", 0, PIC_MASK, small_page(2), 0), 5, small_page(2));
	map(2, PTE_PRESENT | PTE_USER);
	expect_page_fault("a user's INS to a read-only page",
			  USER_TRY("insb", 0, PIC_MASK, 0, small_page(2)), 7, small_page(2));
	asm volatile("pushfq\n\tandq $~0x3000, (%%rsp)\n\tpopfq" ::: "memory", "cc");
	expect("a user's OUTS without the right to",
	       USER_TRY("outsb", 0, PIC_MASK, small_page(2), 0), GENERAL_PROTECTION);
	expect("a user's RDMSR", USER_TRY("rdmsr", 0, 0, 0, 0), GENERAL_PROTECTION);
	if (ARENA->have_svm) {
		expect("a user's hypercall", USER_TRY("vmmcall", HYPERCALL_NONE, 0, 0, 0), 3);
		expect("answer to a user's hypercall", ARENA->scratch[60], (uint64_t)-KVM_EPERM);
	}
}

#define CR4_SMAP (1ull << 21)
#define CPUID_SMAP (1u << 20)
#define CPUID_TSC_ADJUST (1u << 1)
#define RFLAGS_AC 0x40000ull

static void set_access_check(uint64_t ac)
{
	asm volatile("pushfq\n\tandq %0, (%%rsp)\n\torq %1, (%%rsp)\n\tpopfq" ::"r"(~RFLAGS_AC),
		     "r"(ac)
		     : "memory", "cc");
}

/* With SMAP the kernel may access user pages only while AC is set.  Its own pages are never user pages. */
static void try_smap(void)
{
	struct arena *a = ARENA;
	uint64_t cr3, cr4;

	if (!(extended_features() & CPUID_SMAP))
		return;
	for (int i = 0; i < 512; i++) {
		a->other_low[i] = a->pd[0][i] & ~PTE_USER;
		a->other_pd[i] = a->pd[1][i] & ~PTE_USER;
	}
	a->other_pd[SMALL_WINDOW >> 21 & 511] |= PTE_USER;
	a->other_pdpt[0] = (uint64_t)a->other_low | PTE_ALL;
	a->other_pdpt[1] = (uint64_t)a->other_pd | PTE_ALL;
	a->other_pml4[0] = (uint64_t)a->other_pdpt | PTE_ALL;
	map(5, PTE_ALL);
	map(6, PTE_PRESENT | PTE_WRITE);
	asm volatile("mov %%cr3, %0" : "=r"(cr3));
	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	asm volatile("mov %0, %%cr3" ::"r"((uint64_t)a->other_pml4) : "memory");
	asm volatile("mov %0, %%cr4" ::"r"(cr4 | CR4_SMAP) : "memory");
	expect_page_fault("OUTS of the kernel from a user's page", output(small_page(5)), 1,
			  small_page(5));
	expect_page_fault("INS of the kernel to a user's page", insert(small_page(5)), 3,
			  small_page(5));
	expect("exceptions of OUTS from the kernel's page with SMAP", output(small_page(6)),
	       VECTORS);
	set_access_check(RFLAGS_AC);
	expect("exceptions of OUTS from a user's page with AC", output(small_page(5)), VECTORS);
	set_access_check(0);
	asm volatile("mov %0, %%cr4" ::"r"(cr4) : "memory");
	expect("exceptions of OUTS from a user's page without SMAP", output(small_page(5)),
	       VECTORS);
	asm volatile("mov %0, %%cr3" ::"r"(cr3) : "memory");
}

/* String I/O in both directions, across the end of a page: each byte must arrive. */
static void try_strings(void)
{
	uint8_t *bytes = (uint8_t *)word(small_page(4)) - 8;
	uint64_t count = 16, at = (uint64_t)bytes, mask;

	map(3, PTE_ALL);
	map(4, PTE_ALL);
	for (int i = 0; i < 16; i++)
		bytes[i] = 0x40 + i;
	asm volatile("cld\n\trep outsb" : "+S"(at), "+c"(count) : "d"(PIC_MASK) : "memory");
	expect("count after REP OUTS", count, 0);
	expect("address after REP OUTS", at, (uint64_t)bytes + 16);
	asm volatile("inb %1, %b0" : "=a"(mask) : "i"(PIC_MASK));
	expect("the last byte of REP OUTS", mask & 0xff, 0x4f);
	count = 16;
	at = (uint64_t)bytes;
	memset(bytes, 0, 17);
	asm volatile("rep insb" : "+D"(at), "+c"(count) : "d"(PIC_MASK) : "memory");
	expect("count after REP INS", count, 0);
	expect("address after REP INS", at, (uint64_t)bytes + 16);
	for (int i = 0; i < 16; i++)
		expect("a byte of REP INS", bytes[i], 0x4f);
	expect("the byte behind REP INS", bytes[16], 0);
	count = 12;
	at = (uint64_t)bytes + 11;
	memset(bytes, 0, 17);
	asm volatile("std\n\trep insb\n\tcld" : "+D"(at), "+c"(count) : "d"(PIC_MASK) : "memory");
	expect("address after REP INS downwards", at, (uint64_t)bytes - 1);
	for (int i = 0; i < 16; i++)
		expect("a byte of REP INS downwards", bytes[i], i < 12 ? 0x4f : 0);
}

static void try_hypercall(void)
{
	uint64_t rax = HYPERCALL_NONE;

	if (!ARENA->have_svm) /* its instruction is VMCALL */
		return;
	asm volatile("vmmcall" : "+a"(rax)::"memory");
	expect("answer to a hypercall that there is not", rax, (uint64_t)-KVM_ENOSYS);
}

/* Registers whose writes KVM intercepts: reserved bits must fault. */
static void try_registers(void)
{
	uint64_t efer = rdmsr(MSR_EFER), cr4, cr0;

	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	expect("upper half of DR7", TRY("mov %%rcx, %%db7", 0, 1ull << 40 | 0x400, 0),
	       GENERAL_PROTECTION);
	expect("upper half of DR6", TRY("mov %%rcx, %%db6", 0, 1ull << 40, 0), GENERAL_PROTECTION);
	expect("EFER.LME while paging", TRY("wrmsr", efer & ~EFER_LME, MSR_EFER, efer >> 32),
	       GENERAL_PROTECTION);
	expect("reserved bit of EFER", TRY("wrmsr", efer | 2, MSR_EFER, efer >> 32),
	       GENERAL_PROTECTION);
	expect("EFER after that", rdmsr(MSR_EFER), efer);
	expect("CR4 without PAE in 64-bit mode", TRY("mov %%rcx, %%cr4", 0, cr4 & ~0x20ull, 0),
	       GENERAL_PROTECTION);
	expect("reserved bit of CR4", TRY("mov %%rcx, %%cr4", 0, cr4 | 1ull << 31, 0),
	       GENERAL_PROTECTION);
	expect("CR0.PG without PE", TRY("mov %%rcx, %%cr0", 0, cr0 & ~1ull, 0), GENERAL_PROTECTION);
	expect("CR0.NW without CD", TRY("mov %%rcx, %%cr0", 0, cr0 | 1ull << 29, 0),
	       GENERAL_PROTECTION);
}

/* A change of CR4.PGE flushes global pages. */
static void try_global(void)
{
	struct arena *a = ARENA;
	volatile uint64_t *p = word(small_page(7));
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	for (uint64_t i = 0; i < 8; i++) {
		*word((uint64_t)a->region[0] + (8 + i) * PAGE) = 0x9000 + i;
		a->small[7] = ((uint64_t)a->region[0] + (8 + i) * PAGE) | PTE_ALL | 1ull << 8;
		asm volatile("mov %0, %%cr4" ::"r"(i & 1 ? cr4 : cr4 | CR4_PGE) : "memory");
		expect("global page after a change of CR4.PGE", *p, 0x9000 + i);
	}
}

/* IA32_TSC_ADJUST, by which a guest offsets its own TSC. */
static void try_tsc_adjust(void)
{
	uint64_t before = rdmsr(MSR_TSC_ADJUST), start;

	if (!(extended_features() & CPUID_TSC_ADJUST))
		return;
	start = __rdtsc();
	wrmsr(MSR_TSC_ADJUST, before + JUMP);
	expect_between("TSC after its adjustment", __rdtsc() - start, JUMP, JUMP + JUMP / 2);
	expect("TSC_ADJUST", rdmsr(MSR_TSC_ADJUST), before + JUMP);
	wrmsr(MSR_TSC_ADJUST, before);
	expect_between("TSC after that was taken back", __rdtsc() - start, 0, JUMP / 2);
	wrmsr(0x10, start);
	expect_between("TSC after it was written", __rdtsc() - start, 0, JUMP / 2);
}

void case_emulator(void)
{
	try_permissions();
	try_user();
	try_smap();
	try_strings();
	try_hypercall();
	try_registers();
	try_global();
	try_tsc_adjust();
}
