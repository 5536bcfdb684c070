// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest is saved, its VM destroyed, and the guest restored in another VM, at any moment: while it
 * runs, while its own guest runs, and between VMRUN and the first instruction of its own guest.  The
 * guest must not notice.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define VECTOR 0x51
#define ROUNDS 10
#define STEPS_MAX 40 /* instructions from the call to VMRUN */

#define MSR_KERNEL_GS_BASE 0xc0000102
#define TIMER 0x71
#define LOWER 0x41
#define X2APIC_ISR 0x810
#define LVT_PERIODIC (1u << 17)
#define LVT_DEADLINE (2u << 17)
#define LVT_MASKED (1u << 16)
#define TIMER_NS 3000000
#define TIMER_CYCLES 8000000ull
#define COUNTED_CYCLES 50000000ull

/* What the launcher does at a call: */
enum ask {
	MOVE_OR_STEP, /* moves its guest, or steps it into G2 and moves it then */
	MOVE,
	MOVE_HALTED,   /* moves it as if it had executed HLT */
	MOVE_PATTERNS, /* moves it, after a test that KVM accepts all state that it reports */
};

/* out %al, $0xf0: G2 calls the launcher too; rdmsr, which G1 intercepts; nop */
static const char moved_code[] = "\x90\xe6\xf0\x90\x0f\x32\x90";

/* ---- the guest --------------------------------------------------------------------------- */

static void try_g2(uint64_t round)
{
	struct arena *a = ARENA;
	struct vmcb *v = g2_init_bytes(0, moved_code, 7);
	uint64_t irqs = a->irqs[VECTOR], lstar = guest_random() & 0x7fffffffff00;

	v->rax = CALL_HOST;
	v->tsc_offset = round << 36;
	v->cr2 = round << 24;
	v->event_inj = INJECT_VALID | INJECT_INTR | VECTOR;
	a->g2.rbx = ~round;
	a->g2.rcx = MSR_KERNEL_GS_BASE;
	intercept(v, EXIT_MSR, true);
	a->msrpm[2048 + 2 * (MSR_KERNEL_GS_BASE & 0x1fff) / 8] |= 1 << 2 * (MSR_KERNEL_GS_BASE & 3);
	wrmsr(0xc0000082, lstar);
	guest_call(CALL_HOST);
	expect("G2 that is moved to another VM", g2_run(v), EXIT_MSR);
	g2_skip(v, 2);
	expect("G2 behind its MSR", g2_run(v), EXIT_VMMCALL);
	expect("interrupts that were injected at that time", a->irqs[VECTOR] - irqs, 1);
	expect("RBX of G2", a->g2.rbx, ~round);
	expect("CR2 of G2", v->cr2, round << 24);
	expect("LSTAR", rdmsr(0xc0000082), lstar);
	expect("GIF and interrupts of G1", a->irqs[0x61], round + 1);
}

/* Moves the guest while GIF is 0 and an interrupt is pending. */
static void try_gif(uint64_t round)
{
	struct arena *a = ARENA;

	a->argument = MOVE;
	apic_enable();
	clgi();
	asm volatile("sti" ::: "memory");
	apic_self(0x62);
	guest_call(CALL_HOST);
	exit_once();
	expect("interrupts of a guest that was moved with GIF at 0", a->irqs[0x62], round);
	stgi();
	asm volatile("nop; nop; cli" ::: "memory");
	expect("interrupts of it behind STGI", a->irqs[0x62], round + 1);
	a->eoi = false;
	a->argument = MOVE_OR_STEP;
}

static void move_by(enum ask ask)
{
	ARENA->argument = ask;
	guest_call(CALL_HOST);
	ARENA->argument = MOVE_OR_STEP;
}

static void set_timer(uint32_t mode, uint32_t count)
{
	ARENA->irqs[TIMER] = 0;
	wrmsr(X2APIC_DIVIDE, 0xb);
	wrmsr(X2APIC_LVT_TIMER, mode | TIMER);
	if (mode == LVT_DEADLINE)
		wrmsr(MSR_TSC_DEADLINE, __rdtsc() + TIMER_CYCLES);
	else
		wrmsr(X2APIC_INITIAL, count);
}

/* A running timer goes on from where it was. */
static void try_timers(void)
{
	static const uint32_t modes[] = { 0, LVT_PERIODIC, LVT_DEADLINE };
	uint64_t before, start;

	apic_enable();
	wrmsr(X2APIC_LVT_TIMER, LVT_MASKED | TIMER);
	wrmsr(X2APIC_DIVIDE, 0xa); /* by 128: it counts for minutes, however long a move takes */
	wrmsr(X2APIC_INITIAL, 0xf0000000);
	for (start = __rdtsc(); __rdtsc() - start < COUNTED_CYCLES;)
		; /* longer than a move takes: a count that restarted would be higher */
	before = rdmsr(X2APIC_CURRENT);
	move_by(MOVE);
	expect_between("current count of a timer that was moved", rdmsr(X2APIC_CURRENT), 0x1000000,
		       before);
	wrmsr(X2APIC_INITIAL, 0);
	for (int i = 0; i < 3; i++) {
		uint64_t ticks = modes[i] == LVT_PERIODIC ? 4 : 1;

		set_timer(modes[i], TIMER_NS);
		move_by(MOVE);
		expect_between("ticks of a timer that was moved", apic_wait(TIMER, ticks), ticks,
			       ~0ull);
		set_timer(LVT_MASKED, 0);
	}
	set_timer(0, TIMER_NS);
	asm volatile("sti" ::: "memory");
	move_by(MOVE_HALTED);
	asm volatile("cli" ::: "memory");
	/* A timer that fired before the move must fire again after it */
	expect_between("interrupts before a guest that was moved in HLT went on",
		       ARENA->irqs[TIMER], 1, 2);
	set_timer(LVT_MASKED, 0);
	ARENA->eoi = false;
}

/* One interrupt is in service, and holds back another. */
static void try_served(void)
{
	struct arena *a = ARENA;

	apic_enable();
	a->eoi = false;
	a->irqs[LOWER] = 0;
	apic_self(VECTOR);
	asm volatile("sti; nop; nop; cli" ::: "memory");
	apic_self(LOWER);
	move_by(MOVE);
	expect("interrupt that is served, after a move",
	       rdmsr(X2APIC_ISR + VECTOR / 32) >> VECTOR % 32 & 1, 1);
	asm volatile("sti; nop; nop; cli" ::: "memory");
	expect("interrupts below it", a->irqs[LOWER], 0);
	wrmsr(X2APIC_EOI, 0);
	asm volatile("sti; nop; nop; cli" ::: "memory");
	expect("interrupts after its end", a->irqs[LOWER], 1);
	wrmsr(X2APIC_EOI, 0);
}

void case_transfer(void)
{
	struct arena *a = ARENA;
	uint64_t start = __rdtsc(), now;

	for (uint64_t round = 0; round < rounds(ROUNDS, 2); round++) {
		apic_enable();
		apic_self(0x61);
		asm volatile("sti; nop; nop; cli" ::: "memory");
		a->eoi = false;
		if (a->have_svm) {
			try_g2(round);
			try_gif(round);
		}
		move_by(round ? MOVE : MOVE_PATTERNS);
		if (round < 2) {
			if (!a->brief)
				try_timers();
			try_served();
		}
		now = __rdtsc();
		expect("TSC that goes on", now > start, 1);
		start = now;
	}
}

/* ---- the launcher ------------------------------------------------------------------------ */

/* Registers of the interrupt controller that change with time, or that are derived from others. */
#define APIC_PRIORITY 0xa0
#define APIC_CURRENT 0x390

static bool is_time(uint32_t msr)
{
	return msr == 0x10 || msr == MSR_TSC_DEADLINE || msr >> 8 == 0x4b564d;
}

static bool same_msrs(const struct machine_state *a, const struct machine_state *b)
{
	for (uint32_t i = 0; i < a->msrs.head.nmsrs; i++)
		if (!is_time(a->msrs.entry[i].index) &&
		    a->msrs.entry[i].data != b->msrs.entry[i].data)
			return false;
	return true;
}

static bool same_apic(const struct machine_state *a, const struct machine_state *b)
{
	for (int i = 0; i < KVM_APIC_REG_SIZE; i += 16)
		if (i != APIC_PRIORITY && i != APIC_CURRENT &&
		    memcmp(a->apic.regs + i, b->apic.regs + i, 4))
			return false;
	return true;
}

/* On AMD-V an interrupt shadow does not tell which instruction caused it. */
static bool same_events(const struct machine_state *a, const struct machine_state *b)
{
	struct kvm_vcpu_events x = a->events, y = b->events;

	x.interrupt.shadow = !!x.interrupt.shadow;
	y.interrupt.shadow = !!y.interrupt.shadow;
	return !memcmp(&x, &y, sizeof(x));
}

static bool same_segments(const struct machine_state *a, const struct machine_state *b)
{
	struct kvm_sregs x = a->sregs, y = b->sregs;

	/* an interrupt under way: it is among the events too */
	memset(x.interrupt_bitmap, 0, sizeof(x.interrupt_bitmap));
	memset(y.interrupt_bitmap, 0, sizeof(y.interrupt_bitmap));
	return !memcmp(&x, &y, sizeof(x));
}

static bool expect_same(struct machine *m, const char *when, const struct machine_state *was,
			const struct machine_state *is)
{
	const struct {
		const char *what;
		bool same;
	} parts[] = {
		{ "registers", !memcmp(&was->regs, &is->regs, sizeof(was->regs)) },
		{ "segments and control registers", same_segments(was, is) },
		{ "vector registers", !memcmp(was->xsave.region, is->xsave.region, 416) },
		{ "XCR0", was->xcrs.nr_xcrs == is->xcrs.nr_xcrs &&
				  was->xcrs.xcrs[0].value == is->xcrs.xcrs[0].value },
		{ "debug registers", !memcmp(&was->debug, &is->debug, sizeof(was->debug)) },
		{ "events", same_events(was, is) },
		{ "run state", was->mp.mp_state == is->mp.mp_state },
		{ "interrupt controller", same_apic(was, is) },
		{ "MSRs", same_msrs(was, is) },
		{ "nested state",
		  was->nested.flags == is->nested.flags && was->nested.size == is->nested.size },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		ARENA->cases++;
		if (!parts[i].same)
			machine_fail(m, "%s of a guest are not what was set, %s", parts[i].what,
				     when);
	}
	return !m->why[0];
}

static bool move(struct machine *m)
{
	static struct machine_state was, is;

	if (machine_move(m, &was) || machine_save(m, &is))
		return false;
	return expect_same(m, "after a move", &was, &is);
}

/* All state of a vCPU, each bit the opposite of its reset value. */
static void fill(struct machine_state *s, bool exception)
{
	uint32_t *apic = (uint32_t *)s->apic.regs;

	s->regs.rax = 0x1122334455667788;
	s->regs.r15 = ~0x1122334455667788ull;
	s->sregs.cr2 = 0x123456789000;
	s->sregs.cr8 = 5;
	s->sregs.fs.base = 0x1234567000;
	s->sregs.gs.base = 0x7654321000;
	for (int i = 0; i < 4; i++)
		s->debug.db[i] = 0x40000000 + i * 64;
	s->debug.dr6 = 0xffff0ff5;
	s->debug.dr7 = 0x401;
	for (int i = 40; i < 104; i++) /* XMM0 to XMM15 */
		s->xsave.region[i] = i * 0x1010101;
	s->xsave.region[0] = 0x67f;  /* FCW */
	s->xsave.region[6] = 0x5f80; /* MXCSR */
	s->xsave.region[128] |= 3;   /* XSTATE_BV */
	s->events.interrupt.shadow = 1;
	s->events.nmi.masked = 1;
	s->events.nmi.pending = 1;
	s->events.interrupt.injected = !exception;
	s->events.interrupt.nr = 0x31;
	s->events.exception.injected = exception;
	s->events.exception.nr = 14;
	s->events.exception.has_error_code = 1;
	s->events.exception.error_code = 6;
	s->mp.mp_state = KVM_MP_STATE_HALTED;
	apic[0x80 / 4] = 0x50;		      /* TPR, as CR8 */
	apic[0x110 / 4] = 0x00020000;	      /* ISR: 0x31 */
	apic[0x220 / 4] = 0x00000004;	      /* IRR: 0x42 */
	apic[0x320 / 4] = LVT_MASKED | TIMER; /* LVT timer */
	apic[0x350 / 4] = 0x00010700;	      /* LINT0 */
	apic[0x3e0 / 4] = 0x3;		      /* divider */
	for (uint32_t i = 0; i < s->msrs.head.nmsrs; i++)
		if (s->msrs.entry[i].index >> 4 == 0xc000008 || s->msrs.entry[i].index >> 4 == 0x17)
			s->msrs.entry[i].data = 0x10000 * (i + 1) + 0x55;
}

/* Sets all state that can be set, and reads it back. */
static bool try_patterns(struct machine *m)
{
	static struct machine_state was, set, is;

	if (machine_save(m, &was))
		return false;
	for (int exception = 0; exception < 2; exception++) {
		set = was;
		fill(&set, exception);
		if (machine_restore(m, &set) || machine_save(m, &is) ||
		    !expect_same(m, "when it was read", &set, &is))
			return false;
	}
	return !machine_replace(m) && !machine_restore(m, &was);
}

static bool halt_and_move(struct machine *m)
{
	struct kvm_mp_state halted = { KVM_MP_STATE_HALTED };

	machine_complete(m);
	if (!ioctl(m->vcpu, KVM_SET_MP_STATE, &halted))
		return move(m);
	machine_fail(m, "KVM_SET_MP_STATE: %s", strerror(errno));
	return false;
}

static bool step(struct machine *m, uint32_t control)
{
	struct kvm_guest_debug d = { .control = control };

	if (!ioctl(m->vcpu, KVM_SET_GUEST_DEBUG, &d))
		return true;
	machine_fail(m, "KVM_SET_GUEST_DEBUG: %s", strerror(errno));
	return false;
}

static bool is_in_g2(struct machine *m)
{
	static union {
		struct kvm_nested_state head;
		uint8_t bytes[sizeof(struct kvm_nested_state) + 2 * PAGE];
	} nested;

	nested.head.size = sizeof(nested);
	return !ioctl(m->vcpu, KVM_GET_NESTED_STATE, &nested) &&
	       nested.head.flags & KVM_STATE_NESTED_GUEST_MODE;
}

/* Steps up to VMRUN: G2 has not run yet, and what G1 injected is still pending. */
static bool move_at_vmrun(struct machine *m, int reason)
{
	static int steps;

	if (reason != KVM_EXIT_DEBUG) {
		steps = 0;
		return step(m, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP);
	}
	if (is_in_g2(m))
		return step(m, 0) && move(m);
	if (++steps < STEPS_MAX * 10)
		return true;
	return step(m, 0);
}

bool call_transfer(struct machine *m, int reason)
{
	static bool at_vmrun;
	bool g2 = m->svm && is_in_g2(m);

	if (m->calls == 1)
		at_vmrun = false;
	if (reason == KVM_EXIT_DEBUG)
		return move_at_vmrun(m, reason);
	if (ARENA->argument == MOVE_HALTED)
		return halt_and_move(m);
	if (ARENA->argument == MOVE_PATTERNS)
		return try_patterns(m) && move(m);
	if (g2 || ARENA->argument)
		return move(m); /* complete its OUT first: the next KVM_RUN does */
	at_vmrun = !at_vmrun;
	return m->svm && at_vmrun ? move_at_vmrun(m, reason) : move(m);
}
