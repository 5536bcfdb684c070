// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The 8254 timer that KVM emulates (Intel 8254 data sheet): the rate of its counters, compared with the
 * TSC; its interrupts, of which none may be lost; its gate and output.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define PIT_HZ 1193182ull
#define COUNTER 0x40
#define COMMAND 0x43
#define GATE_PORT 0x61
#define GATE 1
#define SPEAKER 2
#define OUTPUT 0x20
#define RW_LOW 1
#define RW_HIGH 2
#define RW_BOTH 3
#define FULL 0x10000
#define MOST (FULL / 4) /* ticks between two readings: no counter wraps in that time */
#define TRIES 50
#define SLACK 200 /* ticks */
#define VECTOR 0x51
#define IOAPIC 0xfec00000ul
#define LINE 0
#define PERIOD 23864ull /* 20 ms */
#define TICKS 3
#define TICKS_OFF 8
#define TICKS_LATE 100

static uint8_t in(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "d"(port) : "memory");
	return value;
}

static void out(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" ::"a"(value), "d"(port) : "memory");
}

static void set_counter(int counter, int mode, uint32_t count)
{
	out(COMMAND, counter << 6 | RW_BOTH << 4 | mode << 1);
	out(COUNTER + counter, count & 0xff);
	out(COUNTER + counter, count >> 8 & 0xff);
}

/* The counter had this value between these two values of the TSC */
struct reading {
	uint64_t before, count, after;
};

static struct reading read_counter(int counter)
{
	struct reading r = { .before = __rdtsc() };

	out(COMMAND, counter << 6); /* latch */
	r.after = __rdtsc();
	r.count = in(COUNTER + counter);
	r.count |= in(COUNTER + counter) << 8;
	return r;
}

static uint64_t ticks_of(uint64_t cycles)
{
	return (unsigned __int128)cycles * PIT_HZ / (ARENA->answer * 1000);
}

static uint64_t cycles_of(uint64_t ticks)
{
	return (unsigned __int128)ticks * ARENA->answer * 1000 / PIT_HZ;
}

static void wait_cycles(uint64_t cycles)
{
	uint64_t start = __rdtsc();

	while (__rdtsc() - start < cycles)
		exit_once();
}

/* The counter changes by STEP each tick.  The guest may be held up, so this is tried several times. */
static void try_rate(const char *what, int mode, uint64_t step)
{
	for (int i = 0; i < TRIES; i++) {
		struct reading first, last;
		uint64_t least, most;

		set_counter(2, mode, FULL);
		first = read_counter(2);
		wait_cycles(cycles_of(2000));
		last = read_counter(2);
		least = ticks_of(last.before - first.after) * step;
		most = ticks_of(last.after - first.before) * step;
		if (most > MOST && i < TRIES - 1)
			continue;
		expect_between(what, (first.count - last.count) & 0xffff, least - least / 10 - 4,
			       most + most / 10 + 4);
		return;
	}
}

/* A rising edge at the gate restarts a counter in modes 2 and 3, but not in mode 0. */
static void try_gate(int mode)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t set = __rdtsc(), opened;
		struct reading r;

		set_counter(2, mode, FULL);
		wait_cycles(cycles_of(3100));
		out(GATE_PORT, 0);
		expect("gate that is closed", in(GATE_PORT) & (GATE | SPEAKER), 0);
		opened = __rdtsc();
		out(GATE_PORT, GATE);
		expect("gate that is open", in(GATE_PORT) & (GATE | SPEAKER), GATE);
		r = read_counter(2);
		if (ticks_of(r.after - set) > MOST && i < TRIES - 1)
			continue;
		expect_between("count behind its gate", (FULL - r.count) & 0xffff, mode ? 0 : 3000,
			       ticks_of(r.after - (mode ? opened : set)) * (mode == 3 ? 2 : 1) +
				       SLACK);
		return;
	}
}

static void try_output(void)
{
	uint64_t start = __rdtsc();
	uint8_t before;

	set_counter(2, 0, 50000); /* 42 ms */
	before = in(GATE_PORT)&OUTPUT;
	if (__rdtsc() - start < cycles_of(20000))
		expect("output before a count is over", before, 0);
	wait_cycles(cycles_of(55000));
	expect("output when it is over", in(GATE_PORT)&OUTPUT, OUTPUT);
}

/* Each byte of a counter can be set separately; the status tells which, and the mode. */
static void try_commands(void)
{
	for (int mode = 0; mode < 6; mode++) {
		set_counter(2, mode, 1000);
		out(COMMAND, 0xe8); /* read-back: the status of counter 2 */
		expect("status of a counter", in(COUNTER + 2) & 0x3f, RW_BOTH << 4 | mode << 1);
	}
	out(COMMAND, 2 << 6 | RW_HIGH << 4);
	out(COUNTER + 2, 0xff);
	out(COMMAND, 0xe8);
	expect("status of a counter of its upper byte", in(COUNTER + 2) & 0x3f, RW_HIGH << 4);
	out(COMMAND, 2 << 6 | RW_LOW << 4 | 1 << 1);
	out(COUNTER + 2, 0xff);
	out(COMMAND, 0xe8);
	expect("status of a counter of one byte", in(COUNTER + 2) & 0x3f, RW_LOW << 4 | 1 << 1);
}

static void set_line(uint32_t low)
{
	*(volatile uint32_t *)word(IOAPIC) = 0x10 + 2 * LINE;
	*(volatile uint32_t *)word(IOAPIC + 0x10) = low;
}

static uint64_t periods_since(uint64_t start)
{
	return ticks_of(__rdtsc() - start) / PERIOD;
}

/*
 * Waits for ticks that have not come yet.  They are lost if they are still missing while the others
 * come in time.  A machine that is so slow that it gets less than one in a period never catches up.
 */
static bool are_lost(uint64_t start)
{
	struct arena *a = ARENA;
	uint64_t began = periods_since(start);

	for (int i = 0; i < TICKS_LATE; i++) {
		apic_wait(VECTOR, a->irqs[VECTOR] + 1);
		if (a->irqs[VECTOR] + 2 >= periods_since(start))
			return false;
	}
	return periods_since(start) - began < TICKS_LATE + TICKS_LATE / 10;
}

/* Ticks that are not taken while interrupts are off come later: after a while none is missing. */
static void try_interrupts(void)
{
	struct arena *a = ARENA;
	uint64_t start, count;

	set_line(VECTOR);
	start = __rdtsc();
	set_counter(0, 2, PERIOD);
	count = apic_wait(VECTOR, TICKS);
	expect_between("interrupts of a counter", count, TICKS, periods_since(start) + 1);
	wait_cycles(cycles_of(TICKS_OFF * PERIOD));
	expect("interrupts that had to wait and were lost", are_lost(start), 0);
	count = a->irqs[VECTOR];
	expect_between("interrupts in all", count, TICKS, periods_since(start) + 1);
	/* One from before may still be pending */
	set_counter(0, 0, 20000);
	apic_wait(VECTOR, count + 1);
	wait_cycles(cycles_of(120000));
	asm volatile("sti; nop; nop; cli" ::: "memory");
	expect_between("interrupts of a count that ends once", a->irqs[VECTOR] - count, 1, 2);
	set_line(0x10000); /* masked */
}

void case_pit(void)
{
	apic_enable();
	guest_call(CALL_HOST); /* the launcher adds the timer */
	out(PIC_MASK, 0xff);   /* only the I/O APIC has the line */
	out(GATE_PORT, GATE);
	try_rate("count in mode 0", 0, 1);
	try_rate("count in mode 2", 2, 1);
	try_rate("count in mode 3", 3, 2);
	try_gate(0);
	try_gate(2);
	try_gate(3);
	try_output();
	try_commands();
	guest_call(CALL_HOST); /* the launcher restores its state */
	try_rate("count of a timer that was set from outside", 2, 1);
	try_interrupts();
}

/* ---- the launcher ------------------------------------------------------------------------ */

static bool failed(struct machine *m, const char *what)
{
	machine_fail(m, "%s: %s", what, strerror(errno));
	return false;
}

static bool add_timer(struct machine *m)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };
	int khz = ioctl(m->vcpu, KVM_GET_TSC_KHZ);

	if (khz < 1)
		return failed(m, "KVM_GET_TSC_KHZ");
	ARENA->answer = khz;
	return !ioctl(m->vm, KVM_CREATE_PIT2, &config) || failed(m, "KVM_CREATE_PIT2");
}

bool call_pit(struct machine *m, int reason)
{
	struct kvm_pit_state2 was, is;

	(void)reason;
	if (m->calls == 1)
		return add_timer(m);
	if (ioctl(m->vm, KVM_GET_PIT2, &was) || ioctl(m->vm, KVM_SET_PIT2, &was) ||
	    ioctl(m->vm, KVM_GET_PIT2, &is))
		return failed(m, "KVM_SET_PIT2");
	for (int i = 0; i < 3; i++) {
		ARENA->cases++;
		if (was.channels[i].count != is.channels[i].count ||
		    was.channels[i].mode != is.channels[i].mode ||
		    was.channels[i].rw_mode != is.channels[i].rw_mode)
			machine_fail(m, "counter %d is not what was set", i);
	}
	return !m->why[0];
}
