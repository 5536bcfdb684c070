// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* strsep */
#include "level/life.h"
#include "child/cmdline.h"
#include "child/firmware.h"
#include "child/gather.h"
#include "child/uplink.h"
#include "child/wire.h"
#include "level/boot_exits.h"
#include "level/cpus.h"
#include "level/kvm.h"
#include "level/modules.h"
#include "level/parameters.h"
#include "level/shell.h"
#include "level/thorough.h"
#include "lib/clock.h"
#include "lib/entropy.h"
#include "report/json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Paths in the appliance. */
#define BUSYBOX_PATH "/bin/busybox"
#define FIRMWARE_DIR "/share"
#define ARCHIVE_PATH "/run/initramfs.cpio"
#define QBOOT_PATH FIRMWARE_DIR "/qboot.rom"
#define FIRMWARE_PATH "/run/firmware.rom" /* for a level whose kernel is not ours */
#define ROOT_VIEW "/run/root" /* the files that we were unpacked from, without mounts on them */
#define UNTIL_PATH \
	"/etc/supernest/until" /* which files deeper levels do not need; host/pack.c writes it */
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
	return fail("nest.smp=%d: the kernel of the levels below, " KERNEL_PATH " in the "
		    "initramfs, is one for one CPU: append smp.cpio.gz to the initramfs, and boot "
		    "bzImage-smp",
		    o->smp);
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
static void heartbeat(void *context)
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

	if (appliance_hook(t->from, l->run.decided.hook_timeout_s, &l->own_lines, heartbeat, l, &k))
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

/* The level that owns the CPU, or that was not started by us; a foreign kernel below it may lack SMP. */
static bool is_outermost(const struct life *l)
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
	if (l->run.decided.nesting == NESTING_RECURSIVE && is_outermost(l))
		platform_provide_recursion(l->appliance);
	platform_learn_kvm(self, &l->platform, l->appliance);
	check_parameters(l);
}

/* ---- whether there is a next level ------------------------------------------------------- */

static bool is_last_level(const struct decided *d, int level)
{
	return level == MAX_LEVEL || (d->depth != DEPTH_MAX && level >= d->depth);
}

/* Whether no level follows, because none was asked for or there is no room for it. */
static bool is_deepest(const struct life *l)
{
	const struct decided *d = &l->run.decided;
	enum stop why = l->why.stop;

	return is_last_level(d, l->run.teller.from) ||
	       (d->depth == DEPTH_MAX && why && !stop_is_failure(why));
}

static bool runs_payloads(const struct life *l)
{
	const struct exec *e = &l->run.decided.exec;

	return levels_last(&e->at) >= 0 ? levels_have(&e->at, l->run.teller.from) : is_deepest(l);
}

/* The user of a shell may start another run, which needs the kernel once more. */
static bool keeps_kernel(const struct life *l)
{
	const struct options *o = &l->run.asked;

	return !appliance_is_init(l->appliance) || o->start == START_MANUAL || o->end == END_SHELL;
}

/* Once the child runs, only a hook, a program or a shell can still call busybox. */
static bool keeps_shell(const struct life *l)
{
	return keeps_kernel(l) || runs_payloads(l) || appliance_has_hook() ||
	       l->run.decided.shell == l->run.teller.from;
}

/* Memory of the files that are freed when the child is ready. */
static int64_t freed_kib(const struct life *l)
{
	return l->archive.bytes / 1024 + (keeps_kernel(l) ? 0 : kernel_all_kib()) +
	       (keeps_shell(l) ? 0 : file_freed_kib(BUSYBOX_PATH));
}

/* Whether the guests of this level's KVM recurse. */
static bool recurses(const struct life *l)
{
	return l->platform.kvm_recurses && l->run.decided.nesting == NESTING_RECURSIVE;
}

void life_mount_memory(struct life *l)
{
	l->huge_files = !vm_sets_memory(l->run.asked.qemu_args) && memory_mount_huge(l->appliance);
}

static void plan_memory(struct life *l, int64_t archive_kib)
{
	const struct options *o = &l->run.asked;
	int level = l->run.teller.from + 1;
	struct demand d = {
		.wanted_kib = o->memory_kib ? o->memory_kib : o->mem_kib,
		.kernel_kib = l->child_file.init_kib,
		.archive_kib = archive_kib,
		.vcpus = l->run.decided.smp,
		.devices_kib = child_terminal(&l->run.decided, level) ? VM_TERMINAL_KIB : 0,
		.freed_kib = freed_kib(l),
		.recurses = recurses(l),
		.provided = recurses(l) && kvm_provides_recursion(),
		.huge_files = l->huge_files,
	};

	memory_plan(&l->budget, &d);
}

static enum stop consider_child(struct life *l, int64_t archive_kib)
{
	const struct decided *d = &l->run.decided;
	const struct level *self = l->run.teller.self;
	struct reason *why = &l->why;

	if (is_last_level(d, self->level))
		return reason_set(why, STOP_DEPTH, "depth %d was asked for and reached",
				  self->level);
	if (!l->platform.have_virt)
		return reason_set(why, STOP_NO_VIRT, "%s", l->platform.virt_problem);
	if (!l->platform.have_kvm)
		return reason_set(why, STOP_NO_KVM, "%s", l->platform.kvm_problem);
	if (d->nesting == NESTING_RECURSIVE && is_outermost(l) && !l->platform.kvm_recurses)
		return reason_set(
			why, STOP_NO_VIRT,
			"nest.nesting=recursive, but this CPU has no recursive SVM, and this KVM "
			"does not provide it: that of supernest does, on an AMD CPU with nested "
			"paging and virtual GIF");
	if (d->enlightened && !l->platform.kvm_enlightens)
		return reason_set(
			why, STOP_NO_VIRT,
			"nest.enlightened=on, but the KVM of L%d offers no enlightened VMCS: %s",
			self->level,
			strcmp(self->cpu_virt, "vmx")
				? "there is one for VT-x alone, and this CPU has AMD-V"
				: "its kernel lacks CONFIG_KVM_HYPERV, as the appliance's own "
				  "does; distributions' kernels have it (--kernel, --levels)");
	plan_memory(l, archive_kib);
	if (!memory_fits(&l->budget))
		return memory_explain(&l->budget, why);
	/* A child is slower than its parent: the time that our own boot took is certainly not enough. */
	if (d->deadline_s && now_s() + self->ready_s > d->deadline_s)
		return reason_set(why, STOP_TIME, "no time is left for another level");
	return STOP_NONE;
}

void life_consider_child(struct life *l, int64_t archive_kib)
{
	if (!l->why.stop)
		consider_child(l, archive_kib);
}

int64_t life_estimate_kib(struct life *l)
{
	names_free(&l->left_out);
	names_read(&l->left_out, UNTIL_PATH, l->run.teller.from);
	return archive_estimate_kib("/", &l->left_out);
}

/* The checksums of what the level above gave us; false if it sent none. */
static bool sums_handed_down(const struct life *l, struct archive_sums *s)
{
	return sscanf(l->run.asked.sums, "%32[0-9a-f]:%64[0-9a-f]:%64[0-9a-f]", s->tag, s->sha256,
		      s->kernel_sha256) == 3;
}

/*
 * Writes the archive for the child, if there will be one, and computes the checksum of our own.  It is the
 * same unless files are left out.  SHA-256 took half of a level's boot, so only the outermost and the deepest
 * level compute it.  A level in between shows by a tag, which is cheap, that it has what its parent gave it.
 */
static int write_archive(struct life *l, bool for_child)
{
	struct level *self = l->run.teller.self;
	struct archive own;
	struct archive_sums known;
	char key[SEED_SIZE];
	int fd = -1, err;

	entropy_derive(l->run.decided.run_id, 0, key);
	l->archive.key = for_child ? key : NULL;
	l->archive.known = for_child && sums_handed_down(l, &known) ? &known : NULL;
	own = l->archive;
	own.without = NULL;
	l->archive.without = for_child ? &l->left_out : NULL;
	if (l->left_out.count) /* the child's is another */
		l->archive.known = NULL;
	mkdir(ROOT_VIEW, 0755);
	if (system_mount(l->appliance, "/", ROOT_VIEW, NULL, MS_BIND, NULL))
		return fail("cannot see our own files at %s: %m", ROOT_VIEW);
	if (for_child)
		fd = open(ARCHIVE_PATH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (for_child && fd < 0)
		err = fail("%s: %m", ARCHIVE_PATH);
	else
		err = archive_write(ROOT_VIEW, fd, &l->archive);
	if (fd >= 0)
		close(fd);
	if (err) /* no room for it: the level above still wants to compare the checksums */
		archive_write(ROOT_VIEW, -1, &l->archive);
	if (for_child && l->left_out.count)
		err |= archive_write(ROOT_VIEW, -1, &own);
	else
		own = l->archive;
	system_unmount(l->appliance, ROOT_VIEW);
	rmdir(ROOT_VIEW);
	l->archive.key = NULL;
	l->archive.known = NULL;
	strcpy(self->archive_sha256, own.sha256);
	strcpy(self->kernel_sha256, own.sum[0].sha256);
	return err;
}

void life_write_archive(struct life *l)
{
	bool for_child = !l->why.stop;

	if (write_archive(l, for_child) && for_child)
		reason_set(&l->why, STOP_MEMORY, "%s", last_error());
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
		.alive = heartbeat,
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
static double heartbeat_s(const struct life *l)
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
		.heartbeat_s = l->has_parent ? heartbeat_s(l) : HEARTBEAT_S,
		.on_heartbeat = heartbeat,
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

void life_hold_shell(struct life *l)
{
	const struct teller *t = &l->run.teller;

	if (l->run.decided.shell != t->from || t->report.shell_level == t->from) /* it was here */
		return;
	hold_shell(l);
	if (!l->why.stop)
		life_write_archive(l); /* another run in the shell would have used up the archive */
}

/* ---- programs ---------------------------------------------------------------------------- */

static bool runs_beside_child(const struct life *l)
{
	return runs_payloads(l) && l->run.decided.exec.when == EXEC_PARENT;
}

static void begin_payloads(struct life *l)
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

/* If no level follows, there is no later time for them. */
void life_run_payloads(struct life *l, enum exec_when when)
{
	bool now = is_deepest(l) ? when == EXEC_FIRST : (int)when == l->run.decided.exec.when;

	if (!runs_payloads(l) || !now)
		return;
	begin_payloads(l);
	payloads_run(&l->payloads, heartbeat_s(l), heartbeat, l);
}

static void poll_payloads(void *context, struct pollfd *fds)
{
	struct life *l = context;

	if (l->payloads.teller)
		payloads_poll(&l->payloads, fds);
	for (int i = 0; i < ASIDE_FDS && !l->payloads.teller; i++)
		fds[i] = (struct pollfd){ .fd = -1 };
}

static void step_payloads(void *context)
{
	struct life *l = context;

	if (l->payloads.teller) /* the child is ready */
		payloads_step(&l->payloads);
}

/* ---- the next level ---------------------------------------------------------------------- */

/* Equal checksums prove that the child runs the intended kernel and has the same files. */
static void compare_sums(struct life *l, const struct level *child)
{
	struct check archive = { "archive", RESULT_PASS, l->archive.bytes, "bytes", "" };
	struct check kernel = { "kernel", RESULT_PASS, 1, "bool", "" };
	const char *release = l->child_file.release;
	struct teller *t = &l->run.teller;

	if (strcmp(child->archive_sha256, l->archive.sha256))
		check_set(&archive, RESULT_FAIL,
			  "its checksum is not that of what it was given: the initramfs changed on "
			  "the way");
	if (strcmp(child->kernel_sha256, l->archive.sum[1].sha256))
		check_set(&kernel, RESULT_FAIL,
			  "its checksum is not its parent's: the kernel changed on the way");
	else if (*release && strcmp(child->kernel, release))
		check_set(&kernel, RESULT_FAIL, "it runs %.30s, but its file is %.30s",
			  child->kernel, release);
	kernel.value = kernel.result == RESULT_PASS;
	tell_check(t, child->level, &archive);
	tell_check(t, child->level, &kernel);
}

/* Whether nothing makes the child's boot dearer than usual that somebody asked for. */
static bool boots_as_usual(const struct life *l, int level)
{
	const struct decided *d = &l->run.decided;

	return !*l->run.asked.qemu_args && !d->set.count && !d->save_restore &&
	       !setting_of(&d->cpus, level) && !child_terminal(d, level) && !appliance_has_hook();
}

/* A warning and not a failure: the level works, and the reason may be the machine's. */
static void compare_exits(struct life *l, const struct level *child)
{
	const struct relay *r = &l->child.relay;
	const struct vm *vm = &l->child.vm;
	struct check k;

	if (!r->counts_exits || !boot_exits_are_many(r->work, child->wall_s, vm->vcpus) ||
	    !boots_as_usual(l, child->level) || !boot_exits_are_known(l->archive.sum[1].sha256))
		return;
	boot_exits_warn(&k, vm->vcpus, r->exits, vm_stat, vm);
	tell_check(&l->run.teller, child->level, &k);
}

void life_child_is_ready(void *context, const struct level *child)
{
	struct life *l = context;
	struct teller *t = &l->run.teller;

	if (runs_beside_child(l))
		begin_payloads(l);
	compare_sums(l, child);
	compare_exits(l, child);
	memory_settle(t->self, child->total_kib,
		      vm_anonymous_kib(&l->child.vm, t->self->child_kib));
	tell_level(t, "level");
	free_file(l->appliance, ARCHIVE_PATH);
	if (!keeps_kernel(l))
		kernel_free_all(l->appliance);
	if (!keeps_shell(l))
		free_file(l->appliance, BUSYBOX_PATH);
	unlink(FIRMWARE_PATH);
}

/* Which machine the next level's kernel boots on. */
static int choose_machine(const struct life *l, struct vm_config *config, char *options,
			  size_t size)
{
	char built[65];

	if (read_whole(MACHINE_PATH, options, size) && errno == EFBIG)
		return fail("%s: %m", MACHINE_PATH);
	appliance_built_sum(KERNEL_PATH, built);
	config->machine_options = options;
	config->machine = VM_MICROVM;
	if (*built && strcmp(built, l->archive.sum[1].sha256) &&
	    !firmware_write(QBOOT_PATH, FIRMWARE_PATH, config->vcpus)) {
		config->machine = VM_FIRMWARE;
		config->firmware = FIRMWARE_PATH;
	}
	if (isalpha((unsigned char)*options)) /* a name: the user's choice */
		config->machine = VM_NAMED;
	return 0;
}

/* If exits are expensive, ticks must be rarer.  Only our kernel has the parameter. */
static void append_tick(const struct life *l, char *parameters, size_t size)
{
	const struct teller *t = &l->run.teller;
	char word[32];
	int jiffies;

	if (l->platform.tsc_khz < 1 || t->self->cpuid_cycles <= 0)
		return;
	jiffies = cmdline_tick_jiffies(t->self->cpuid_cycles / l->platform.tsc_khz / 1000,
				       t->from + 1, recurses(l));
	if (jiffies == 1)
		return;
	format(word, sizeof(word), "tick_jiffies=%d", jiffies);
	append_word(parameters, size, word);
}

/* Only where there is room for it: without, the child computes its checksums itself. */
static void append_sums(const struct archive *a, char cmdline[CMDLINE_SIZE])
{
	char word[sizeof(((struct options *)0)->sums) + 16];

	if (!*a->sum[1].sha256) /* there is no kernel among the child's files */
		return;
	format(word, sizeof(word), " nest.sums=%s:%s:%s", a->tag, a->sha256, a->sum[1].sha256);
	if (strlen(cmdline) + strlen(word) < CMDLINE_SIZE - CMDLINE_OWN)
		strcat(cmdline, word);
}

static int make_cmdline(const struct life *l, bool foreign, char *cmdline)
{
	const struct teller *t = &l->run.teller;
	char parameters[1024];

	if (cmdline_read(PARAMETERS_PATH, t->self->cpu_virt, foreign ? "any" : "own", parameters,
			 sizeof(parameters)))
		return -1;
	if (!l->platform.child_xsave)
		append_word(parameters, sizeof(parameters), "noxsave");
	/*
	 * The kernel patches its code as it boots, for KVM in about 300 places.  Each would cost three
	 * interrupts to each CPU (text_poke_bp), so life_start_cpus() starts the other CPUs when that is
	 * done.
	 */
	if (l->run.decided.smp > 1 && !foreign)
		append_word(parameters, sizeof(parameters), "maxcpus=1");
	if (l->platform.kvm_recurses && l->run.decided.nesting == NESTING_CLASSIC)
		append_word(parameters, sizeof(parameters), "kvm_amd.recursion=0");
	if (!foreign)
		append_tick(l, parameters, sizeof(parameters));
	if (l->platform.kvm_nested == 1)
		cmdline_offer(t->self->cpu_virt, parameters, sizeof(parameters));
	if (cmdline_make(&l->run.decided, t->from + 1, t->self->ready_s, parameters, cmdline))
		return -1;
	append_sums(&l->archive, cmdline);
	return 0;
}

/* There is no next level, because of the last error. */
static void tell_no_child(struct life *l)
{
	struct teller *t = &l->run.teller;

	reason_set(&l->why, STOP_QEMU, "%s", last_error());
	tell_stop(t, t->from + 1, &l->why);
}

/* Why the child's state is not saved and restored; NULL: it can be.  See docs/found/qemu-busy-tss.md. */
static const char *why_no_save_restore(const struct life *l)
{
	return guests_are_inexact(l->run.teller.self) ? "on this QEMU its programs would lose "
							"their ports; not on that of make emulator"
						      : NULL;
}

static void prepare_child(struct life *l)
{
	const struct teller *t = &l->run.teller;
	struct child *c = &l->child;

	c->level = t->from + 1;
	c->run = &l->run;
	c->pace_s = t->self->ready_s;
	c->heartbeat_s = l->has_parent ? heartbeat_s(l) : 0;
	c->counts_chain = is_outermost(l);
	c->has_parent = l->has_parent;
	if (l->run.decided.exec.input > t->from)
		c->input = uplink_input(&l->uplink);
	c->own = &l->own_lines;
	c->no_save_restore = why_no_save_restore(l);
	c->on_ready = life_child_is_ready;
	c->context = l;
	if (runs_beside_child(l)) {
		l->aside = (struct aside){ poll_payloads, step_payloads, l };
		c->aside = &l->aside;
	}
}

void life_run_child(struct life *l)
{
	struct teller *t = &l->run.teller;
	char cmdline[CMDLINE_SIZE], options[256];
	struct vm_config config = {
		.appliance = l->appliance,
		.qemu = QEMU_PATH,
		.firmware_dir = FIRMWARE_DIR,
		.kernel = l->child_kernel,
		.initramfs = ARCHIVE_PATH,
		.cmdline = cmdline,
		.cpu = setting_of(&l->run.decided.cpus, t->from + 1),
		.extra_args = l->run.asked.qemu_args,
		.memory_kib = l->budget.child_kib,
		.memory_folder = l->huge_files ? MEMORY_FOLDER : NULL,
		.vcpus = l->run.decided.smp,
		.kvm = true,
		.terminal = child_terminal(&l->run.decided, t->from + 1),
		.monitor = l->run.decided.save_restore && !why_no_save_restore(l),
	};

	if (choose_machine(l, &config, options, sizeof(options)) ||
	    make_cmdline(l, config.firmware, cmdline)) {
		tell_no_child(l);
		return;
	}
	config.enlightened = config.firmware && l->run.decided.enlightened;
	memory_terms(t->self, &l->budget);
	tell_level(t, "level");
	platform_prepare_kvm(l->appliance);
	prepare_child(l);
	if (child_run(&l->child, &config))
		tell_no_child(l);
	if (l->child.aside && l->payloads.teller) /* they take longer than the child */
		payloads_run(&l->payloads, heartbeat_s(l), heartbeat, l);
}

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

	if (runs_payloads(l)) {
		begin_payloads(l);
		payloads_skip_rest(&l->payloads, "the chain ended before it was due");
	}
	learn_parameters(l);
	tell_level(t, "level");
	own_lines_finish(&l->own_lines);
	tell_number(t, t->from, "end", "up_s", now_s());
}
