// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/thorough.h"
#include "guest/machine.h"
#include "level/cpus.h"
#include "level/kvm.h"
#include "level/memory.h"

#include <stdio.h>
#include <string.h>
#include <x86intrin.h>

#define CASE_S 30.0 /* for a level that was ready at once; a slow one gets more */
#define CASE_BOOTS 10
#define TICK_S 0.25
#define BRIEF_S 2.0	/* a brief case never takes this long */
#define BRIEF_KIB 32768 /* of MemAvailable; a brief case takes some 10 MiB of it */
/* Older kernels have known bugs, fixed since: Linux 6.1 fails four of the checks. */
#define BRIEF_MAJOR 6
#define BRIEF_MINOR 12

static void on_tick(void *context)
{
	struct check_context *c = context;

	c->alive(c->alive_context);
}

bool guests_are_inexact(const struct level *self)
{
	return (strstr(self->cpu_model, "QEMU TCG CPU") || !strcmp(self->hypervisor, "TCG")) &&
	       !has_word(self->cpu_features, "nrip_save");
}

static bool is_older(const char *release, int major, int minor)
{
	int its_major = 0, its_minor = 0;

	sscanf(release, "%d.%d", &its_major, &its_minor);
	return its_major < major || (its_major == major && its_minor < minor);
}

bool guests_are_brief(const struct check_context *c)
{
	const struct level *self = c->self;

	return self->level == 0 && !strcmp(self->hypervisor, "TCG") &&
	       !strcmp(self->cpu_virt, "svm") && memory_available_kib() >= BRIEF_KIB &&
	       !is_older(self->kernel, BRIEF_MAJOR, BRIEF_MINOR) &&
	       now_s() + BRIEF_S < c->deadline_s;
}

/* Why the case cannot run here; NULL: it can. */
static const char *why_not(const struct check_context *c)
{
	const struct platform *p = c->platform;
	bool svm = c->guest->svm;

	if (!p->have_kvm)
		return "there is no KVM here";
	if (svm && strcmp(c->self->cpu_virt, "svm"))
		return "it is for AMD-V";
	if (svm && p->kvm_nested != 1)
		return "nesting is off in KVM";
	if (c->guest->npt && !kvm_nests_pages())
		return "nested paging is off in KVM";
	if (c->guest->recursion && !p->kvm_recurses)
		return "this CPU has no recursive SVM";
	if (c->guest->smm && !p->kvm_has_smm)
		return "this KVM has no SMM";
	if (c->guest->exact && guests_are_inexact(c->self))
		return "this QEMU does not emulate it; that of make emulator does";
	return c->deadline_s <= now_s() ? "no time was left" : NULL;
}

/* The result of the case: its findings, or what went wrong with it. */
static void judge(const struct machine *m, int err, struct check *k)
{
	const struct arena *a = ARENA;

	k->value = a->cases;
	if (a->failed)
		check_set(k, RESULT_FAIL, "%s: 0x%llx instead of 0x%llx", a->what,
			  (unsigned long long)a->got, (unsigned long long)a->want);
	else if (err)
		check_set(k, RESULT_FAIL, "%s", m->why);
	else if (!a->cases)
		check_set(k, RESULT_FAIL, "it compared nothing");
}

/*
 * Reports a failure before the check runs, because it may crash the whole level.  The real result replaces
 * it.
 */
static void tell_beginning(struct check_context *c, const char *id)
{
	struct check k = { .value = 0 };

	strcpy(k.id, id);
	strcpy(k.unit, CHECK_FACTS);
	check_set(&k, RESULT_FAIL, CHECK_UNFINISHED);
	level_add_check(c->self, &k);
	c->done(c->context, &k);
}

/* A case that states no fact for this long is stuck. */
static double limit_s(const struct check_context *c)
{
	return CASE_S + CASE_BOOTS * c->self->ready_s;
}

/*
 * Whether the run's time budget ends a case, whose last fact came at FACT_S, long before the case could
 * count as stuck.
 */
static bool is_late(const struct check_context *c, double fact_s)
{
	return c->deadline_s - fact_s < limit_s(c) / 2;
}

void check_guest(struct check_context *c, struct check *k)
{
	bool brief = c->phase == CHECK_BRIEF;
	struct machine m = { .brief = brief,
			     .inexact = guests_are_inexact(c->self),
			     .tick_s = TICK_S + c->self->ready_s / 4,
			     .on_tick = on_tick,
			     .tick_context = c,
			     .on_call = c->guest->on_call };
	const char *why;

	strcpy(k->unit, CHECK_FACTS);
	/* In this order: most levels make no brief checks, and should not pay for finding the reason. */
	why = brief && !guests_are_brief(c) ? "not at this level" : why_not(c);
	if (why && brief) {
		k->id[0] = '\0';
		return;
	}
	if (why) {
		check_set(k, RESULT_SKIP, "%s", why);
		return;
	}
	tell_beginning(c, k->id);
	m.npt = kvm_nests_pages();
	m.deadline_s = c->deadline_s;
	m.limit_s = limit_s(c);
	if (machine_open(&m, !strcmp(c->self->cpu_virt, "svm") && c->platform->kvm_nested == 1)) {
		check_set(k, RESULT_FAIL, "%s", m.why);
		return;
	}
	machine_fill(&m, c->self->level * 1000003 + 1);
	judge(&m, machine_enter(&m, c->guest->entry) || machine_run(&m), k);
	cpus_move(-1); /* the case may have moved the thread */
	if (k->result == RESULT_FAIL && !ARENA->failed && now_s() >= c->deadline_s &&
	    is_late(c, m.fact_s))
		check_set(k, RESULT_SKIP, "no time was left");
	machine_close(&m);
}
