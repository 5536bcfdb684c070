// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* strsep */
#include "level/life.h"
#include "child/cmdline.h"
#include "child/gather.h"
#include "child/uplink.h"
#include "child/wire.h"
#include "level/cpus.h"
#include "level/modules.h"
#include "level/parameters.h"
#include "level/shell.h"
#include "lib/clock.h"
#include "report/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CMDLINE_PATH "/etc/supernest/cmdline" /* parameters, if a loader cannot pass them */

#define LATE_CHECKS_S 20.0
#define THOROUGH_S 3600.0 /* each check has its own limit */
#define HEARTBEAT_S 2	  /* at least */
#define COUNT_US 5000	  /* enough for the parent to run */

/* ---- learning ---------------------------------------------------------------------------- */

static int read_parameters(struct options *o)
{
	char text[4096];
	struct options defaults = *o;
	bool full;

	if (read_text("/proc/cmdline", text, sizeof(text)))
		return fail("/proc/cmdline: %m");
	full = cmdline_is_full(text);
	if (full)
		fail("the kernel command line is full (%zu bytes): what did not fit was cut off; "
		     "shorten it",
		     strlen(text));
	if (options_from_cmdline(o, text) || full)
		return -1;
	/*
	 * The outermost level has no parent.  If its loader cannot pass parameters, an appended file may
	 * have them.
	 */
	if (o->level != LEVEL_NONE || access(CMDLINE_PATH, F_OK))
		return 0;
	if (read_whole(CMDLINE_PATH, text, sizeof(text)))
		return fail("%s: %m", CMDLINE_PATH);
	*o = defaults;
	if (options_from_cmdline(o, text))
		return fail("%s: a parameter in it is malformed", CMDLINE_PATH);
	return read_text("/proc/cmdline", text, sizeof(text)) ? fail("/proc/cmdline: %m")
							      : options_from_cmdline(o, text);
}

int life_read_cmdline(struct options *o)
{
	if (read_parameters(o) || !checks_are_known(o->checks))
		return -1;
	return options_check_depth(o, true);
}

int life_check_smp(const struct options *o)
{
	struct kernel kernel;

	if (o->smp == 1 || kernel_read(KERNEL_PATH, &kernel) || kernel.smp)
		return 0;
	return fail(
		"nest.smp=%d: the kernel of the levels below, " KERNEL_PATH " in the "
		"initramfs, supports one CPU only: append smp.cpio.gz to the initramfs, and boot "
		"bzImage-smp",
		o->smp);
}

/*
 * A struct life is large, and little of it is touched.  A huge page, which the address may or may not
 * allow, would cost this level 2 MiB in some runs and not in others.
 */
struct life *life_new(void)
{
	struct life *l =
		mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (l == MAP_FAILED) {
		fail("out of memory");
		return NULL;
	}
	madvise(l, sizeof(*l), MADV_NOHUGEPAGE);
	return l;
}

void life_begin(struct life *l, double kernel_s)
{
	struct run *run = &l->run;
	struct teller *t = &run->teller;
	struct level self;

	l->clock_fd = clock_watch();
	if (l->has_parent)
		run->lines.out = NULL;
	options_decide(&run->asked, run->asked.shell, &run->decided);
	if (run->asked.timeout_s)
		run->decided.deadline_s = (l->has_parent ? 0 : kernel_s) + run->asked.timeout_s;
	level_init(&self, 0);
	platform_learn(&self, &l->platform, run->asked.level, run->asked.offered);
	self.kernel_s = kernel_s;
	run_begin(run, self.level, self.level);
	level_copy_figures(t->self, &self);
	if (l->has_parent)
		t->report.keeps_checks_to = self.level + 1;
	l->uplink.run_id = run->decided.run_id;
	run->lines.raw = &l->child.remote.raw;
	if (l->has_parent) {
		teller_listen(t, uplink_hear, &l->uplink);
		teller_holds(t, uplink_flush);
		return;
	}
	teller_listen(t, lines_hear, &run->lines);
	l->streams = (struct streams){ .lines = &run->lines,
				       .report = &t->report,
				       .dir = run->asked.artifacts };
	teller_listen(t, streams_hear, &l->streams);
}

static void tell_own_line(void *context, const char *line)
{
	struct teller *t = context;

	tell_text(t, t->from, "text", "line", line);
}

/*
 * Sends errors up as records.  Errors of our other processes, which must not use our sequence numbers, and
 * errors of sending itself go up as text.
 */
static void fail_up(void *context, const char *message)
{
	struct life *l = context;
	char line[600];

	if (l->telling || getpid() != 1) {
		uplink_text(NULL, message);
		return;
	}
	l->telling = true;
	format(line, sizeof(line), "supernest: %s", message);
	line[OWN_LINE_SIZE] = '\0';
	own_lines_say(&l->own_lines, line);
	l->telling = false;
}

void life_open_own_lines(struct life *l)
{
	char *line, *rest = l->early;

	own_lines_open(&l->own_lines, tell_own_line, &l->run.teller);
	fail_to(fail_up, l);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			fail_up(l, line);
}

void life_refuse_files(struct life *l, const char *why)
{
	struct teller *t = &l->run.teller;
	char what[200];

	if (appliance_cannot_unpack(why, what, sizeof(what)))
		reason_set(&l->why, STOP_CRASH, "%s", what);
	else if (!strcmp(why, "write error")) /* init/initramfs.c, xwrite() */
		reason_set(&l->why, STOP_MEMORY,
			   "L%d has too little RAM to unpack its initramfs: %s", t->from, why);
	else
		reason_set(&l->why, STOP_CRASH, "the initramfs of L%d is damaged: %s", t->from,
			   why);
	tell_stop(t, t->from, &l->why);
	tell_number(t, t->from, "end", "up_s", now_s());
	if (!l->has_parent)
		streams_close(&l->streams);
}

/* Sends a heartbeat while a hook or a shell runs.  CONTEXT is a life. */
void life_heartbeat(void *context)
{
	struct life *l = context;
	struct teller *t = &l->run.teller;

	tell_number(t, t->from, "alive", "exits", UNKNOWN); /* there is no child with exits */
}

static void tell_own_check(void *context, const struct check *k)
{
	struct teller *t = context;

	level_add_check(t->self, k);
	tell_check(t, t->from, k);
}

void life_start_cpus(struct life *l)
{
	if (l->has_parent && l->run.decided.smp > 1)
		cpus_bring_up(l->appliance);
}

void life_run_hook(struct life *l)
{
	struct teller *t = &l->run.teller;
	struct check k;

	if (appliance_hook(t->from, l->run.decided.hook_timeout_s, &l->own_lines, life_heartbeat, l,
			   &k))
		tell_own_check(t, &k);
}

static void learn_parameters(struct life *l)
{
	struct level *self = l->run.teller.self;

	parameters_list(MODULES_ROOT, self->cpu_virt, self->kvm_parameters,
			sizeof(self->kvm_parameters));
}

/*
 * Tells parameters of KVM that differ from their defaults, before they can kill the level.  If the kernel
 * command line has none, life_end() reads them: reading 30 files of sysfs takes time that the level below
 * would pay for.
 */
static void check_parameters(struct life *l)
{
	struct teller *t = &l->run.teller;
	char words[4096] = "", *log;
	struct check k;

	read_text("/proc/cmdline", words, sizeof(words));
	if (!strstr(words, "kvm") && !l->run.decided.set.count)
		return;
	learn_parameters(l);
	log = system_kernel_log();
	if (parameters_check(MODULES_ROOT, log ? log : "", &l->run.decided.set, t->from, &k))
		tell_own_check(t, &k);
	free(log);
}

bool life_is_outermost(const struct life *l)
{
	return !l->has_parent || l->run.teller.from == 0;
}

void life_learn_kvm(struct life *l)
{
	struct level *self = l->run.teller.self;
	char own[sizeof(l->child_kernel)];

	if (access("/dev/kvm", F_OK))
		modules_load_kvm(l->appliance, self->cpu_virt);
	kernel_of_level(self->level, own, sizeof(own));
	kernel_of_level(self->level + 1, l->child_kernel, sizeof(l->child_kernel));
	strcpy(l->archive.sum[0].path, own + 1);
	strcpy(l->archive.sum[1].path, l->child_kernel + 1);
	if (kernel_read(l->child_kernel, &l->child_file)) /* QEMU will say what is wrong */
		l->child_file = (struct kernel){ 0 };
	if (l->run.decided.nesting == NESTING_RECURSIVE && life_is_outermost(l))
		platform_provide_recursion(l->appliance);
	platform_learn_kvm(self, &l->platform, l->appliance);
	check_parameters(l);
}

/* ---- being ready ------------------------------------------------------------------------- */

void life_run_checks(struct life *l, enum check_phase phase)
{
	const struct decided *d = &l->run.decided;
	struct teller *t = &l->run.teller;
	struct check_context c = {
		.self = t->self,
		.platform = &l->platform,
		.phase = phase,
		.need_virt = d->depth == DEPTH_MAX || d->depth > t->from,
		.need_nested = d->depth == DEPTH_MAX || d->depth > t->from + 1,
		.deadline_s = d->deadline_s ? d->deadline_s + 0.5 : now_s() + LATE_CHECKS_S,
		.wanted = d->checks,
		.vcpus = l->has_parent ? d->smp : 0,
		.alive = life_heartbeat,
		.alive_context = l,
		.context = t,
		.done = tell_own_check,
	};

	if (phase >= CHECK_BRIEF) /* leaves room for the levels above, which do the same */
		c.deadline_s = d->deadline_s ? d->deadline_s - 1 : now_s() + THOROUGH_S;

	checks_run(&c);
}

void life_become_ready(struct life *l)
{
	struct level *self = l->run.teller.self;

	self->ready_s = now_s();
	if (l->has_parent && clock_is_kvms() && !clock_was_set(l->clock_fd))
		self->clock_s = clock_day_s();
	if (l->clock_fd >= 0)
		close(l->clock_fd);
	if (l->has_parent)
		uplink_use_serial(&l->uplink);
	tell_level(&l->run.teller, "ready");
	/*
	 * The parent counts our exits when it runs.  Without an idle moment it would run only at its next
	 * tick.
	 */
	if (l->has_parent)
		usleep(COUNT_US);
}

/* The levels above wait for heartbeats; the outermost level has nobody to send them to. */
double life_heartbeat_s(const struct life *l)
{
	double pace_s = l->run.teller.self->ready_s;

	return pace_s > HEARTBEAT_S ? pace_s : HEARTBEAT_S;
}

/* The outermost level has no parent that sends it a report, so it writes its own. */
static void keep_report_so_far(const struct report *r)
{
	struct report *copy = malloc(sizeof(*copy));

	if (!copy)
		return;
	*copy = *r;
	report_finish(copy);
	json_write_report(copy, SHELL_REPORT);
	free(copy);
}

/* STATUS -1: the shell was ended from outside, and has no status. */
static void tell_shell_status(struct teller *t, int status)
{
	struct check k = { .id = "shell", .result = RESULT_SKIP, .unit = "status" };

	if (status < 0)
		format(k.detail, sizeof(k.detail), "it was ended from outside");
	else
		check_status(&k, status);
	k.value = status < 0 ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	tell_own_check(t, &k);
}

static void hold_shell(struct life *l)
{
	struct teller *t = &l->run.teller;
	struct shell s = {
		.appliance = l->appliance,
		.level = t->from,
		.tty = l->has_parent ? TERMINAL_TTY : "/dev/console",
		.control = l->has_parent ? CONTROL_PORT : NULL,
		.start_s = 10 + 10 * t->self->ready_s,
		.deadline_s = l->run.decided.deadline_s,
		.heartbeat_s = l->has_parent ? life_heartbeat_s(l) : HEARTBEAT_S,
		.on_heartbeat = life_heartbeat,
		.context = l,
	};

	if (shell_open(&s))
		return;
	if (!l->has_parent)
		keep_report_so_far(&t->report);
	tell_text(t, t->from, "shell", "state", "on");
	tell_shell_status(t, shell_run(&s));
	if (!l->has_parent)
		appliance_reopen_consoles(&l->consoles);
	tell_text(t, t->from, "shell", "state", "off");
}

bool life_hold_shell(struct life *l)
{
	const struct teller *t = &l->run.teller;

	if (l->run.decided.shell != t->from || t->report.shell_level == t->from) /* it was here */
		return false;
	hold_shell(l);
	return true;
}

/* ---- programs ---------------------------------------------------------------------------- */

/* Whether no level follows, because none was asked for or there is no room for it. */
static bool is_deepest(const struct life *l)
{
	const struct decided *d = &l->run.decided;
	enum stop why = l->why.stop;

	return decided_is_last(d, l->run.teller.from) ||
	       (d->depth == DEPTH_MAX && why && !stop_is_failure(why));
}

bool life_runs_payloads(const struct life *l)
{
	const struct exec *e = &l->run.decided.exec;

	return levels_last(&e->at) >= 0 ? levels_have(&e->at, l->run.teller.from) : is_deepest(l);
}

void life_begin_payloads(struct life *l)
{
	const struct exec *e = &l->run.decided.exec;
	struct payloads *p = &l->payloads;

	if (p->teller)
		return;
	p->appliance = l->appliance;
	p->teller = &l->run.teller;
	p->decided = &l->run.decided;
	p->input = -1;
	payloads_find(p);
	if (p->count && l->has_parent &&
	    (e->input == p->teller->from || (e->input == MAX_LEVEL && is_deepest(l))))
		p->input = uplink_input(&l->uplink);
}

/* If no level follows, all programs run first, because there is no later time for them. */
void life_run_payloads(struct life *l, enum exec_when when)
{
	bool now = is_deepest(l) ? when == EXEC_FIRST : (int)when == l->run.decided.exec.when;

	if (!life_runs_payloads(l) || !now)
		return;
	life_begin_payloads(l);
	payloads_run(&l->payloads, life_heartbeat_s(l), life_heartbeat, l);
}

/* ---- the next level ---------------------------------------------------------------------- */

void life_tell_why(struct life *l)
{
	struct teller *t = &l->run.teller;

	tell_stop(t, t->from, &l->why);
	if (!stop_is_failure(l->why.stop))
		return;
	gather_kvm(&l->child.evidence, 0);
	tell_evidence(t, t->from, &l->child.evidence);
}

void life_run_late_checks(struct life *l)
{
	unlink(ARCHIVE_PATH);
	life_run_checks(l, CHECK_LATE);
	if (strcmp(l->run.decided.checks, "quick"))
		life_run_checks(l, CHECK_THOROUGH);
}

void life_end(struct life *l)
{
	struct teller *t = &l->run.teller;

	if (life_runs_payloads(l)) {
		life_begin_payloads(l);
		payloads_skip_rest(&l->payloads, "the chain ended before it was due");
	}
	learn_parameters(l);
	tell_level(t, "level");
	own_lines_finish(&l->own_lines);
	tell_number(t, t->from, "end", "up_s", now_s());
}
