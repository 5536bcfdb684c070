// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* strsep */
#include "level/checks.h"
#include "level/cpus.h"
#include "level/faults.h"
#include "level/needs.h"
#include "child/port.h"
#include "guest/cases.h"
#include "level/thorough.h"
#include "lib/options.h"

#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define MEMORY_CHECK_KIB 16384 /* the most that the pattern covers */
#define CLOCK_READS 1000
#define TIMER_S 0.010
#define EARLY_EXITS 10
#define LATE_EXITS 1000
#define EXITS_A_LOOK 10 /* exits between two looks at the clock */
#define EARLY_SAMPLES 5
#define LATE_SAMPLES 21
#define EARLY_TRIPS 5
#define LATE_TRIPS 100
#define REMAPS 100
#define POST_PORT 0x80 /* POST code port: a write does no harm on any PC */

static void check_virt(struct check_context *c, struct check *k)
{
	k->value = c->platform->have_virt;
	strcpy(k->unit, "bool");
	if (c->platform->have_virt)
		return;
	check_set(k, c->need_virt ? RESULT_FAIL : RESULT_SKIP, "%s", c->platform->virt_problem);
}

static void check_kvm(struct check_context *c, struct check *k)
{
	k->value = c->platform->kvm_api < 0 ? 0 : c->platform->kvm_api;
	strcpy(k->unit, "api");
	if (c->platform->have_kvm)
		return;
	check_set(k, c->need_virt ? RESULT_FAIL : RESULT_SKIP, "%s", c->platform->kvm_problem);
}

static void check_nested(struct check_context *c, struct check *k)
{
	k->value = c->platform->kvm_nested == 1;
	strcpy(k->unit, "bool");
	if (k->value)
		return;
	check_set(k, c->need_nested && c->platform->have_kvm ? RESULT_FAIL : RESULT_SKIP,
		  "the KVM module's parameter nested is %s",
		  c->platform->kvm_nested ? "not there" : "0");
}

/* If one CPU was asked for and is there, there is nothing to report. */
static void check_cpus(struct check_context *c, struct check *k)
{
	int online = cpus_listed(CPUS_ONLINE), want = cpus_listed(CPUS_PRESENT);

	if (want < c->vcpus)
		want = c->vcpus;
	k->value = online;
	strcpy(k->unit, "CPUs");
	if (online == 1 && want == 1)
		k->id[0] = '\0';
	else if (online < want)
		check_set(k, RESULT_FAIL, "%d of %d CPUs are online", online, want);
}

/* A time of which a healthy level needs only a small part, however deep it is. */
static double enough_s(const struct check_context *c)
{
	return 5 + 2 * c->self->kernel_s;
}

/* Makes a check that needs several CPUs; with one CPU nothing is checked. */
static void check_together(struct check_context *c, struct check *k, int rounds,
			   void (*act)(struct together *t))
{
	struct together t = { .rounds = rounds, .limit_s = enough_s(c) };
	int cpu[CPUS_MAX];

	if (c->phase == CHECK_LATE) {
		t.until_s = now_s() + t.limit_s / 2;
		if (t.until_s > c->deadline_s)
			t.until_s = c->deadline_s;
	}
	if (cpus_ours(cpu) == 1 || (t.until_s && now_s() >= t.until_s)) {
		k->id[0] = '\0';
		return;
	}
	act(&t);
	k->value = t.done;
	if (*t.wrong)
		check_set(k, RESULT_FAIL, "%s", t.wrong);
}

static void check_ipi(struct check_context *c, struct check *k)
{
	strcpy(k->unit, "trips");
	check_together(c, k, c->phase == CHECK_LATE ? LATE_TRIPS : EARLY_TRIPS, cpus_pass_token);
}

static void check_tlb(struct check_context *c, struct check *k)
{
	strcpy(k->unit, "changes");
	check_together(c, k, REMAPS, cpus_remap);
}

static void check_clocks(struct check_context *c, struct check *k)
{
	strcpy(k->unit, "reads");
	check_together(c, k, CLOCK_READS, cpus_read_clocks);
}

/* Each word holds its own address, then its complement: this finds lost, stuck and aliased bits. */
static void check_memory(struct check_context *c, struct check *k)
{
	int64_t kib = c->self->available_kib / 8;
	size_t words, bad = 0;
	volatile uintptr_t *p;

	if (kib > MEMORY_CHECK_KIB)
		kib = MEMORY_CHECK_KIB;
	words = kib * 1024 / sizeof(*p);
	strcpy(k->unit, "KiB");
	p = mmap(NULL, kib * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		check_set(k, RESULT_FAIL, "cannot get %lld KiB to test: %s", (long long)kib,
			  strerror(errno));
		return;
	}
	for (size_t i = 0; i < words; i++)
		p[i] = (uintptr_t)&p[i];
	for (size_t i = 0; i < words; i++) {
		bad += p[i] != (uintptr_t)&p[i];
		p[i] = ~(uintptr_t)&p[i];
	}
	for (size_t i = 0; i < words; i++)
		bad += p[i] != ~(uintptr_t)&p[i];
	munmap((void *)p, kib * 1024);
	k->value = kib;
	if (bad)
		check_set(k, RESULT_FAIL, "%zu of %zu words changed", bad, words);
}

static void check_clock(struct check_context *c, struct check *k)
{
	double last = now_s(), now;

	(void)c;
	strcpy(k->unit, "reads");
	for (int i = 0; i < CLOCK_READS; i++, last = now) {
		now = now_s();
		k->value = i + 1;
		if (now >= last)
			continue;
		check_set(k, RESULT_FAIL, "went back by %g s", last - now);
		return;
	}
}

/* KVM derives its guests' time from the TSC; if it is wrong, the child hangs. */
static void check_tsc(struct check_context *c, struct check *k)
{
	const struct platform *p = c->platform;

	k->value = p->tsc_khz / 1000;
	strcpy(k->unit, "MHz");
	if (p->tsc_khz < 1) {
		check_set(k, RESULT_FAIL, "its kernel does not know the TSC's frequency");
	} else if (!p->tsc_varies &&
		   !needs_pace_is_sane(p->tsc_khz, __rdtsc() - p->began_tsc, now_s() - p->began_s,
				       k->detail, sizeof(k->detail))) {
		k->result = RESULT_FAIL;
	}
}

static void check_timer(struct check_context *c, struct check *k)
{
	struct itimerspec spec = { .it_value.tv_nsec = TIMER_S * 1e9 };
	/* A timer costs tens of exits and a boot thousands: a timer that takes that long is lost, not late. */
	double limit_s = 2 + c->self->kernel_s, start = now_s();
	struct pollfd fd = { timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), POLLIN, 0 };

	strcpy(k->unit, "s");
	if (fd.fd < 0 || timerfd_settime(fd.fd, 0, &spec, NULL) ||
	    poll(&fd, 1, limit_s * 1000) != 1)
		check_set(k, RESULT_FAIL, "a timer of %g s did not fire within %g s", TIMER_S,
			  limit_s);
	k->value = now_s() - start;
	close(fd.fd);
	/*
	 * The same clock measures the bound, so look twice.  kvm-clock and the timer's clock may differ by
	 * 1 ms.
	 */
	if (k->result == RESULT_PASS && (k->value > limit_s || k->value < TIMER_S - 0.001))
		check_set(k, RESULT_FAIL, "a timer of %g s fired after %g s", TIMER_S, k->value);
}

struct fpu_state {
	uint8_t vector[16][32];
	uint32_t mxcsr;
	uint16_t control;
};

/* Keeps the whole state in registers across COUNT exits (CPUID always exits under KVM). */
#define XMM(op, a, b)                                                                       \
	op(0, a, b) op(1, a, b) op(2, a, b) op(3, a, b) op(4, a, b) op(5, a, b) op(6, a, b) \
		op(7, a, b) op(8, a, b) op(9, a, b) op(10, a, b) op(11, a, b) op(12, a, b)  \
			op(13, a, b) op(14, a, b) op(15, a, b)
#define LOAD(n, insn, reg) insn " " #n "*32(%[in]), %%" reg #n "\n\t"
#define SAVE(n, insn, reg) insn " %%" reg #n ", " #n "*32(%[out])\n\t"
#define EXITS                                                                             \
	"ldmxcsr %[in_mxcsr]\n\tfldcw %[in_control]\n"                                    \
	"1:\txor %%eax, %%eax\n\txor %%ecx, %%ecx\n\tcpuid\n\tdec %[count]\n\tjnz 1b\n\t" \
	"stmxcsr %[out_mxcsr]\n\tfnstcw %[out_control]\n\t"
#define FPU_ASM(insn, reg)                                                                        \
	asm volatile(XMM(LOAD, insn, reg) EXITS XMM(SAVE, insn, reg)                              \
		     : [count] "+r"(count), [out_mxcsr] "=m"(out->mxcsr),                         \
		       [out_control] "=m"(out->control)                                           \
		     : [in] "r"(in->vector), [out] "r"(out->vector), [in_mxcsr] "m"(in->mxcsr),   \
		       [in_control] "m"(in->control)                                              \
		     : "eax", "ebx", "ecx", "edx", "memory", "xmm0", "xmm1", "xmm2", "xmm3",      \
		       "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
		       "xmm13", "xmm14", "xmm15")

static void fpu_over_exits(const struct fpu_state *in, struct fpu_state *out, uint64_t count,
			   bool avx)
{
	static const uint32_t mxcsr = 0x1f80; /* the ABI's default */
	static const uint16_t control = 0x37f;

	if (avx)
		FPU_ASM("vmovdqu", "ymm");
	else
		FPU_ASM("movdqu", "xmm");
	asm volatile("ldmxcsr %0\n\tfldcw %1" ::"m"(mxcsr), "m"(control));
}

/* Writes the first difference to WHAT. */
static bool fpu_changed(const struct fpu_state *in, const struct fpu_state *out, char what[64])
{
	for (int n = 0; n < 16; n++)
		for (int i = 0; i < 32; i++)
			if (in->vector[n][i] != out->vector[n][i]) {
				format(what, 64, "byte %d of register %d is %#x instead of %#x", i,
				       n, out->vector[n][i], in->vector[n][i]);
				return true;
			}
	format(what, 64, "MXCSR is %#x, the x87 control word %#x", out->mxcsr, out->control);
	return in->mxcsr != out->mxcsr || in->control != out->control;
}

static void check_fpu(struct check_context *c, struct check *k)
{
	int want = c->phase == CHECK_LATE ? LATE_EXITS : EARLY_EXITS;
	/* mxcsr: all masked, round up; x87: all masked, double precision, round down. */
	struct fpu_state in = { .mxcsr = 0x5f80, .control = 0x67f }, out;
	bool avx = c->platform->have_avx;
	char what[64];
	uint64_t seed = 0x9e3779b97f4a7c15; /* 2^64 over the golden ratio: no two bytes are equal */

	strcpy(k->unit, "exits");
	for (int done = 0; done < want; done += EXITS_A_LOOK) {
		if (c->phase == CHECK_LATE && now_s() > c->deadline_s)
			break;
		for (size_t i = 0; i < sizeof(in.vector);
		     i++, seed = seed * 6364136223846793005 + 1)
			in.vector[i / 32][i % 32] = avx || i % 32 < 16 ? seed >> 56 : 0;
		memset(&out, 0, sizeof(out));
		fpu_over_exits(&in, &out, EXITS_A_LOOK, avx);
		k->value = done + EXITS_A_LOOK;
		if (fpu_changed(&in, &out, what)) {
			check_set(k, RESULT_FAIL, "%s registers changed within %g exits: %s",
				  avx ? "AVX" : "SSE", k->value, what);
			return;
		}
	}
	/* No time was left for the long form: the early result stays. */
	if (!k->value)
		k->id[0] = '\0';
}

static void exit_by_cpuid(void)
{
	unsigned int eax = 0, ecx = 0;

	asm volatile("cpuid" : "+a"(eax), "+c"(ecx)::"ebx", "edx");
}

static void exit_by_pio(void)
{
	port_write(POST_PORT, "", 1);
}

static int compare_cycles(const void *a, const void *b)
{
	int64_t d = *(const int64_t *)a - *(const int64_t *)b;

	return (d > 0) - (d < 0);
}

/* The median leaves out interrupts that came in between. */
static int64_t median_cycles(struct check_context *c, void (*exit_once)(void))
{
	int want = c->phase == CHECK_LATE ? LATE_SAMPLES : EARLY_SAMPLES, count = 0;
	int64_t cycles[LATE_SAMPLES];
	uint64_t start;

	while (count < want && (c->phase == CHECK_EARLY || now_s() <= c->deadline_s)) {
		start = __rdtsc();
		exit_once();
		cycles[count++] = __rdtsc() - start;
	}
	if (!count)
		return UNKNOWN;
	qsort(cycles, count, sizeof(cycles[0]), compare_cycles);
	return cycles[count / 2];
}

static void check_cost(struct check_context *c, struct check *k)
{
	int64_t cpuid = median_cycles(c, exit_by_cpuid), pio = UNKNOWN;

	strcpy(k->unit, "cycles");
	if (port_allow(POST_PORT, 1)) {
		check_set(k, RESULT_SKIP, "no port I/O: %s", strerror(errno));
	} else {
		pio = median_cycles(c, exit_by_pio);
		if (!port_direct()) /* the cost of system calls was measured */
			pio = UNKNOWN;
	}
	if (cpuid < 0 || (c->phase == CHECK_LATE && pio < 0 && port_direct())) {
		k->id[0] = '\0'; /* no time was left: the early result stays */
		return;
	}
	c->self->cpuid_cycles = cpuid;
	c->self->pio_cycles = pio;
	k->value = cpuid;
	if (cpuid > 0)
		return;
	check_set(k, RESULT_FAIL, "the time-stamp counter stood still over an exit");
}

/* Only a fault is told: it is rare, and a record costs exits. */
static void check_kernel_log(struct check_context *c, struct check *k)
{
	char *log = system_kernel_log(), first[sizeof(k->detail)];
	int count = log ? faults_in_log(log, c->self->kernel_s, first, sizeof(first)) : 0;

	if (count)
		check_set(k, RESULT_FAIL, "%s", first);
	else
		k->id[0] = '\0';
	k->value = count;
	strcpy(k->unit, "messages");
	free(log);
}

#define QUICK(name, when, how) .id = (name), .phases = (when), .run = (how)
#define ON_EACH_CPU .each_cpu = true
#define THOROUGH(name) QUICK(name, CHECK_THOROUGH, check_guest)
#define ALSO_BRIEF(name) QUICK(name, CHECK_BRIEF | CHECK_THOROUGH, check_guest)

static const struct {
	const char *id;
	int phases;
	bool each_cpu; /* runs on each CPU in turn */
	void (*run)(struct check_context *c, struct check *k);
	struct guest_case guest;
} checks[] = {
	{ QUICK("virt", CHECK_EARLY, check_virt) }, /* svm or vmx in the CPU's flags */
	{ QUICK("kvm", CHECK_EARLY, check_kvm) },   /* /dev/kvm opens, with the API that we know */
	{ QUICK("nested", CHECK_EARLY, check_nested) }, /* KVM's guests may nest */
	{ QUICK("memory", CHECK_EARLY, check_memory) }, /* a pattern in free RAM */
	{ QUICK("cpus", CHECK_EARLY, check_cpus) }, /* all are online, if there is more than one */
	{ QUICK("ipi", CHECK_EARLY | CHECK_LATE, check_ipi) }, /* each CPU wakes the next */
	{ QUICK("tlb", CHECK_LATE, check_tlb) }, /* no CPU uses a page after it was unmapped */
	{ QUICK("clocks", CHECK_EARLY, check_clocks) }, /* no CPU's clock is behind another's */
	{ QUICK("clock", CHECK_EARLY, check_clock), ON_EACH_CPU }, /* never goes backwards */
	{ QUICK("tsc", CHECK_EARLY, check_tsc) }, /* its frequency is known and correct */
	{ QUICK("timer", CHECK_EARLY, check_timer), ON_EACH_CPU }, /* comes, and not too early */
	{ QUICK("fpu", CHECK_EARLY | CHECK_LATE, check_fpu),
	  ON_EACH_CPU },					 /* registers survive exits */
	{ QUICK("cost", CHECK_EARLY | CHECK_LATE, check_cost) }, /* of an exit, in cycles */
	{ QUICK("kernel_log", CHECK_LATE, check_kernel_log) },	 /* no warning, no oops */

	/* A guest's memory is moved, split, shared and write-protected while it runs */
	{ THOROUGH("kvm_memory"), .guest = { .entry = case_memory, .on_call = call_memory } },
	/* Memory slots are added, moved and removed; accesses where there is none */
	{ THOROUGH("kvm_slots"), .guest = { .entry = case_slots, .on_call = call_slots } },
	/* Instructions that KVM emulates: their memory accesses, permissions, and use by user programs */
	{ ALSO_BRIEF("kvm_emulator"), .guest = { .entry = case_emulator } },
	/* Interrupts are counted; a guest that keeps the CPU does not stop this level's ticks */
	{ THOROUGH("kvm_timers"),
	  .guest = { .entry = case_timers, .on_call = call_timers, .exact = true } },
	/* A debugger outside of the guest: breakpoints, watchpoints, single steps */
	{ ALSO_BRIEF("kvm_debug"),
	  .guest = { .entry = case_debug, .on_call = call_debug, .exact = true } },
	/* Registers that are set from outside, in all modes */
	{ ALSO_BRIEF("kvm_segments"),
	  .guest = { .entry = case_segments, .on_call = call_segments } },
	/* MSRs that are taken from a guest and given back */
	{ ALSO_BRIEF("kvm_msrs"), .guest = { .entry = case_msrs, .on_call = call_msrs } },
	/* Priorities and the timer of the interrupt controller */
	{ THOROUGH("kvm_apic"), .guest = { .entry = case_apic, .on_call = call_apic } },
	/* The 8254: its rates, gate and interrupts */
	{ THOROUGH("kvm_pit"), .guest = { .entry = case_pit, .on_call = call_pit } },
	/* A guest's XCR0 */
	{ ALSO_BRIEF("kvm_xstate"), .guest = { .entry = case_xstate, .exact = true } },
	/* A guest, and its guest, are saved, destroyed and restored at any moment */
	{ ALSO_BRIEF("kvm_transfer"),
	  .guest = { .entry = case_transfer, .on_call = call_transfer } },
	/* A guest whose thread moves from CPU to CPU */
	{ THOROUGH("kvm_cpus"), .guest = { .entry = case_cpus, .on_call = call_cpus } },
	/* System management interrupts */
	{ THOROUGH("kvm_smm"), .guest = { .entry = case_smm, .smm = true, .on_call = call_smm } },
	/* A nested guest's instruction exits to its hypervisor if, and only if, that intercepts it */
	{ ALSO_BRIEF("svm_exits"),
	  .guest = { .entry = case_exits, .svm = true, .exact = true, .on_call = call_exits } },
	/* A nested guest's memory is moved by its hypervisor, in pages of 4 KiB, 2 MiB and more */
	{ ALSO_BRIEF("svm_npt"), .guest = { .entry = case_npt, .svm = true, .npt = true } },
	/* The same, moved from outside by this level */
	{ ALSO_BRIEF("svm_memory"), .guest = { .entry = case_nested_memory,
					       .svm = true,
					       .npt = true,
					       .on_call = call_memory } },
	/* Memory slots change below a nested guest */
	{ THOROUGH("svm_slots"), .guest = { .entry = case_nested_slots,
					    .svm = true,
					    .npt = true,
					    .on_call = call_slots } },
	/* The dirty log has what KVM writes for a hypervisor */
	{ ALSO_BRIEF("svm_log"),
	  .guest = { .entry = case_log, .svm = true, .npt = true, .on_call = call_log } },
	/* Interrupts of the hypervisor while its guest runs, spins or masks them */
	{ ALSO_BRIEF("svm_irqs"), .guest = { .entry = case_interrupts, .svm = true } },
	/* The bitmaps of MSRs and ports that exit change from run to run */
	{ ALSO_BRIEF("svm_maps"), .guest = { .entry = case_maps, .svm = true } },
	/* Each event that the hypervisor injects comes once, whatever interferes */
	{ ALSO_BRIEF("svm_events"), .guest = { .entry = case_events, .svm = true, .exact = true } },
	/* Events behind STI, two at once, during HLT, and while their delivery faults in this level */
	{ ALSO_BRIEF("svm_delivery"), .guest = { .entry = case_delivery,
						 .svm = true,
						 .npt = true,
						 .exact = true,
						 .on_call = call_delivery } },
	/* At an exit the hypervisor learns which event was being delivered */
	{ ALSO_BRIEF("svm_interrupted"),
	  .guest = { .entry = case_interrupted, .svm = true, .npt = true, .exact = true } },
	/* A nested guest and its hypervisor each have registers of their own */
	{ ALSO_BRIEF("svm_state"), .guest = { .entry = case_state, .svm = true, .exact = true } },
	/* Two guests run in turn, and one changes its page tables */
	{ ALSO_BRIEF("svm_tlb"), .guest = { .entry = case_tlb, .svm = true } },
	/* The TSC offset, and the hypervisor's timers and kvm-clock meanwhile */
	{ ALSO_BRIEF("svm_tsc"), .guest = { .entry = case_tsc, .svm = true, .on_call = call_tsc } },
	/* Real mode, protected mode, PAE, compatibility mode, user programs */
	{ ALSO_BRIEF("svm_modes"),
	  .guest = { .entry = case_modes, .svm = true, .npt = true, .exact = true } },
	/* A hypervisor in 32-bit mode */
	{ ALSO_BRIEF("svm_legacy"), .guest = { .entry = case_legacy, .svm = true, .npt = true } },
	/* INIT while a nested guest runs */
	{ ALSO_BRIEF("svm_reset"),
	  .guest = { .entry = case_reset, .svm = true, .on_call = call_reset } },
	/* System management interrupts while a nested guest runs */
	{ ALSO_BRIEF("svm_smm"),
	  .guest = { .entry = case_nested_smm, .svm = true, .smm = true, .on_call = call_smm } },
	/* States that VMRUN must refuse */
	{ ALSO_BRIEF("svm_refused"), .guest = { .entry = case_refused, .svm = true } },
	/* Recursive SVM: who gets which event of a nested guest's guest */
	{ THOROUGH("svm_recursion"), .guest = { .entry = case_recursion,
						.svm = true,
						.npt = true,
						.recursion = true,
						.smm = true,
						.on_call = call_recursion } },
};

/* Whether NAME is in LIST, which is separated by commas. */
static bool is_in(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; p; p = strchr(p, ','), p = p ? p + 1 : NULL)
		if (!strncmp(p, name, len) && (!p[len] || p[len] == ','))
			return true;
	return false;
}

static bool is_wanted(const struct check_context *c, int i)
{
	bool asked;

	if (!(checks[i].phases & c->phase))
		return false;
	asked = is_in(c->wanted, "thorough") || is_in(c->wanted, checks[i].id);
	return c->phase == CHECK_THOROUGH ? asked : c->phase != CHECK_BRIEF || !asked;
}

bool checks_are_known(const char *list)
{
	char names[CHECKS_SIZE], *rest = names, *name;
	bool known;

	format(names, sizeof(names), "%s", list);
	while ((name = strsep(&rest, ","))) {
		known = !strcmp(name, "quick") || !strcmp(name, "thorough");
		for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
			known |= checks[i].phases & CHECK_THOROUGH && !strcmp(name, checks[i].id);
		if (!known) {
			fail("nest.checks: there is no thorough check '%s'; docs/report.md lists "
			     "them",
			     name);
			return false;
		}
	}
	return true;
}

/* The result is that of the first CPU that fails, or of the last CPU. */
static void run_on_each_cpu(struct check_context *c, size_t i, struct check *k)
{
	int cpu[CPUS_MAX], count = cpus_ours(cpu);
	char why[sizeof(k->detail)];

	for (int n = 0; n < count && k->id[0] && k->result == RESULT_PASS; n++) {
		if (count > 1 && cpus_move(cpu[n])) {
			check_set(k, RESULT_FAIL, "CPU %d: %s", cpu[n], strerror(errno));
			break;
		}
		checks[i].run(c, k);
		if (count == 1 || k->result == RESULT_PASS)
			continue;
		strcpy(why, k->detail);
		format(k->detail, sizeof(k->detail), "CPU %d: %s", cpu[n], why);
	}
	if (count > 1)
		cpus_move(-1);
}

void checks_run(struct check_context *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct check k = { .result = RESULT_PASS };

		if (!is_wanted(c, i))
			continue;
		strcpy(k.id, checks[i].id);
		c->guest = &checks[i].guest;
		if (checks[i].each_cpu)
			run_on_each_cpu(c, i, &k);
		else
			checks[i].run(c, &k);
		if (!k.id[0])
			continue;
		level_add_check(c->self, &k);
		c->done(c->context, &k);
	}
}
