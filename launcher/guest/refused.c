// SPDX-License-Identifier: GPL-2.0-or-later
/* VMCBs that VMRUN must refuse (APM volume 2, 15.5.1), and instructions of AMD-V that must fault. */
#include "guest/cases.h"
#include "guest/runtime.h"

#define VECTOR 0x61

static struct vmcb *prepare(void)
{
	return g2_init_bytes(0, "\x90", 1);
}

/* Add a rule by adding a line. */
#define REFUSED(what, change)                                                          \
	do {                                                                           \
		struct vmcb *v = prepare();                                            \
		change;                                                                \
		expect(what, g2_run(v), EXIT_INVALID);                                 \
		expect("RIP of a G2 that was refused", v->rip, (uint64_t)ARENA->code); \
	} while (0)

static void try_refusals(void)
{
	REFUSED("EFER.SVME is 0", v->efer &= ~0x1000ull);
	REFUSED("CR0.CD is 0 and NW is 1", v->cr0 |= 1 << 29);
	REFUSED("CR0 has upper bits", v->cr0 |= 1ull << 32);
	REFUSED("CR4 has reserved bits", v->cr4 |= 1ull << 40);
	REFUSED("DR6 has upper bits", v->dr6 |= 1ull << 32);
	REFUSED("DR7 has upper bits", v->dr7 |= 1ull << 32);
	REFUSED("long mode without PAE", v->cr4 &= ~0x20ull);
	REFUSED("long mode without protection", v->cr0 &= ~1ull);
	REFUSED("CS with L and D", v->cs.attributes |= 0x400);
	REFUSED("VMRUN is not intercepted", intercept(v, EXIT_VMRUN, false));
	REFUSED("ASID is 0", v->asid = 0);
	REFUSED("EFER has reserved bits", v->efer |= 1ull << 20);
}

/* The first physical address that the CPU does not have (CPUID Fn8000_0008_EAX[7:0]); 0: there is none. */
static uint64_t beyond_memory(void)
{
	uint32_t eax = 0x80000008, ecx = 0;

	asm volatile("cpuid" : "+a"(eax), "+c"(ecx)::"ebx", "edx");
	return (eax & 0xff) < 52 ? 1ull << (eax & 0xff) : 0;
}

static void try_addresses(void)
{
	uint64_t beyond = beyond_memory();

	if (!beyond)
		return;
	if (ARENA->have_npt)
		REFUSED("nested CR3 beyond physical memory", v->nested_cr3 = beyond);
	REFUSED("CR3 beyond physical memory", v->cr3 = beyond);
	REFUSED("I/O map beyond physical memory", v->iopm = beyond);
	REFUSED("MSR map beyond physical memory", v->msrpm = beyond);
	REFUSED("end of the I/O map beyond physical memory", v->iopm = beyond - PAGE);
}

/* A refused VMRUN is an exit too: GIF is 0. */
static void try_gif(void)
{
	struct arena *a = ARENA;
	struct vmcb *v = prepare();
	uint64_t efer = rdmsr(MSR_EFER);

	apic_enable();
	v->asid = 0;
	asm volatile("sti");
	guest_vmrun(v, &a->g2, &a->host_vmcb, RUN_WITH_GIF);
	expect("ASID is 0", v->exit_code, EXIT_INVALID);
	apic_self(VECTOR);
	exit_once();
	expect("interrupts behind a VMRUN that was refused", a->irqs[VECTOR], 0);
	stgi();
	exit_once();
	expect("interrupts behind STGI", a->irqs[VECTOR], 1);
	clgi();
	apic_self(VECTOR);
	exit_once();
	expect("interrupts with GIF at 0", a->irqs[VECTOR], 1);
	if (!a->brief) { /* Linux 7.3 leaves it at 0 */
		wrmsr(MSR_EFER, efer & ~0x1000ull);
		exit_once();
		expect("interrupts without EFER.SVME", a->irqs[VECTOR], 2);
		wrmsr(MSR_EFER, efer);
	}
	stgi();
	asm volatile("cli");
	a->eoi = false;
}

static void try_faults(void)
{
	struct arena *a = ARENA;
	uint64_t efer = rdmsr(MSR_EFER);

	expect("VMRUN of no page", TRY("vmrun", 0x123, 0, 0), 13);
	expect("VMRUN beyond physical memory", TRY("vmrun", 1ull << 60, 0, 0), 13);
	wrmsr(MSR_EFER, efer & ~0x1000ull);
	expect("VMRUN without EFER.SVME", TRY("vmrun", a->vmcb, 0, 0), 6);
	wrmsr(MSR_EFER, efer);
	expect("G2 after EFER.SVME was 0", g2_run(prepare()), EXIT_VMMCALL);
	expect("reserved bits of EFER", TRY("wrmsr", 0x80000000, MSR_EFER, 1), 13);
	expect("VM_HSAVE_PA of no page", TRY("wrmsr", 0x123, MSR_VM_HSAVE_PA, 0), 13);
}

void case_refused(void)
{
	expect("VMRUN without VM_HSAVE_PA", TRY("vmrun", ARENA->vmcb, 0, 0), 13);
	try_refusals();
	try_addresses();
	try_faults();
	try_gif();
}
