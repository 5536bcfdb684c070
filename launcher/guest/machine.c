// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "guest/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define CR0 0x80050033ull /* PG AM WP NE ET MP PE */
#define CR4 0x630ull	  /* OSXMMEXCPT OSFXSR PAE PSE */
#define EFER 0xd01ull	  /* NXE LMA LME SCE */
#define EFER_SVME 0x1000ull
#define APIC_BASE 0xfee00d00ull /* enabled, x2APIC, bootstrap processor */
#define TSS_ADDRESS 0xfffbd000ull
#define IDENTITY_MAP 0xfffbc000ull
#define CPUID_ENTRIES 128

/* The program image, by the linker */
extern const uint8_t __executable_start[], _end[];

int machine_fail(struct machine *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(m->why, sizeof(m->why), fmt, args);
	va_end(args);
	return -1;
}

static int failed_ioctl(struct machine *m, const char *name)
{
	return machine_fail(m, "%s: %s", name, strerror(errno));
}

/* ---- memory ------------------------------------------------------------------------------ */

static int map_arena(struct machine *m)
{
	void *p = mmap((void *)ARENA_BASE, sizeof(struct arena), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != MAP_FAILED && p != (void *)ARENA_BASE) { /* a kernel before 4.17 */
		munmap(p, sizeof(struct arena));
		errno = EEXIST;
		p = MAP_FAILED;
	}
	if (p == MAP_FAILED)
		return machine_fail(m, "memory for a guest at 0x%lx: %s", ARENA_BASE,
				    strerror(errno));
	madvise(p, sizeof(struct arena), MADV_HUGEPAGE);
	return 0;
}

int machine_set_slot(struct machine *m, int slot, uint32_t flags, uint64_t address,
		     const void *memory, size_t bytes)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = address,
		.memory_size = bytes,
		.userspace_addr = (uint64_t)memory,
	};

	return ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region)
		       ? failed_ioctl(m, "KVM_SET_USER_MEMORY_REGION")
		       : 0;
}

int machine_get_log(struct machine *m, int slot, uint64_t *bitmap)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return ioctl(m->vm, KVM_GET_DIRTY_LOG, &log) ? failed_ioctl(m, "KVM_GET_DIRTY_LOG") : 0;
}

static void fill_identity(uint64_t *pml4, uint64_t *pdpt, uint64_t pd[4][512], uint64_t flags)
{
	pml4[0] = (uint64_t)pdpt | (flags & ~0x80ull);
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (uint64_t)pd[i] | (flags & ~0x80ull);
	for (uint64_t i = 0; i < 4 * 512; i++)
		pd[i / 512][i % 512] = i * HUGE | flags;
}

static void fill_gdt(struct arena *a)
{
	uint64_t base = (uint64_t)a->tss;

	a->gdt[CODE_64 / 8] = 0x00af9b000000ffff;
	a->gdt[DATA / 8] = 0x00cf93000000ffff;
	a->gdt[CODE_32 / 8] = 0x00cf9b000000ffff;
	a->gdt[USER_DATA / 8] = 0x00cff3000000ffff;
	a->gdt[USER_64 / 8] = 0x00affb000000ffff;
	a->gdt[TASK / 8] = 0x0000890000000067 | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
	a->gdt[TASK / 8 + 1] = base >> 32;
	/* No I/O map: its base is behind the limit.  RSP0 and IST1 of G1, then of G2: APM volume 2, 12.2.5 */
	*(uint16_t *)(a->tss + 0x66) = *(uint16_t *)(a->tss + G2_TSS + 0x66) = 0x68;
	*(uint64_t *)(a->tss + 0x04) = *(uint64_t *)(a->tss + 0x24) =
		(uint64_t)a->stack[2] + sizeof(a->stack[0]);
	*(uint64_t *)(a->tss + G2_TSS + 0x04) = *(uint64_t *)(a->tss + G2_TSS + 0x24) =
		(uint64_t)a->stack[3] + sizeof(a->stack[0]);
}

/*
 * Every vector uses the stack of IST1, because the compiler's red zone lies below the stack pointer of the
 * interrupted code.
 */
static void fill_idt(struct arena *a)
{
	size_t entry_bytes = 16; /* of guest_entries */

	for (int i = 0; i < VECTORS; i++) {
		uint64_t entry = (uint64_t)guest_entries + i * entry_bytes;
		uint64_t type = i == 3 || i == 4 ? 0xee : 0x8e; /* INT3, INTO: for CPL 3 too */

		a->idt[i].low = (entry & 0xffff) | CODE_64 << 16 | 1ull << 32 | type << 40 |
				(entry >> 16 & 0xffff) << 48;
		a->idt[i].high = entry >> 32;
	}
}

void machine_fill(struct machine *m, uint64_t seed)
{
	struct arena *a = ARENA;

	memset(a, 0, offsetof(struct arena, region));
	a->seed = seed;
	/* Present, writable, user, accessed, dirty, 2 MiB */
	fill_identity(a->pml4, a->pdpt, a->pd, 0xe7);
	fill_identity(a->npt_pml4, a->npt_pdpt, a->npt_pd, 0xe7);
	a->pd[SMALL_WINDOW >> 30][SMALL_WINDOW >> 21 & 511] = (uint64_t)a->small | 0x67;
	fill_gdt(a);
	fill_idt(a);
	a->have_svm = m->svm;
	a->have_npt = m->svm && m->npt;
	a->brief = m->brief;
	a->inexact = m->inexact;
}

/* ---- the machine ------------------------------------------------------------------------- */

static int set_cpuid(struct machine *m)
{
	size_t size = sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2);
	struct kvm_cpuid2 *cpuid = calloc(1, size);
	int err = 0;

	if (!cpuid)
		return machine_fail(m, "out of memory");
	cpuid->nent = CPUID_ENTRIES;
	if (ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, cpuid))
		err = failed_ioctl(m, "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1) /* features of the in-kernel APIC */
			cpuid->entries[i].ecx |= 1 << 21 | 1 << 24; /* x2APIC, TSC deadline */
	if (!err && ioctl(m->vcpu, KVM_SET_CPUID2, cpuid))
		err = failed_ioctl(m, "KVM_SET_CPUID2");
	free(cpuid);
	return err;
}

static int make_vcpu(struct machine *m)
{
	int bytes = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	if (m->vcpu < 0 || bytes < 0)
		return failed_ioctl(m, "KVM_CREATE_VCPU");
	m->run_bytes = bytes;
	m->run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
	if (m->run == MAP_FAILED) {
		m->run = NULL;
		return failed_ioctl(m, "the vCPU's memory");
	}
	return set_cpuid(m);
}

static int make_vm(struct machine *m)
{
	const uint8_t *image = __executable_start - (uintptr_t)__executable_start % PAGE;
	const uint8_t *end = _end + -(uintptr_t)_end % PAGE;
	uint64_t identity = IDENTITY_MAP;
	struct kvm_enable_cap pauses = { .cap = KVM_CAP_X86_DISABLE_EXITS,
					 .args[0] = KVM_X86_DISABLE_EXITS_PAUSE };

	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0)
		return failed_ioctl(m, "KVM_CREATE_VM");
	if (!m->svm && (ioctl(m->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity) ||
			ioctl(m->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS)))
		return failed_ioctl(m, "KVM_SET_TSS_ADDR");
	if (m->pauses && ioctl(m->vm, KVM_ENABLE_CAP, &pauses))
		return failed_ioctl(m, "KVM_CAP_X86_DISABLE_EXITS");
	if (ioctl(m->vm, KVM_CREATE_IRQCHIP, 0))
		return failed_ioctl(m, "KVM_CREATE_IRQCHIP");
	if (machine_set_slot(m, 0, KVM_MEM_READONLY, (uint64_t)image, image, end - image) ||
	    machine_set_slot(m, ARENA_SLOT, 0, ARENA_BASE, ARENA, sizeof(struct arena)))
		return -1;
	return make_vcpu(m);
}

static void on_alarm(int number)
{
	(void)number; /* it only interrupts KVM_RUN */
}

void machine_tick(double s)
{
	long us = s * 1e6;
	struct timeval t = { us / 1000000, us % 1000000 };

	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ t, t }, NULL);
}

int machine_open(struct machine *m, bool svm)
{
	m->svm = svm;
	m->vm = m->vcpu = -1;
	m->run = NULL;
	if (map_arena(m))
		return -1;
	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		failed_ioctl(m, "/dev/kvm");
	else if (!make_vm(m))
		return 0;
	machine_close(m);
	return -1;
}

static void close_vm(struct machine *m)
{
	if (m->run)
		munmap(m->run, m->run_bytes);
	if (m->vcpu >= 0)
		close(m->vcpu);
	if (m->vm >= 0)
		close(m->vm);
	m->run = NULL;
	m->vm = m->vcpu = -1;
}

void machine_close(struct machine *m)
{
	close_vm(m);
	if (m->kvm >= 0)
		close(m->kvm);
	m->kvm = -1;
	munmap((void *)ARENA_BASE, sizeof(struct arena));
}

int machine_replace(struct machine *m)
{
	close_vm(m);
	return make_vm(m);
}

static struct kvm_segment segment(uint16_t selector, int type, bool code)
{
	return (struct kvm_segment){ .selector = selector,
				     .type = type,
				     .limit = 0xffffffff,
				     .present = 1,
				     .s = 1,
				     .g = 1,
				     .l = code,
				     .db = !code };
}

int machine_enter(struct machine *m, void (*entry)(void))
{
	struct arena *a = ARENA;
	uint64_t *stack = (uint64_t *)(a->stack[0] + sizeof(a->stack[0])) - 1;
	struct kvm_regs regs = { .rip = (uint64_t)entry, .rsp = (uint64_t)stack, .rflags = 2 };
	struct kvm_sregs s;

	*stack = (uint64_t)guest_done;
	if (ioctl(m->vcpu, KVM_GET_SREGS, &s))
		return failed_ioctl(m, "KVM_GET_SREGS");
	s.cr0 = CR0;
	s.cr3 = (uint64_t)a->pml4;
	s.cr4 = CR4;
	s.efer = EFER | (m->svm ? EFER_SVME : 0);
	s.apic_base = APIC_BASE;
	s.cs = segment(CODE_64, 11, true);
	s.ds = s.es = s.fs = s.gs = s.ss = segment(DATA, 3, false);
	s.tr = (struct kvm_segment){
		.base = (uint64_t)a->tss, .limit = 0x67, .selector = TASK, .type = 11, .present = 1
	};
	s.ldt = (struct kvm_segment){ .type = 2, .present = 1 };
	s.gdt = (struct kvm_dtable){ .base = (uint64_t)a->gdt, .limit = sizeof(a->gdt) - 1 };
	s.idt = (struct kvm_dtable){ .base = (uint64_t)a->idt, .limit = sizeof(a->idt) - 1 };
	if (ioctl(m->vcpu, KVM_SET_SREGS, &s))
		return failed_ioctl(m, "KVM_SET_SREGS");
	return ioctl(m->vcpu, KVM_SET_REGS, &regs) ? failed_ioctl(m, "KVM_SET_REGS") : 0;
}

/* ---- running it -------------------------------------------------------------------------- */

int machine_step(struct machine *m)
{
	if (!ioctl(m->vcpu, KVM_RUN, 0))
		return m->run->exit_reason;
	if (errno != EINTR)
		return failed_ioctl(m, "KVM_RUN");
	m->ticks++;
	if (m->on_tick)
		m->on_tick(m->tick_context);
	return 0;
}

void machine_complete(struct machine *m)
{
	m->run->immediate_exit = 1;
	ioctl(m->vcpu, KVM_RUN, 0);
	m->run->immediate_exit = 0;
}

static int stuck(struct machine *m)
{
	struct kvm_regs regs = { 0 };

	ioctl(m->vcpu, KVM_GET_REGS, &regs);
	return machine_fail(m, "its guest did not end in time: RIP 0x%llx, RFLAGS 0x%llx",
			    (unsigned long long)regs.rip, (unsigned long long)regs.rflags);
}

static int crashed(struct machine *m)
{
	const struct trap *t = &ARENA->trap;

	return machine_fail(m, "its guest got exception %llu, error 0x%llx, at 0x%llx, CR2 0x%llx",
			    (unsigned long long)t->vector, (unsigned long long)t->error,
			    (unsigned long long)t->rip, (unsigned long long)t->cr2);
}

static int ended(struct machine *m, int reason)
{
	const struct kvm_run *run = m->run;

	if (reason == KVM_EXIT_SHUTDOWN)
		return machine_fail(m, "its guest was shut down: a triple fault, after %llu facts",
				    (unsigned long long)ARENA->cases);
	if (reason == KVM_EXIT_FAIL_ENTRY)
		return machine_fail(
			m, "its guest could not be entered: 0x%llx",
			(unsigned long long)run->fail_entry.hardware_entry_failure_reason);
	if (reason == KVM_EXIT_INTERNAL_ERROR)
		return machine_fail(m, "KVM internal error %u with its guest",
				    run->internal.suberror);
	if (reason == KVM_EXIT_MMIO)
		return machine_fail(
			m, "its guest touched 0x%llx, where nothing is, after %llu facts",
			(unsigned long long)run->mmio.phys_addr, (unsigned long long)ARENA->cases);
	return machine_fail(m, "KVM_RUN ended with exit reason %d", reason);
}

static bool is_call(const struct machine *m, int reason)
{
	return reason == KVM_EXIT_IO && m->run->io.port == CALL_PORT;
}

/* No ticks meanwhile: they would interrupt more than KVM_RUN. */
static bool call(struct machine *m, int reason)
{
	sigset_t tick;
	bool goes_on;

	sigemptyset(&tick);
	sigaddset(&tick, SIGALRM);
	sigprocmask(SIG_BLOCK, &tick, NULL);
	goes_on = m->on_call(m, reason);
	sigprocmask(SIG_UNBLOCK, &tick, NULL);
	return goes_on;
}

/* Returns 1 if the guest is to go on. */
static int handle(struct machine *m, int reason)
{
	uint8_t number = CALL_HOST;

	if (is_call(m, reason))
		number = *((uint8_t *)m->run + m->run->io.data_offset);
	if (number == CALL_DONE)
		return 0;
	if (number == CALL_CRASH)
		return crashed(m);
	if (!m->on_call && is_call(m, reason))
		return 1;
	if (!m->on_call)
		return ended(m, reason);
	m->calls++;
	return call(m, reason) ? 1 : m->why[0] ? -1 : 0;
}

/* A busy machine may hold up a case for long, but a case that runs states facts all the time. */
static bool is_over(struct machine *m)
{
	double now = now_s();

	if (ARENA->cases != m->facts)
		m->fact_s = now;
	m->facts = ARENA->cases;
	return now > m->deadline_s || now - m->fact_s > m->limit_s;
}

static int run_until_done(struct machine *m)
{
	int reason, more = 1;

	while (more > 0) {
		reason = machine_step(m);
		if (reason < 0)
			return -1;
		if (is_over(m))
			return stuck(m);
		if (reason)
			more = handle(m, reason);
	}
	return more;
}

int machine_run(struct machine *m)
{
	int err;

	m->why[0] = '\0';
	m->calls = 0;
	m->began_s = m->fact_s = now_s();
	m->facts = 0;
	machine_tick(m->tick_s);
	err = run_until_done(m);
	machine_tick(0);
	return err;
}

/* ---- its state --------------------------------------------------------------------------- */

/* MSRs that our guests use.  KVM_GET_MSRS stops at the first one that it does not know. */
static const uint32_t saved_msrs[] = {
	0x10,						/* TSC */
	0x3b,						/* TSC_ADJUST */
	0x174,	    0x175,	0x176,			/* SYSENTER */
	0x277,						/* PAT */
	0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, /* STAR, LSTAR, CSTAR, SFMASK */
	0xc0000102,					/* KERNEL_GS_BASE */
	0x4b564d00, 0x4b564d01,				/* kvm-clock */
	0x6e0, /* TSC_DEADLINE: last, because its timer depends on the others */
};
#define MSR_TSC 0x10
#define MSR_VM_HSAVE_PA 0xc0010117

static bool has_msr(struct machine *m, uint32_t index)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[1];
	} msr = { .head.nmsrs = 1, .entry[0].index = index };

	return ioctl(m->vcpu, KVM_GET_MSRS, &msr) == 1;
}

static int get_msrs(struct machine *m, struct machine_state *s)
{
	int n = 0;

	if (m->svm && has_msr(m, MSR_RECURSION))
		s->msrs.entry[n++].index = MSR_RECURSION;
	for (size_t i = 0; i < ARRAY_SIZE(saved_msrs); i++) {
		if (saved_msrs[i] == 0x6e0 && m->svm)
			s->msrs.entry[n++].index = MSR_VM_HSAVE_PA;
		s->msrs.entry[n++].index = saved_msrs[i];
	}
	s->msrs.head.nmsrs = n;
	return ioctl(m->vcpu, KVM_GET_MSRS, &s->msrs) == n ? 0 : failed_ioctl(m, "KVM_GET_MSRS");
}

#define GET(name, member)                 \
	if (ioctl(m->vcpu, name, member)) \
	return failed_ioctl(m, #name)

int machine_save(struct machine *m, struct machine_state *s)
{
	memset(s, 0, sizeof(*s));
	machine_complete(m);
	/* First, because it completes what is under way */
	GET(KVM_GET_MP_STATE, &s->mp);
	GET(KVM_GET_REGS, &s->regs);
	GET(KVM_GET_SREGS, &s->sregs);
	GET(KVM_GET_XSAVE, &s->xsave);
	GET(KVM_GET_XCRS, &s->xcrs);
	GET(KVM_GET_DEBUGREGS, &s->debug);
	GET(KVM_GET_VCPU_EVENTS, &s->events);
	GET(KVM_GET_LAPIC, &s->apic);
	if (get_msrs(m, s))
		return -1;
	s->nested.size = sizeof(s->bytes);
	if (m->svm)
		GET(KVM_GET_NESTED_STATE, &s->nested);
	return 0;
}

/*
 * KVM takes a deadline only while the timer is in that mode, which the interrupt controller's state sets.
 * So this MSR, which was restored before, is set again.
 */
static int set_deadline(struct machine *m, const struct machine_state *s)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[1];
	} msr = { .head.nmsrs = 1, .entry[0] = s->msrs.entry[s->msrs.head.nmsrs - 1] };

	return ioctl(m->vcpu, KVM_SET_MSRS, &msr) == 1 ? 0 : failed_ioctl(m, "KVM_SET_MSRS");
}

/* In the order in which QEMU does it: target/i386/kvm/kvm.c, kvm_arch_put_registers() */
int machine_restore(struct machine *m, const struct machine_state *s)
{
	GET(KVM_SET_SREGS, &s->sregs);
	if (m->svm)
		GET(KVM_SET_NESTED_STATE, &s->nested);
	GET(KVM_SET_REGS, &s->regs);
	GET(KVM_SET_XSAVE, &s->xsave);
	if (s->xcrs.nr_xcrs)
		GET(KVM_SET_XCRS, &s->xcrs);
	if (ioctl(m->vcpu, KVM_SET_MSRS, &s->msrs) != (int)s->msrs.head.nmsrs)
		return failed_ioctl(m, "KVM_SET_MSRS");
	GET(KVM_SET_LAPIC, &s->apic);
	if (set_deadline(m, s))
		return -1;
	GET(KVM_SET_VCPU_EVENTS, &s->events);
	GET(KVM_SET_DEBUGREGS, &s->debug);
	GET(KVM_SET_MP_STATE, &s->mp);
	return 0;
}

int machine_move(struct machine *m, struct machine_state *was)
{
	return machine_save(m, was) || machine_replace(m) || machine_restore(m, was) ? -1 : 0;
}

int machine_set_time(struct machine *m, uint64_t forward)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[1];
	} msr = { .head.nmsrs = 1, .entry[0].index = MSR_TSC };

	if (ioctl(m->vcpu, KVM_GET_MSRS, &msr) != 1)
		return failed_ioctl(m, "KVM_GET_MSRS");
	msr.entry[0].data += forward;
	return ioctl(m->vcpu, KVM_SET_MSRS, &msr) == 1 ? 0 : failed_ioctl(m, "KVM_SET_MSRS");
}

int machine_take_init_back(struct machine *m)
{
	struct kvm_vcpu_events events;

	machine_complete(m);
	GET(KVM_GET_VCPU_EVENTS, &events);
	events.flags |= KVM_VCPUEVENT_VALID_SMM;
	events.smi = (typeof(events.smi)){ .latched_init = 0 };
	GET(KVM_SET_VCPU_EVENTS, &events);
	return 0;
}
