// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts interrupts, and lets a guest keep the CPU: this level must get its own ticks all the while. */
#include "guest/cases.h"
#include "guest/runtime.h"
#include "lib/base.h"

#define VECTOR 0x81
#define TICKS 300
#define SPIN_TICKS 16
#define AGAIN ~0ull
#define TRIES 4
#define CYCLES_S 2.5e9 /* roughly: the launcher measures the real duration */

void case_timers(void)
{
	struct arena *a = ARENA;
	uint64_t start;

	apic_enable();
	wrmsr(X2APIC_DIVIDE, 0xb);
	wrmsr(X2APIC_LVT_TIMER, VECTOR);
	for (uint64_t i = 0; i < TICKS; i++) {
		wrmsr(X2APIC_INITIAL, 20000);
		asm volatile("sti; hlt; cli" ::: "memory");
		expect("timer interrupts", a->irqs[VECTOR], i + 1);
	}
	for (int enabled = 0; enabled < 2; enabled++)
		do {
			guest_call(CALL_HOST);
			if (enabled)
				asm volatile("sti" ::: "memory");
			for (start = __rdtsc(); __rdtsc() - start < a->answer;)
				;
			asm volatile("cli" ::: "memory");
			guest_call(CALL_HOST);
		} while (a->answer == AGAIN);
}

/*
 * A busy machine may be late, but one tick must come in the time of four.  If this is not so in any of
 * several tries, each with ticks twice as far apart, the machine is not the cause.
 */
bool call_timers(struct machine *m, int reason)
{
	static double began_s, tick_s;
	static int64_t ticks;
	static int tries;
	double s = now_s() - began_s;
	int64_t came = m->ticks - ticks;

	(void)reason;
	if (m->calls % 2) {
		if (m->calls == 1)
			tries = 0;
		if (!tries)
			tick_s = m->tick_s / 4;
		machine_tick(tick_s);
		ARENA->answer = SPIN_TICKS * tick_s * CYCLES_S;
	} else {
		ARENA->cases++;
		tries = came < (int64_t)(s / tick_s / 4) ? tries + 1 : 0;
		tick_s *= 2;
		ARENA->answer = tries ? AGAIN : 0;
		if (tries == TRIES)
			machine_fail(
				m,
				"%lld ticks of this level in %.1f s, while its guest kept the CPU",
				(long long)came, s);
	}
	began_s = now_s();
	ticks = m->ticks;
	return !m->why[0];
}
