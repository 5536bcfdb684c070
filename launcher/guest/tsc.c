// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time of G1 and of G2: the TSC offset and ratio that G1 gives to G2, and G1's own TSC, timers and
 * kvm-clock, which they must not affect.
 */
#include "guest/cases.h"
#include "guest/runtime.h"
#include "lib/base.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define VECTOR 0x71
#define MSR_TSC 0x10
#define MSR_KVM_SYSTEM_TIME 0x4b564d01
#define ROUNDS 6

/* What the launcher does at a call: */
enum ask {
	COMPARE,   /* the guest's clocks with its own */
	SET_CLOCK, /* make KVM set the guest's kvm-clock */
	SET_RATE,  /* of the guest's TSC */
};

static const char tsc_code[] = "\x0f\x31\x90";			/* rdtsc */
static const char spin_code[] = "\x48\xff\xc9\x75\xfb\x0f\x31"; /* 1: dec %rcx; jnz 1b; rdtsc */
/* out %al, $0xf0, and then the same */
static const char call_code[] = "\xe6\xf0\x48\xff\xc9\x75\xfb\x0f\x31";

/* Documentation/virt/kvm/x86/msr.rst */
struct kvm_clock {
	uint32_t version, pad;
	uint64_t tsc, ns;
	uint32_t multiplier;
	int8_t shift;
	uint8_t flags, pad_2[2];
};

static uint64_t scaled(const volatile struct kvm_clock *c, uint64_t cycles)
{
	cycles = c->shift < 0 ? cycles >> -c->shift : cycles << c->shift;
	return (uint64_t)((unsigned __int128)cycles * c->multiplier >> 32);
}

static uint64_t clock_ns(void)
{
	const volatile struct kvm_clock *c = (void *)(ARENA->code + PAGE);
	uint32_t version;
	uint64_t ns;

	do {
		version = c->version;
		asm volatile("lfence" ::: "memory");
		ns = c->ns + scaled(c, __rdtsc() - c->tsc);
		asm volatile("lfence" ::: "memory");
	} while (version & 1 || version != c->version);
	return ns;
}

static void try_offset(uint64_t offset)
{
	struct vmcb *v = g2_init_bytes(0, tsc_code, 3);
	uint64_t start = __rdtsc(), its;

	v->tsc_offset = offset;
	expect("G2 that reads its TSC", g2_run(v), EXIT_VMMCALL);
	its = (ARENA->g2.rdx << 32 | (uint32_t)v->rax) - offset;
	expect_between("TSC of G2 less its offset", its - start, 0, __rdtsc() - start);
}

/* G1 sets a deadline, and G2 runs with another TSC: the timer fires by G1's TSC. */
static void try_deadline(uint64_t offset, uint64_t cycles)
{
	struct vmcb *v = g2_init_bytes(0, spin_code, 7);
	uint64_t start, took;

	v->tsc_offset = offset;
	v->int_ctl = V_INTR_MASKING;
	intercept(v, EXIT_INTR, true);
	ARENA->g2.rcx = 0; /* it spins on: on a busy machine an emulated timer may take seconds */
	ARENA->irqs[VECTOR] = 0;
	clgi();
	asm volatile("sti");
	wrmsr(X2APIC_LVT_TIMER, VECTOR | 2 << 17); /* TSC deadline */
	start = __rdtsc();
	wrmsr(MSR_TSC_DEADLINE, start + cycles);
	expect("exit by a TSC deadline of G1", g2_run(v), EXIT_INTR);
	took = __rdtsc() - start;
	asm volatile("nop; cli");
	expect("interrupts by a TSC deadline", ARENA->irqs[VECTOR], 1);
	expect_between("cycles until a TSC deadline of G1", took, cycles, cycles + LATE_CYCLES);
}

/* A reading of kvm-clock between two of the TSC: G1 may be held up in between. */
struct reading {
	uint64_t before, ns, after;
};

static struct reading read_clocks(void)
{
	struct reading r = { .before = __rdtsc() };

	r.ns = clock_ns();
	r.after = __rdtsc();
	return r;
}

static void expect_clock(const char *what, struct reading first, struct reading last)
{
	const volatile struct kvm_clock *c = (void *)(ARENA->code + PAGE);
	uint64_t least = scaled(c, last.before - first.after);
	uint64_t most = scaled(c, last.after - first.before);

	expect_between(what, last.ns - first.ns, least - least / 10, most + most / 10 + 1000000);
}

/* G1's kvm-clock advances with its TSC, also if KVM updates it while G2 runs: the launcher makes KVM do so. */
static void try_kvm_clock(uint64_t offset)
{
	struct vmcb *v = g2_init_bytes(0, call_code, 9);
	struct reading first = read_clocks();

	ARENA->argument = SET_CLOCK;
	v->rax = CALL_HOST;
	ARENA->g2.rcx = 0x800000;
	v->tsc_offset = offset;
	expect("G2 that counts", g2_run(v), EXIT_VMMCALL);
	ARENA->argument = COMPARE;
	expect_clock("ns of kvm-clock that was set while G2 ran", first, read_clocks());
	wrmsr(MSR_KVM_SYSTEM_TIME, (uint64_t)(ARENA->code + PAGE) | 1);
	expect_clock("ns of kvm-clock while G2 ran", first, read_clocks());
}

/*
 * The launcher reads its own clocks before and after G1 reads its own.  Between two such readings both
 * must have advanced by the same time, within what the readings took.
 */
static void compare_with_host(void)
{
	guest_call(CALL_HOST);
	ARENA->scratch[0] = __rdtsc();
	ARENA->scratch[1] = clock_ns();
	guest_call(CALL_HOST);
}

/* wrmsr; rdtsc: a TSC write that G1 does not intercept changes G1's TSC, and G2's moves with it. */
static void try_write(void)
{
	struct vmcb *v = g2_init_bytes(0, "\x0f\x30\x0f\x31\x90", 5);
	uint64_t offset = 1ull << 40, jump = 1ull << 46, to = __rdtsc() + jump, its, mine;

	v->tsc_offset = offset;
	v->rax = (uint32_t)to;
	ARENA->g2.rcx = MSR_TSC;
	ARENA->g2.rdx = to >> 32;
	expect("G2 that writes the TSC", g2_run(v), EXIT_VMMCALL);
	its = ARENA->g2.rdx << 32 | (uint32_t)v->rax;
	mine = __rdtsc();
	expect_between("TSC of G2 that it wrote", its, to + offset, to + offset + LATE_CYCLES);
	expect_between("TSC of G1 that G2 wrote", mine, its - offset, to + LATE_CYCLES);
	wrmsr(MSR_TSC, __rdtsc() - jump);
}

/* The least TSC that G2 may read when G1's is this one, and by how much KVM's rounding may be wrong. */
#define ROUNDING (1ull << 20)
static uint64_t g2_tsc(uint64_t mine, uint64_t ratio, uint64_t offset)
{
	return (uint64_t)((unsigned __int128)mine * ratio >> 32) + offset - ROUNDING;
}

/* G2's TSC is G1's, multiplied by the ratio, plus the offset: APM volume 2, 15.30.5. */
static void try_ratio(uint64_t ratio, uint64_t offset, const char *code, int len)
{
	struct vmcb *v = g2_init_bytes(0, code, len);
	uint64_t before = __rdtsc(), after, its;

	v->tsc_offset = offset;
	ARENA->g2.rcx = MSR_TSC;
	wrmsr(MSR_TSC_RATIO, ratio);
	expect("TSC ratio", rdmsr(MSR_TSC_RATIO), ratio);
	expect("G2 that reads its scaled TSC", g2_run(v), EXIT_VMMCALL);
	its = ARENA->g2.rdx << 32 | (uint32_t)v->rax;
	after = __rdtsc();
	expect_between("TSC of G1 behind a G2 with a ratio", after, before, before + LATE_CYCLES);
	expect_between("scaled TSC of G2", its, g2_tsc(before, ratio, offset),
		       g2_tsc(after, ratio, offset) + 2 * ROUNDING);
}

/* The ratio of G1's own TSC is KVM's. */
static void try_ratios(void)
{
	static const uint64_t ratios[] = { 1ull << 31, 11ull << 31, 1ull << 32 };

	for (int i = 0; i < 3; i++) {
		try_ratio(ratios[i], 0, "\x0f\x31", 2); /* rdtsc */
		try_ratio(ratios[i], 1ull << 40, "\x0f\x31", 2);
		try_ratio(ratios[i], -(1ull << 34), "\x0f\x32", 2); /* rdmsr */
		try_deadline(1ull << 40, 3000000);
	}
	expect("reserved bits of the TSC ratio", TRY("wrmsr", 0, MSR_TSC_RATIO, 0x100), 13);
	expect("TSC ratio behind them", rdmsr(MSR_TSC_RATIO), 1ull << 32);
}

/* The TSC is set forward first, so that a wrong ratio makes a great difference. */
static void try_scaling(void)
{
	wrmsr(MSR_TSC, __rdtsc() + (1ull << 46));
	try_ratios();
	ARENA->argument = SET_RATE;
	guest_call(CALL_HOST);
	try_ratios();
	ARENA->argument = COMPARE;
}

void case_tsc(void)
{
	static const uint64_t offsets[] = { 0, 1ull << 40, -(1ull << 34), 0x123456789abull };

	apic_enable();
	wrmsr(MSR_KVM_SYSTEM_TIME, (uint64_t)(ARENA->code + PAGE) | 1);
	compare_with_host();
	for (uint64_t i = 0; i < rounds(4, 2); i++) {
		try_offset(offsets[i]);
		if (!ARENA->brief)
			try_deadline(offsets[i], 20000000);
		try_deadline(offsets[i], 3000000);
		try_kvm_clock(offsets[i]);
	}
	compare_with_host();
	try_write();
	if (svm_has(SVM_TSC_RATIO))
		try_scaling();
}

/* ---- the launcher's side ----------------------------------------------------------------- */

/* The bounds of the launcher's clock less the guest's. */
struct window {
	double low, high;
};

static void narrow(struct machine *m, const char *what, struct window *w, double low, double high,
		   double rate)
{
	/* How much faster one of them may be; the first reading is not precise. */
	double slack = rate * 0.02 * (now_s() - m->began_s);

	if (w->low == w->high) {
		*w = (struct window){ low, high };
		return;
	}
	if (low > w->high + slack || high < w->low - slack)
		machine_fail(m, "%s went apart from this level's own by %g s", what,
			     (low > w->high ? low - w->high : high - w->low) / rate);
}

/* KVM updates its guest's clock at the next entry. */
static bool set_clock(struct machine *m)
{
	m->calls--; /* this call is not one of the readings */
	if (!ioctl(m->vcpu, KVM_KVMCLOCK_CTRL, 0))
		return true;
	machine_fail(m, "KVM_KVMCLOCK_CTRL: %s", strerror(errno));
	return false;
}

/* From now on its TSC advances by half as much again, and so KVM has to scale it. */
static bool set_rate(struct machine *m)
{
	int khz = ioctl(m->vcpu, KVM_GET_TSC_KHZ, 0);

	if (khz > 0 && !ioctl(m->vcpu, KVM_SET_TSC_KHZ, khz + khz / 2))
		return true;
	machine_fail(m, "KVM_SET_TSC_KHZ: %s", strerror(errno));
	return false;
}

bool call_tsc(struct machine *m, int reason)
{
	static struct window tsc, clock; /* of the machine that runs */
	static double tsc_before, clock_before;
	double tsc_now = __rdtsc(), clock_now = now_s() * 1e9;

	(void)reason;
	if (ARENA->argument == SET_RATE)
		return set_rate(m);
	if (ARENA->argument == SET_CLOCK)
		return set_clock(m);
	if (m->calls == 1)
		tsc = clock = (struct window){ 0, 0 };
	if (m->calls % 2 == 0) {
		narrow(m, "its guest's TSC", &tsc, tsc_before - ARENA->scratch[0],
		       tsc_now - ARENA->scratch[0], 2e9);
		narrow(m, "its guest's kvm-clock", &clock, clock_before - ARENA->scratch[1],
		       clock_now - ARENA->scratch[1], 1e9);
		ARENA->cases += 2;
	}
	clock_before = now_s() * 1e9;
	tsc_before = __rdtsc();
	return !m->why[0];
}
