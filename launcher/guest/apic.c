// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interrupt controller that KVM emulates for its guest: priorities, the end of interrupt, and the
 * timer's count.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define LOW 0x42
#define MIDDLE 0x51
#define HIGH 0x61
#define TIMER 0x71
#define X2APIC_PPR 0x80a
#define X2APIC_ISR 0x810
#define LVT_PERIODIC (1u << 17)
#define LVT_DEADLINE (2u << 17)
#define LVT_MASKED (1u << 16)
#define X2APIC_ID 0x802
#define X2APIC_LDR 0x80d
#define X2APIC_ESR 0x828
#define X2APIC_LVT_LINT0 0x835
#define APIC_BASE_MSR 0x1b
#define APIC_ENABLE 0x800ull
#define APIC_X2 0x400ull
#define APIC_MMIO 0xfee00000ul
#define IOAPIC 0xfec00000ul
#define LINE 20	      /* a pin of the I/O APIC that the PIC does not have */
#define LEVEL 0x8000u /* level-triggered, in a redirection entry: 82093AA, 3.2.4 */
#define PERIOD 100000 /* ns */
#define TICKS 5
#define WINDOW_CYCLES 20000000ull
#define TRIES 5

static void open_window(void)
{
	asm volatile("sti; nop; nop; nop; cli" ::: "memory");
}

/* How many interrupts of VECTOR have come, once nothing holds them back. */
static uint64_t count_of(uint8_t vector)
{
	open_window();
	return ARENA->irqs[vector];
}

static void end_interrupt(void)
{
	wrmsr(X2APIC_EOI, 0);
}

static bool is_served(uint8_t vector)
{
	return rdmsr(X2APIC_ISR + vector / 32) >> vector % 32 & 1;
}

/*
 * An interrupt that has not ended holds back its priority class and all lower ones: Intel SDM volume 3,
 * 10.8.3.1.
 */
static void try_priorities(void)
{
	struct arena *a = ARENA;

	a->eoi = false;
	apic_self(MIDDLE);
	open_window();
	expect("an interrupt", a->irqs[MIDDLE], 1);
	expect("an interrupt that is served", is_served(MIDDLE), 1);
	expect("processor priority", rdmsr(X2APIC_PPR) & 0xf0, MIDDLE & 0xf0);
	apic_self(LOW);
	apic_self(MIDDLE + 1);
	open_window();
	expect("interrupts below one that is served", a->irqs[LOW], 0);
	expect("interrupts of the class of one that is served", a->irqs[MIDDLE + 1], 0);
	apic_self(HIGH);
	open_window();
	expect("interrupts above one that is served", a->irqs[HIGH], 1);
	end_interrupt(); /* the highest */
	expect("an interrupt that has ended", is_served(HIGH), 0);
	open_window();
	expect("interrupts before the end of a higher one", a->irqs[LOW], 0);
	asm volatile("sti" ::: "memory");
	end_interrupt(); /* the pending one comes at once, without another exit */
	asm volatile("nop; nop; cli" ::: "memory");
	expect("interrupts after the end of one of their class", a->irqs[MIDDLE + 1], 1);
	expect("the lowest interrupt", a->irqs[LOW], 0);
	end_interrupt();
	open_window();
	expect("the lowest interrupt, after all others", a->irqs[LOW], 1);
	end_interrupt();
	wrmsr(X2APIC_TPR, 0xf0);
	apic_self(HIGH);
	open_window();
	expect("interrupts below the TPR", a->irqs[HIGH], 1);
	asm volatile("sti" ::: "memory");
	wrmsr(X2APIC_TPR, 0); /* no other exit follows */
	asm volatile("nop; nop; cli" ::: "memory");
	expect("interrupts once the TPR is lower", a->irqs[HIGH], 2);
	end_interrupt();
	a->eoi = true;
}

static void set_timer(uint32_t mode, uint32_t divide, uint32_t count)
{
	wrmsr(X2APIC_DIVIDE, divide);
	wrmsr(X2APIC_LVT_TIMER, mode | TIMER);
	wrmsr(X2APIC_INITIAL, count);
}

static void try_periodic(void)
{
	uint64_t count;

	ARENA->irqs[TIMER] = 0;
	set_timer(LVT_PERIODIC, 0xb, PERIOD);
	apic_wait(TIMER, TICKS);
	set_timer(LVT_MASKED, 0xb, 0);
	open_window();
	count = ARENA->irqs[TIMER];
	expect_between("ticks of a periodic timer", count, TICKS, ~0ull);
	for (uint64_t start = __rdtsc(); __rdtsc() - start < WINDOW_CYCLES;)
		open_window();
	expect_between("ticks of a timer that was stopped", ARENA->irqs[TIMER], count, count + 1);
}

static void try_deadline(void)
{
	wrmsr(X2APIC_LVT_TIMER, LVT_DEADLINE | TIMER);
	for (uint64_t i = 0; i < 3; i++) {
		ARENA->irqs[TIMER] = 0;
		wrmsr(MSR_TSC_DEADLINE, i ? __rdtsc() - 1000 : 1); /* a deadline in the past */
		apic_wait(TIMER, 1);
		expect("interrupts by a deadline that is over", ARENA->irqs[TIMER], 1);
		expect("a deadline that is over", rdmsr(MSR_TSC_DEADLINE), 0);
	}
	wrmsr(MSR_TSC_DEADLINE, __rdtsc() + (1ull << 40));
	wrmsr(MSR_TSC_DEADLINE, 0);
	expect("a deadline that was taken back", rdmsr(MSR_TSC_DEADLINE), 0);
}

/*
 * How much the timer counts in a million cycles.  Each reading takes a while, so the result lies between
 * LOW and HIGH.
 */
static void measure(uint32_t divide, uint64_t *low, uint64_t *high)
{
	uint64_t before, first, between, last, behind;

	set_timer(LVT_MASKED, divide, 0xffffffff);
	before = __rdtsc();
	first = rdmsr(X2APIC_CURRENT);
	between = __rdtsc();
	while (__rdtsc() - between < WINDOW_CYCLES)
		;
	behind = __rdtsc();
	last = rdmsr(X2APIC_CURRENT);
	*low = (first - last) * 1000000 / (__rdtsc() - before);
	*high = (first - last) * 1000000 / (behind - between);
	wrmsr(X2APIC_INITIAL, 0);
}

/*
 * If the guest's machine is saved and restored meanwhile, its TSC has gone on and the timer has not:
 * then it is measured once more.
 */
static void try_divide(void)
{
	static const struct {
		uint32_t value, by;
	} divides[] = { { 0x0, 2 }, { 0x3, 16 }, { 0xa, 128 } };
	uint64_t low, high, one_low, one_high;

	for (int i = 0; i < 3; i++) {
		for (int n = 0; n < TRIES; n++) {
			measure(0xb, &one_low, &one_high);
			measure(divides[i].value, &low, &high);
			low *= divides[i].by;
			high *= divides[i].by;
			if (high >= one_low * 8 / 10 && low <= one_high * 12 / 10 + 128)
				break;
		}
		expect_between("timer's count by a divider, at the most", high, one_low * 8 / 10,
			       ~0ull);
		expect_between("timer's count by a divider, at the least", low, 0,
			       one_high * 12 / 10 + 128);
	}
}

/*
 * A timer with a large initial count can be read while it counts down.  Divided by 128, it does so for
 * minutes.
 */
static void try_count(void)
{
	uint64_t first, second;

	set_timer(0, 0xa, 0xf0000000);
	first = rdmsr(X2APIC_CURRENT);
	second = rdmsr(X2APIC_CURRENT);
	expect_between("current count of a timer", first, 0x80000000, 0xf0000000);
	expect_between("current count a little later", second, 0x80000000, first);
	expect("initial count", rdmsr(X2APIC_INITIAL), 0xf0000000);
	/* Divide by 64 from now on: the count goes on from where it was. */
	wrmsr(X2APIC_DIVIDE, 0x9);
	expect_between("current count after another divider", rdmsr(X2APIC_CURRENT), 0x80000000,
		       second);
	wrmsr(X2APIC_DIVIDE, 0xb);
	wrmsr(X2APIC_LVT_TIMER, LVT_DEADLINE | TIMER); /* a change of mode stops the timer */
	expect("initial count in deadline mode", rdmsr(X2APIC_INITIAL), 0);
	wrmsr(X2APIC_LVT_TIMER, TIMER);
	expect("current count after deadline mode", rdmsr(X2APIC_CURRENT), 0);
}

/* A timer that was stopped, masked or postponed in time does not fire. */
#define STOPPED_NS 12000000
#define STOPPED_CYCLES 30000000ull
#define WAITED_CYCLES 70000000ull

enum stop { BY_MODE, BY_COUNT, BY_MASK, BY_NO_DEADLINE, BY_LATER_DEADLINE, STOPS };

static void start_timer(enum stop how)
{
	if (how <= BY_MASK) {
		set_timer(how == BY_MASK ? LVT_MASKED : 0, 0xb, STOPPED_NS);
	} else {
		wrmsr(X2APIC_LVT_TIMER, LVT_DEADLINE | TIMER);
		wrmsr(MSR_TSC_DEADLINE, __rdtsc() + STOPPED_CYCLES);
	}
}

static void stop_timer(enum stop how)
{
	if (how == BY_MODE)
		wrmsr(X2APIC_LVT_TIMER, LVT_DEADLINE | TIMER);
	else if (how == BY_COUNT)
		wrmsr(X2APIC_INITIAL, 0);
	else if (how != BY_MASK)
		wrmsr(MSR_TSC_DEADLINE, how == BY_NO_DEADLINE ? 0 : __rdtsc() + (1ull << 40));
}

static void try_no_tick(void)
{
	struct arena *a = ARENA;
	uint64_t start;
	bool in_time;

	for (enum stop how = 0; how < STOPS; how++) {
		a->irqs[TIMER] = 0;
		start = __rdtsc();
		start_timer(how);
		stop_timer(how);
		in_time = __rdtsc() - start < STOPPED_CYCLES / 2;
		for (start = __rdtsc(); __rdtsc() - start < WAITED_CYCLES;)
			open_window();
		if (in_time || how == BY_MASK)
			expect("interrupts of a timer that was stopped, masked or put off",
			       count_of(TIMER), 0);
		wrmsr(MSR_TSC_DEADLINE, 0);
		set_timer(LVT_MASKED, 0xb, 0);
	}
}

/* Interrupt commands: Intel SDM volume 3, 10.12.9.  The upper half is the destination; our APIC ID is 0. */
static const struct {
	uint32_t command, destination;
	bool comes;
} commands[] = {
	{ 0x4000, 0, true },	       /* physical */
	{ 0x4000, 5, false },	       /* no such APIC */
	{ 0x4000, 0xffffffff, true },  /* all */
	{ 0x4800, 0x00000001, true },  /* logical: CPU 0 of cluster 0 */
	{ 0x4800, 0x0000fffe, false }, /* the other CPUs of that cluster */
	{ 0x4800, 0x00010001, false }, /* CPU 0 of cluster 1 */
	{ 0x4800, 0xffffffff, true },  /* all */
	{ 0x4900, 0x00000001, true },  /* lowest priority */
	{ 0x44000, 0, true },	       /* itself */
	{ 0x84000, 0, true },	       /* all */
	{ 0xc4000, 0, false },	       /* all others */
};

static void try_commands(void)
{
	struct arena *a = ARENA;

	for (uint64_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		uint64_t command =
			(uint64_t)commands[i].destination << 32 | commands[i].command | (LOW + i);

		a->irqs[LOW + i] = 0;
		wrmsr(X2APIC_ICR, command);
		expect("interrupts by a command", count_of(LOW + i), commands[i].comes);
		expect("interrupt command that was given", rdmsr(X2APIC_ICR), command);
	}
	expect("x2APIC ID", rdmsr(X2APIC_ID), 0);
	expect("x2APIC logical ID", rdmsr(X2APIC_LDR), 1);
}

/* Reserved bits, read-only and write-only registers. */
static void try_refused_msrs(void)
{
	static const struct {
		uint32_t msr, high, low;
	} writes[] = {
		{ X2APIC_ID, 0, 0 },
		{ X2APIC_LDR, 0, 1 },
		{ X2APIC_SELF_IPI, 0, 0x142 },
		{ X2APIC_ICR, 0, 0x102000 },
		{ X2APIC_ESR, 0, 1 },
		{ 0x80e, 0, 0xffffffff },
		{ X2APIC_ICR + 1, 0, 0 },
		{ X2APIC_TPR, 1, 0 },
		{ APIC_BASE_MSR, 0, 0xfee00900 }, /* from x2APIC mode to xAPIC mode: not allowed */
	};

	for (uint64_t i = 0; i < sizeof(writes) / sizeof(*writes); i++)
		expect("exception of an APIC register that may not be written so",
		       TRY("wrmsr", writes[i].low, writes[i].msr, writes[i].high), 13);
	expect("exception of an APIC register that may not be read", TRY("rdmsr", 0, X2APIC_EOI, 0),
	       13);
	expect("exception of the destination format in x2APIC mode", TRY("rdmsr", 0, 0x80e, 0), 13);
}

/* An APIC that software disabled takes no interrupt and masks its own. */
static void try_software_off(void)
{
	struct arena *a = ARENA;

	wrmsr(X2APIC_LVT_TIMER, TIMER);
	wrmsr(X2APIC_SPURIOUS, 0xff);
	expect("timer of an APIC that is off", rdmsr(X2APIC_LVT_TIMER), LVT_MASKED | TIMER);
	wrmsr(X2APIC_LVT_TIMER, TIMER);
	expect("timer that an APIC that is off got", rdmsr(X2APIC_LVT_TIMER), LVT_MASKED | TIMER);
	a->irqs[HIGH] = 0;
	wrmsr(X2APIC_ICR, 0x4000 | HIGH);
	expect("pending interrupt of an APIC that is off", apic_is_pending(HIGH), 0);
	wrmsr(X2APIC_SPURIOUS, 0x1ff);
	expect("interrupts of an APIC that was off", count_of(HIGH), 0);
	wrmsr(X2APIC_LVT_TIMER, TIMER);
	expect("timer of an APIC that is on again", rdmsr(X2APIC_LVT_TIMER), TIMER);
}

/* The task priority raises the processor priority, but never below that of the interrupt in service. */
static void try_task_priority(void)
{
	struct arena *a = ARENA;

	a->eoi = false;
	apic_self(MIDDLE);
	open_window();
	wrmsr(X2APIC_TPR, 0x40); /* AMD-V keeps only the upper half */
	expect("processor priority by what is served", rdmsr(X2APIC_PPR), 0x50);
	wrmsr(X2APIC_TPR, 0x60);
	expect("processor priority by a higher task's", rdmsr(X2APIC_PPR), 0x60);
	end_interrupt();
	expect("processor priority after the end of an interrupt", rdmsr(X2APIC_PPR), 0x60);
	wrmsr(X2APIC_TPR, 0);
	expect("processor priority with nothing to do", rdmsr(X2APIC_PPR), 0);
	end_interrupt(); /* while none is in service */
	expect("processor priority after an end of nothing", rdmsr(X2APIC_PPR), 0);
	a->eoi = true;
}

static uint32_t apic_read(uint32_t offset)
{
	return *(volatile uint32_t *)word(APIC_MMIO + offset);
}

static void apic_write(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)word(APIC_MMIO + offset) = value;
}

static bool cpuid_says_apic(void)
{
	uint32_t eax = 1, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "+c"(ecx), "=d"(edx)::"ebx");
	return edx >> 9 & 1;
}

/*
 * Flat and cluster model.  Columns: destination format, our logical ID, the destination, whether the
 * interrupt comes.
 */
static const struct {
	uint32_t format, id, called;
	bool comes;
} logical[] = {
	{ 0xffffffff, 0x04, 0x04, true },  { 0xffffffff, 0x04, 0x0b, false },
	{ 0xffffffff, 0x84, 0x80, true },  { 0xffffffff, 0x04, 0xff, true },
	{ 0x0fffffff, 0x21, 0x21, true },  { 0x0fffffff, 0x21, 0x23, true },
	{ 0x0fffffff, 0x21, 0x11, false }, { 0x0fffffff, 0x21, 0x22, false },
};

static void try_memory_mapped(void)
{
	struct arena *a = ARENA;
	uint64_t base = rdmsr(APIC_BASE_MSR);

	a->eoi = false;
	wrmsr(APIC_BASE_MSR, base & ~(APIC_ENABLE | APIC_X2));
	expect("CPUID's APIC while it is off", cpuid_says_apic(), 0);
	expect("exception of x2APIC mode for an APIC that is off",
	       TRY("wrmsr", base, APIC_BASE_MSR, base >> 32), 13);
	wrmsr(APIC_BASE_MSR, base & ~APIC_X2);
	expect("CPUID's APIC while it is on", cpuid_says_apic(), 1);
	expect("exception of an x2APIC register in xAPIC mode", TRY("rdmsr", 0, X2APIC_ID, 0), 13);
	apic_write(0xf0, 0x1ff);
	apic_write(0x20, 3u << 24);
	expect("xAPIC ID that was set", apic_read(0x20) >> 24, 3);
	apic_write(0x80, 0x50);
	expect("task priority of an xAPIC", apic_read(0x80), 0x50);
	expect("processor priority of an xAPIC", apic_read(0xa0), 0x50);
	apic_write(0x80, 0);
	for (uint64_t i = 0; i < sizeof(logical) / sizeof(*logical); i++) {
		a->irqs[LOW] = 0;
		apic_write(0xe0, logical[i].format);
		apic_write(0xd0, logical[i].id << 24);
		apic_write(0x310, logical[i].called << 24);
		apic_write(0x300, 0x4800 | LOW);
		expect("interrupts by a logical destination", count_of(LOW), logical[i].comes);
		apic_write(0xb0, 0);
	}
	expect("upper half of an xAPIC's command", apic_read(0x310), 0x22u << 24);
	apic_write(0x310, 3u << 24);
	apic_write(0x300, 0x4000 | LOW);
	expect("interrupts to an xAPIC ID", count_of(LOW), 1);
	apic_write(0xb0, 0);
	wrmsr(APIC_BASE_MSR, base);
	expect("x2APIC ID after xAPIC mode", rdmsr(X2APIC_ID), 0);
	expect("x2APIC logical ID after xAPIC mode", rdmsr(X2APIC_LDR), 1);
	a->eoi = true;
}

static void ioapic_write(uint32_t index, uint32_t value)
{
	*(volatile uint32_t *)word(IOAPIC) = index;
	*(volatile uint32_t *)word(IOAPIC + 0x10) = value;
}

enum ask { RAISE = 1, LOWER, MESSAGE };

static void ask(enum ask what)
{
	ARENA->argument = what;
	guest_call(CALL_HOST);
}

/* A level-triggered line that stays high interrupts again after each end of interrupt; an edge does not. */
static void try_lines(void)
{
	struct arena *a = ARENA;

	a->eoi = false;
	for (int level = 0; level < 2; level++) {
		a->irqs[LOW] = 0;
		ioapic_write(0x10 + 2 * LINE + 1, 0);
		ioapic_write(0x10 + 2 * LINE, (level ? LEVEL : 0) | LOW);
		ask(RAISE);
		for (uint64_t i = 0; i < 3; i++) {
			expect("interrupts of a line that is high", count_of(LOW),
			       level ? i + 1 : 1);
			if (level || !i)
				end_interrupt();
		}
		ask(LOWER);
		end_interrupt();
		count_of(LOW);
		end_interrupt();
		a->irqs[LOW] = 0;
		expect("interrupts of a line that is low", count_of(LOW), 0);
		ask(RAISE);
		expect("interrupts of a line that is high again", count_of(LOW), 1);
		ask(LOWER);
		end_interrupt();
		count_of(LOW);
		end_interrupt();
	}
	ioapic_write(0x10 + 2 * LINE, 0x10000);
	a->irqs[MIDDLE] = 0;
	ask(MESSAGE);
	expect("interrupts by a message", count_of(MIDDLE), 1);
	end_interrupt();
	a->eoi = true;
}

#define MSR_PV_EOI 0x4b564d04 /* Documentation/virt/kvm/x86/msr.rst */

#define PV_EOI_TRIES 50

/*
 * KVM says in memory that an interrupt can end without an exit: the guest then clears the bit instead
 * of writing the register.  KVM takes the offer back at the next exit, which a tick of this level may
 * cause: then it is tried again.  CLEAR: the guest accepts the offer.
 */
static bool is_offered(volatile uint64_t *offer, bool clear)
{
	struct arena *a = ARENA;

	for (int i = 0; i < PV_EOI_TRIES; i++) {
		a->irqs[MIDDLE] = 0;
		apic_self(MIDDLE);
		expect("interrupts with PV EOI", count_of(MIDDLE), 1);
		if ((clear ? __atomic_fetch_and(offer, ~1ull, __ATOMIC_SEQ_CST) : *offer) & 1)
			return true;
		end_interrupt();
	}
	return false;
}

static void try_pv_eoi(void)
{
	struct arena *a = ARENA;
	volatile uint64_t *offer = &a->scratch[8];

	a->eoi = false;
	*offer = 0;
	wrmsr(MSR_PV_EOI, (uint64_t)offer | 1);
	for (uint64_t i = 0; i < 4; i++) {
		expect("PV EOI that is offered", is_offered(offer, i & 1), 1);
		if (i & 1) {
			exit_once();
			expect("an interrupt behind its PV EOI", is_served(MIDDLE), 0);
			continue;
		}
		exit_once();
		expect("an interrupt without its EOI", is_served(MIDDLE), 1);
		expect("PV EOI that was offered before an exit", *offer & 1, 0);
		a->irqs[LOW] = 0;
		apic_self(LOW);
		expect("interrupts below one without its EOI", count_of(LOW), 0);
		expect("PV EOI while another interrupt waits", *offer & 1, 0);
		end_interrupt();
		expect("interrupts behind an EOI", count_of(LOW), 1);
		end_interrupt();
		expect("an interrupt behind its EOI", is_served(LOW), 0);
	}
	wrmsr(MSR_PV_EOI, 0);
	*offer = 0;
	apic_self(MIDDLE);
	open_window();
	expect("PV EOI that is switched off", *offer & 1, 0);
	end_interrupt();
	a->eoi = true;
}

void case_apic(void)
{
	apic_enable();
	try_priorities();
	try_periodic();
	try_deadline();
	try_divide();
	try_count();
	try_no_tick();
	try_commands();
	try_refused_msrs();
	try_software_off();
	try_task_priority();
	try_pv_eoi();
	try_memory_mapped();
	try_lines();
}

/* ---- the launcher ------------------------------------------------------------------------ */

bool call_apic(struct machine *m, int reason)
{
	struct kvm_irq_level line = { .irq = LINE, .level = ARENA->argument == RAISE };
	struct kvm_msi message = { .address_lo = APIC_MMIO, .data = 0x4000 | MIDDLE };

	(void)reason;
	if (ARENA->argument == MESSAGE ? ioctl(m->vm, KVM_SIGNAL_MSI, &message) < 0
				       : ioctl(m->vm, KVM_IRQ_LINE, &line))
		machine_fail(m, "KVM_IRQ_LINE: %s", strerror(errno));
	return !m->why[0];
}
