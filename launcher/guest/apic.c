// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interrupt controller that KVM emulates for its guest: priorities, the end of an interrupt, and what its
 * timer counts.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#define LOW 0x42
#define MIDDLE 0x51
#define HIGH 0x61
#define TIMER 0x71
#define X2APIC_PPR 0x80a
#define X2APIC_ISR 0x810
#define LVT_PERIODIC (1u << 17)
#define LVT_DEADLINE (2u << 17)
#define LVT_MASKED (1u << 16)
#define PERIOD 100000 /* ns */
#define TICKS 5
#define WINDOW_CYCLES 20000000ull
#define LATE_CYCLES (40ull << 30) /* 10 s and more */

static void open_window(void)
{
	asm volatile("sti; nop; nop; nop; cli");
}

static void end_interrupt(void)
{
	wrmsr(X2APIC_EOI, 0);
}

static bool is_served(uint8_t vector)
{
	return rdmsr(X2APIC_ISR + vector / 32) >> vector % 32 & 1;
}

/* What is not ended holds off all of its class and below: Intel SDM volume 3, 10.8.3.1. */
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
	asm volatile("sti");
	end_interrupt(); /* what waits comes at once, without another exit */
	asm volatile("nop; nop; cli");
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
	asm volatile("sti");
	wrmsr(X2APIC_TPR, 0); /* no other exit follows */
	asm volatile("nop; nop; cli");
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

static void wait_for_ticks(uint64_t count)
{
	uint64_t start = __rdtsc();

	asm volatile("sti");
	while (*(volatile uint64_t *)&ARENA->irqs[TIMER] < count && __rdtsc() - start < LATE_CYCLES)
		;
	asm volatile("cli");
}

static void try_periodic(void)
{
	uint64_t count;

	ARENA->irqs[TIMER] = 0;
	set_timer(LVT_PERIODIC, 0xb, PERIOD);
	wait_for_ticks(TICKS);
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
		wrmsr(MSR_TSC_DEADLINE, i ? __rdtsc() - 1000 : 1); /* it is over */
		wait_for_ticks(1);
		expect("interrupts by a deadline that is over", ARENA->irqs[TIMER], 1);
		expect("a deadline that is over", rdmsr(MSR_TSC_DEADLINE), 0);
	}
	wrmsr(MSR_TSC_DEADLINE, __rdtsc() + (1ull << 40));
	wrmsr(MSR_TSC_DEADLINE, 0);
	expect("a deadline that was taken back", rdmsr(MSR_TSC_DEADLINE), 0);
}

/* How much the timer counts in a million cycles: between LOW and HIGH, as each look at it takes a while. */
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

static void try_divide(void)
{
	static const struct {
		uint32_t value, by;
	} divides[] = { { 0x0, 2 }, { 0x3, 16 }, { 0xa, 128 } };
	uint64_t low, high, one_low, one_high;

	measure(0xb, &one_low, &one_high);
	for (int i = 0; i < 3; i++) {
		measure(divides[i].value, &low, &high);
		expect_between("timer's count by a divider, at the most", high * divides[i].by,
			       one_low * 8 / 10, ~0ull);
		expect_between("timer's count by a divider, at the least", low * divides[i].by, 0,
			       one_high * 12 / 10 + 128);
	}
}

void case_apic(void)
{
	apic_enable();
	try_priorities();
	try_periodic();
	try_deadline();
	try_divide();
}
