#define _GNU_SOURCE /* asprintf */
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * supernest: how deeply can KVM be nested?
 *
 * One binary, two lives.  As /init (PID 1) of a level it learns where it is, measures, reports ready,
 * starts the next level from the same kernel and the same files, supervises it, passes its records
 * on, and ends.  As a command on a host it starts the outermost level and prints the report.
 *
 * Data flows one way: learn (options, platform, host) -> measure (memory, checks) -> build (archive,
 * vm) -> supervise (vm, relay) -> tell (record, report, formats).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <x86intrin.h>

#include "lib/base.h"
#include "report/level.h"

#include "lib/options.h"
#include "level/platform.h"
#include "host/host.h"

#include "level/memory.h"
#include "level/checks.h"

#include "level/appliance.h"
#include "lib/sha256.h"
#include "child/archive.h"
#include "child/kernel.h"
#include "level/modules.h"
#include "child/firmware.h"
#include "host/overlay.h"
#include "child/vm.h"

#include "child/evidence.h"
#include "child/relay.h"
#include "child/uplink.h"

#include "lib/log.h"
#include "report/record.h"
#include "report/report.h"
#include "report/formats.h"
#include "report/artifacts.h"
#include "host/series.h"
#include "report/view.h"

#include "child/remote.h"
#include "level/shell.h"
#include "level/inspect.h"
#include "host/commands.h"

#ifndef VERSION
#define VERSION "unknown"
#endif
#define PUBLISHED(name) "supernest-" VERSION "-" name /* as scripts/dist does */

/* Where things stand in the appliance. */
#define QEMU_PATH "/bin/qemu-system-x86_64"
#define FIRMWARE_DIR "/share"
#define MACHINE_PATH "/share/machine" /* what this QEMU's microvm can do beyond others' */
#define WORDS_PATH "/share/words"     /* the kernel command line of a nested level, with comments */
#define ARCHIVE_PATH "/run/initramfs.cpio"
#define QBOOT_PATH FIRMWARE_DIR "/qboot.rom"
#define FIRMWARE_PATH "/run/firmware.rom" /* of a level whose kernel is not ours */
#define ROOT_VIEW "/run/root" /* the files that we were unpacked from, without what is mounted */
#define CMDLINE_PATH "/etc/supernest/cmdline" /* words for where nobody can give the kernel any */

#define HOST_LEVEL (-1)
#define HOST_MEMORY_KIB (1024 * KIB_PER_MIB)
#define LATE_CHECKS_S 20.0
#define APPEND_MAX 900 /* so that all words fit, and Linux's 2047 */
#define SHELL_BEAT_S 2
#define FIELDS_A_RECORD 12 /* with the longest values they fit RECORD_MAX */

struct run {
	struct options opts;
	struct level *self; /* in the report; NULL on a host */
	struct level told;  /* what the level above knows of us by now */
	struct platform platform;
	struct report report;
	struct archive archive;
	char child_kernel[64];	  /* the file that the next level boots, */
	struct kernel child_file; /* and what its header said when it was there */
	bool has_parent;	  /* somebody above reads our records and prints the report */
	int from;		  /* our level as a sender of records */
	unsigned int seq;
	double deadline_s; /* on now_s(); 0: none */
	double began_s;	   /* on now_s(), when the counter of cycles was began_tsc */
	uint64_t began_tsc;
	struct artifacts artifacts;
	struct evidence evidence; /* of our child */
	struct vm vm;
	struct relay relay;
	bool counts_chain;	   /* our KVM's count is the whole chain's: we are the outermost */
	char command[COMMAND_MAX]; /* that would repeat this run */
	struct view view;     /* on a host whose terminal can show it; else lines are printed */
	struct remote remote; /* on its way down, while a level below has a shell */
	bool shell_seen;
};

static struct run run;
static struct series series;
static FILE *out; /* what a person sees: every console, or a command's standard output */

/* ---- telling ----------------------------------------------------------------------------- */

/* What a person in front of the outermost console (or the host's terminal) sees as it happens. */
static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	char line[600];
	va_list args;

	if (run.has_parent)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	make_harmless(line); /* a child's words among them may be anything */
	fprintf(out, "# supernest: %s%s\n", line, run.remote.raw ? "\r" : "");
	fflush(out);
}

static void announce_shell(const struct record *rec)
{
	if (strcmp(record_get(rec, "state"), "on"))
		say("L%d: its shell has ended", rec->about);
	else if (rec->about == run.from)
		say("L%d: a shell; exit ends it", rec->about);
	else
		say("L%d: a shell; exit ends it, " REMOTE_ESCAPE " ends the run", rec->about);
}

static void announce(const struct record *rec)
{
	if (run.view.on)
		view_record(&run.view, rec, now_s());
	else if (!strcmp(rec->kind, "ready"))
		say("L%d ready", rec->about);
	else if (!strcmp(rec->kind, "text"))
		say("L%d| %s", rec->about, record_get(rec, "line"));
	else if (!strcmp(rec->kind, "stop"))
		say("L%d: %s: %s", rec->about, record_get(rec, "reason"),
		    record_get(rec, "detail"));
	else if (!strcmp(rec->kind, "shell"))
		announce_shell(rec);
}

/* Passes a record up as it is. */
static void send_up(const struct record *rec)
{
	char line[RECORD_MAX];
	int len;

	if (!run.has_parent)
		return;
	len = record_encode(rec, run.opts.run_id, line);
	if (len > 0)
		uplink_record(line, len);
	else
		fail("a record of kind %s is too long: lost", rec->kind);
}

static void tell(struct record *rec)
{
	rec->seq = run.seq++;
	if (report_add(&run.report, rec))
		fail("a record of kind %s of our own is refused: a bug", rec->kind);
	announce(rec);
	send_up(rec);
}

/* What is new of our own level, in as many records as it takes; the last one is of the KIND. */
static void tell_level(const char *kind)
{
	char value[256], told[256];
	struct record rec;

	record_init(&rec, kind, run.from, run.from);
	for (int i = 0; i < level_field_count; i++) {
		level_get(run.self, &level_fields[i], value, sizeof(value));
		level_get(&run.told, &level_fields[i], told, sizeof(told));
		if (level_fields[i].source != BY_LEVEL || !*value || !strcmp(value, told))
			continue;
		if (rec.count == FIELDS_A_RECORD) {
			strcpy(rec.kind, "level");
			tell(&rec);
			record_init(&rec, kind, run.from, run.from);
		}
		if (record_add(&rec, level_fields[i].key, value))
			fail("the record is full: %s is left out", level_fields[i].key);
	}
	run.told = *run.self;
	if (rec.count || strcmp(kind, "level"))
		tell(&rec);
}

static void tell_check(int about, const struct check *k)
{
	struct record rec;

	record_init(&rec, "check", run.from, about);
	record_add(&rec, "id", k->id);
	record_add(&rec, "result", result_names[k->result]);
	record_add_number(&rec, "value", k->value);
	record_add(&rec, "unit", k->unit);
	record_add(&rec, "detail", k->detail);
	tell(&rec);
}

static void tell_stop(enum stop stop, int about, const char *detail)
{
	struct record rec;

	record_init(&rec, "stop", run.from, about);
	record_add(&rec, "reason", stop_names[stop]);
	record_add(&rec, "detail", detail);
	tell(&rec);
}

static void tell_child_number(int about, const char *key, double value)
{
	struct record rec;

	record_init(&rec, "level", run.from, about);
	record_add_number(&rec, key, value);
	tell(&rec);
}

static void tell_shell(const char *state)
{
	struct record rec;

	record_init(&rec, "shell", run.from, run.from);
	record_add(&rec, "state", state);
	run.shell_seen = true;
	tell(&rec);
}

/* ---- supervising a child ----------------------------------------------------------------- */

static int child_level(void)
{
	return run.from == HOST_LEVEL ? run.opts.level : run.from + 1;
}

/* The child runs the kernel that was meant for it, and the same files: both say so by their sums. */
static void compare_sums(const struct level *child)
{
	struct check archive = { "archive", RESULT_PASS, run.archive.bytes, "bytes", "" };
	struct check kernel = { "kernel", RESULT_PASS, 1, "bool", "" };
	const char *release = run.child_file.release;

	if (run.from == HOST_LEVEL)
		return;
	if (strcmp(child->archive_sha256, run.self->archive_sha256)) {
		archive.result = RESULT_FAIL;
		strcpy(archive.detail,
		       "its sha256 is not its parent's: the files changed on the way");
	}
	if (strcmp(child->kernel_sha256, run.archive.sum[1].sha256))
		strcpy(kernel.detail,
		       "its sha256 is not its parent's: the kernel changed on the way");
	else if (*release && strcmp(child->kernel, release))
		format(kernel.detail, sizeof(kernel.detail), "it runs %.30s, its file is %.30s",
		       child->kernel, release);
	if (*kernel.detail) {
		kernel.result = RESULT_FAIL;
		kernel.value = 0;
	}
	tell_check(child->level, &archive);
	tell_check(child->level, &kernel);
}

/* A person at a shell may start another run: it needs the kernel again. */
static bool keeps_kernel(void)
{
	return getpid() != 1 || run.opts.start == START_MANUAL || run.opts.end == END_SHELL;
}

static int64_t freed_later_kib(void)
{
	return run.archive.bytes / 1024 + (keeps_kernel() ? 0 : kernel_all_kib());
}

static void child_is_ready(struct relay *r, const struct level *child)
{
	struct record rec;

	record_init(&rec, "level", run.from, child->level);
	record_add_number(&rec, "wall_s", now_s() - r->vm->start_s);
	if (r->exits > 0)
		record_add_number(&rec, "boot", r->exits);
	tell(&rec);
	compare_sums(child);
	if (run.from == HOST_LEVEL)
		return;
	if (child->total_kib >= 0)
		run.self->overhead_kib = run.self->total_kib - child->total_kib;
	run.self->qemu_anonymous_kib = vm_anonymous_kib(r->vm, run.self->child_kib);
	/* Until it was known, the budget counted it with the margin. */
	if (run.self->qemu_anonymous_kib > 0)
		run.self->margin_kib -= run.self->qemu_anonymous_kib;
	if (run.self->margin_kib < 0) /* a QEMU that is larger than ours */
		run.self->margin_kib = 0;
	tell_level("level");
	free_file(ARCHIVE_PATH);
	if (!keeps_kernel())
		kernel_free_all();
	unlink(FIRMWARE_PATH);
}

static void level_is_ready(struct relay *r, int level)
{
	relay_look(r); /* once: a moment later the child may be gone, and its count with it */
	if (level == child_level())
		child_is_ready(r, &run.report.levels[level]);
	if (run.counts_chain && r->exits > 0)
		tell_child_number(level, "chain", r->exits);
}

/* In the process that passes the terminal on: what the level with the shell shall know. */
static void write_report_so_far(FILE *f)
{
	report_finish(&run.report);
	formats_print(&run.report, REPORT_JSON, f);
}

static void on_signal(int number)
{
	relay_stop_requested = number;
}

/* A level below has a shell: the terminal is handed down, ours or what the level above hands to us. */
static void start_terminal(void)
{
	struct remote_ends ends = {
		0, 1, -1, run.vm.terminal_in, run.vm.terminal_out, run.vm.control
	};

	if (run.has_parent) {
		ends.person_in = open(TERMINAL_PORT, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		ends.person_out = ends.person_in;
		ends.control_in = open(CONTROL_PORT, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (ends.person_in < 0 || ends.control_in < 0) {
			fail("%s and %s: %m: nobody reaches the shell", TERMINAL_PORT,
			     CONTROL_PORT);
			return;
		}
	}
	sigaction(RELAY_ESCAPE, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	remote_start(&run.remote, &ends, write_report_so_far);
	if (run.has_parent) {
		close(ends.person_in);
		close(ends.control_in);
	}
}

static void shell_changed(const struct record *rec)
{
	if (rec->from != run.opts.shell) /* nobody asked for it */
		return;
	remote_finish(&run.remote);
	if (strcmp(record_get(rec, "state"), "on"))
		return;
	run.shell_seen = true;
	start_terminal();
}

static void on_record(void *context, const char *line, size_t len)
{
	struct relay *r = context;
	struct record rec;
	enum record_verdict verdict = record_decode(&rec, run.opts.run_id, line, len);
	int err;

	log_line(&run.artifacts.records, "", line, len);
	if (verdict == RECORD_NOISE)
		return;
	/* What a child says of others than itself and those below it is a lie. */
	err = verdict == RECORD_DAMAGED || rec.from < child_level() ? -1
								    : report_add(&run.report, &rec);
	if (err) {
		r->bad_records += err < 0;
		return;
	}
	r->records++;
	if (!strcmp(rec.kind, "shell"))
		shell_changed(&rec);
	if (!strcmp(rec.kind, "ready")) /* whoever hears of it has already heard what it took */
		level_is_ready(r, rec.from);
	announce(&rec);
	send_up(&rec);
	if (!strcmp(rec.kind, "end") && rec.from == child_level())
		r->ended = true;
}

/* What it was damaged or made up by is not known; that the child cannot be trusted is. */
static void tell_bad_records(int child, int count)
{
	struct check k = { "records", RESULT_FAIL, count, "records",
			   "refused: damaged, forged or out of order" };

	tell_check(child, &k);
}

static void on_console(void *context, const char *line)
{
	struct record rec;
	char prefix[16];

	(void)context;
	format(prefix, sizeof(prefix), "L%d| ", child_level());
	log_line(&run.artifacts.console, prefix, line, strlen(line));
	record_init(&rec, "text", run.from, child_level());
	record_add(&rec, "line", line);
	tell(&rec);
}

static void on_line(void *context, const char *line, bool console)
{
	struct relay *r = context;

	/* It says all once more as it panics: that is the whole log. */
	if (r->replays && strstr(line, "Linux version "))
		run.evidence.count[EVIDENCE_LOG] = 0;
	if (console)
		evidence_add(&run.evidence, EVIDENCE_LOG, line);
	else
		evidence_add_words(&run.evidence, line);
}

static void on_give_up(void *context)
{
	struct relay *r = context;

	evidence_read_guest(&run.evidence, r->vm->pid);
}

static void tell_evidence(int about)
{
	struct record rec;

	for (int part = 0; part < EVIDENCE_PARTS; part++)
		for (int i = 0; i < run.evidence.count[part]; i++) {
			record_init(&rec, "proof", run.from, about);
			record_add(&rec, "part", evidence_names[part]);
			record_add(&rec, "line", run.evidence.line[part][i]);
			tell(&rec);
		}
}

static void on_beat(void *context)
{
	struct relay *r = context;
	struct record rec;

	record_init(&rec, "alive", run.from, run.from);
	if (run.counts_chain && r->exits > 0)
		record_add_number(&rec, "exits", r->exits);
	tell(&rec);
}

static void on_view_beat(void *context)
{
	struct relay *r = context;

	if (run.counts_chain && r->exits > 0)
		view_exits(&run.view, r->exits, now_s());
	view_show(&run.view, now_s());
}

/* A level is up to some 20 times slower than its parent, on hardware; its parent knows its own pace. */
static struct patience patience_for_child(void)
{
	double pace_s = run.self ? run.self->ready_s : 10; /* a host's nobody has measured */

	return (struct patience){
		.idle_s = 5 + 2 * pace_s,
		.spin_s = 5 + 2 * pace_s,
		.silent_s = 10,
		.boot_s = run.self ? 60 + 200 * pace_s : 120,
	};
}

/* Those above want to hear from us, a person wants to see something move; else nobody waits. */
static double beat_s(void)
{
	if (run.view.on)
		return VIEW_BEAT_S;
	if (!run.has_parent)
		return 0;
	return run.self->ready_s > 2 ? run.self->ready_s : 2;
}

static void supervise(void)
{
	struct relay *r = &run.relay;
	int child = child_level();
	char detail[400];
	struct record rec;
	enum stop stop;

	*r = (struct relay){
		.vm = &run.vm,
		.patience = patience_for_child(),
		.deadline_s = run.deadline_s,
		.beat_s = beat_s(),
		.context = r,
		.on_record = on_record,
		.on_console = on_console,
		.on_beat = run.view.on ? on_view_beat : on_beat,
		.on_line = on_line,
		.on_give_up = on_give_up,
	};
	evidence_clear(&run.evidence);
	relay_run(r);
	remote_finish(&run.remote);
	r->lost = run.report.lost_records > 0;
	if (r->exits > 0)
		tell_child_number(child, "total", r->exits);
	if (r->bad_records)
		tell_bad_records(child, r->bad_records);
	stop = relay_verdict(r, detail, sizeof(detail));
	vm_close(&run.vm);
	if (stop == STOP_NONE)
		return;
	/* A host is no level, and so not to blame. */
	tell_stop(stop, relay_own_oom(r) && run.from != HOST_LEVEL ? run.from : child, detail);
	for (int i = LAST_LINES - r->last_count; i < LAST_LINES; i++) {
		record_init(&rec, "last", run.from, child);
		record_add(&rec, "line", r->last[i]);
		tell(&rec);
	}
	if (!stop_is_failure(stop))
		return;
	if (run.from != HOST_LEVEL)
		evidence_add_kvm(&run.evidence, run.vm.start_s);
	tell_evidence(child);
}

/*
 * What is kept of the time budget to end in order: the deepest stops first, the outermost last.  Ending
 * takes a level some part of the time that its boot took, and its child's is like its own or longer.
 */
static double reserve_s(double left_s)
{
	double s = left_s * 0.02 + 1 + (run.self ? run.self->ready_s : 0);

	return s > left_s / 4 ? left_s / 4 : s;
}

/* What the child is for the shell's terminal. */
static enum vm_terminal child_terminal(void)
{
	return run.opts.shell < child_level()	? VM_NO_TERMINAL
	       : run.opts.shell > child_level() ? VM_TERMINAL_PASSED_ON
						: VM_TERMINAL_SHELL;
}

/* The words that tell the child what it is part of. */
static void child_cmdline(char *buf, size_t size, const char *words)
{
	double left_s = run.deadline_s ? run.deadline_s - now_s() : 0;
	char depth[16] = "max", timeout[40] = "", shell[24] = "";

	if (run.opts.depth != DEPTH_MAX)
		format(depth, sizeof(depth), "%d", run.opts.depth);
	if (run.deadline_s)
		format(timeout, sizeof(timeout), " nest.timeout=%d",
		       left_s - reserve_s(left_s) < 1 ? 1 : (int)(left_s - reserve_s(left_s)));
	if (child_terminal())
		format(shell, sizeof(shell), " nest.shell=%d", run.opts.shell);
	format(buf, size, "%s%s nest.level=%d nest.id=%s nest.depth=%s%s%s", words,
	       run.from != HOST_LEVEL && !run.platform.child_xsave ? " noxsave" : "", child_level(),
	       run.opts.run_id, depth, timeout, shell);
}

/* ---- a level ----------------------------------------------------------------------------- */

static void tell_own_check(const struct check *k)
{
	tell_check(run.from, k);
}

static void run_checks(enum check_phase phase, double deadline_s)
{
	struct check_context c = {
		.self = run.self,
		.platform = &run.platform,
		.phase = phase,
		.need_virt = run.opts.depth == DEPTH_MAX || run.opts.depth > run.from,
		.need_nested = run.opts.depth == DEPTH_MAX || run.opts.depth > run.from + 1,
		.deadline_s = deadline_s,
		.done = tell_own_check,
	};

	checks_run(&c);
}

/* Which files the kernels of this level and of the next one are. */
static void choose_kernels(void)
{
	char own[sizeof(run.child_kernel)];

	kernel_of_level(run.from, own, sizeof(own));
	kernel_of_level(run.from + 1, run.child_kernel, sizeof(run.child_kernel));
	strcpy(run.archive.sum[0].path, own + 1);
	strcpy(run.archive.sum[1].path, run.child_kernel + 1);
	if (kernel_read(run.child_kernel,
			&run.child_file)) /* QEMU will say what is wrong with it */
		run.child_file = (struct kernel){ 0 };
}

/* Writes the archive for the child, or, if there will be none, only its sum. */
static int prepare_archive(bool for_child)
{
	int fd = -1, err;

	mkdir(ROOT_VIEW, 0755);
	if (mount("/", ROOT_VIEW, NULL, MS_BIND, NULL))
		return fail("cannot see our own files at %s: %m", ROOT_VIEW);
	if (for_child)
		fd = open(ARCHIVE_PATH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (for_child && fd < 0)
		err = fail("%s: %m", ARCHIVE_PATH);
	else
		err = archive_write(ROOT_VIEW, fd, &run.archive);
	if (fd >= 0)
		close(fd);
	if (err) /* no room for it: the level above still wants to compare the sums */
		archive_write(ROOT_VIEW, -1, &run.archive);
	umount(ROOT_VIEW);
	rmdir(ROOT_VIEW);
	strcpy(run.self->archive_sha256, run.archive.sha256);
	strcpy(run.self->kernel_sha256, run.archive.sum[0].sha256);
	return err;
}

static bool last_level(void)
{
	return run.from == MAX_LEVEL || (run.opts.depth != DEPTH_MAX && run.from >= run.opts.depth);
}

/* Why there will be no next level, as far as that is known before trying. */
static enum stop why_not_deeper(struct budget *budget, int64_t archive_kib, char *detail,
				size_t size)
{
	if (last_level()) {
		format(detail, size, "depth %d was asked for and reached", run.from);
		return STOP_DEPTH;
	}
	if (!run.platform.have_virt) {
		format(detail, size, "%s", run.platform.virt_problem);
		return STOP_NO_VIRT;
	}
	if (!run.platform.have_kvm) {
		format(detail, size, "%s", run.platform.kvm_problem);
		return STOP_NO_KVM;
	}
	memory_plan(budget, run.opts.mem_kib, run.child_file.init_kib, archive_kib,
		    freed_later_kib());
	if (child_terminal())
		budget->need_kib += VM_TERMINAL_KIB;
	if (!memory_fits(budget)) {
		memory_explain(budget, detail, size);
		return STOP_MEMORY;
	}
	/* A child is slower than its parent: less than our own boot took is surely not enough. */
	if (run.deadline_s && now_s() + run.self->ready_s > run.deadline_s) {
		format(detail, size, "no time is left for another level");
		return STOP_TIME;
	}
	return STOP_NONE;
}

/* The words behind "svm:", "vmx:", "own:" and "any:" if the CPU or the kernel is such a one. */
static char *words_for(char *line, const char *virt, const char *kernel)
{
	static const char *const kinds[] = { "svm:", "vmx:", "own:", "any:" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strncmp(line, kinds[i], 4))
			continue;
		if (strncmp(line, virt, 3) && strncmp(line, kernel, 3))
			return NULL;
		return words_for(line + 4, virt, kernel);
	}
	return line;
}

/* Joins the lines of a file but for its comments. */
static void read_words(const char *path, const char *virt, const char *kernel, char *words,
		       size_t size)
{
	char text[4096], *line, *rest = text;
	size_t len = 0;

	words[0] = '\0';
	if (read_text(path, text, sizeof(text))) {
		fail("%s: %m: the next level has to do without", path);
		return;
	}
	while ((line = strsep(&rest, "\n"))) {
		if (*line == '#' || !*line || !(line = words_for(line, virt, kernel)))
			continue;
		format(words + len, size - len, "%s%s", len ? " " : "", line);
		len = strlen(words);
	}
}

static void start_child(const struct budget *budget)
{
	char cmdline[2048], machine[256], words[1024], built[65];
	struct vm_config config = {
		.qemu = QEMU_PATH,
		.machine = machine,
		.firmware_dir = FIRMWARE_DIR,
		.kernel = run.child_kernel,
		.initramfs = ARCHIVE_PATH,
		.cmdline = cmdline,
		.extra_args = run.opts.qemu_args,
		.memory_kib = budget->child_kib,
		.nested = true,
		.kvm = true,
		.terminal = child_terminal(),
	};

	read_text(MACHINE_PATH, machine, sizeof(machine));
	appliance_built_sum(KERNEL_PATH, built);
	if (*built && strcmp(built, run.archive.sum[1].sha256) &&
	    !firmware_write(QBOOT_PATH, FIRMWARE_PATH))
		config.firmware = FIRMWARE_PATH;
	read_words(WORDS_PATH, run.self->cpu_virt, config.firmware ? "any" : "own", words,
		   sizeof(words));
	child_cmdline(cmdline, sizeof(cmdline), words);
	run.self->child_kib = budget->child_kib;
	memory_terms(run.self, budget);
	tell_level("level");
	platform_prepare_kvm();
	if (vm_start(&run.vm, &config))
		tell_stop(STOP_QEMU, child_level(), last_error());
	else
		supervise();
}

/* The outermost level has nobody who would tell it. */
static void keep_report_so_far(void)
{
	struct report *copy = malloc(sizeof(*copy));

	if (!copy)
		return;
	*copy = run.report;
	report_finish(copy);
	formats_write_json(copy, SHELL_REPORT);
	free(copy);
}

/* While a hook or a shell runs, which may take long */
static void on_idle_beat(void *context)
{
	struct record rec;

	(void)context; /* there is no child whose exits could be told */
	record_init(&rec, "alive", run.from, run.from);
	tell(&rec);
}

/* A shell here, once we are ready; what is below us, if anything, comes after it. */
static void hold_shell(void)
{
	struct shell s = {
		.level = run.from,
		.tty = run.has_parent ? TERMINAL_TTY : "/dev/console",
		.control = run.has_parent ? CONTROL_PORT : NULL,
		.start_s = 10 + 10 * run.self->ready_s,
		.deadline_s = run.deadline_s,
		.beat_s = run.has_parent ? beat_s() : SHELL_BEAT_S,
		.on_beat = on_idle_beat,
	};

	if (shell_open(&s))
		return;
	if (!run.has_parent)
		keep_report_so_far();
	tell_shell("on");
	shell_run(&s);
	if (!run.has_parent)
		appliance_reopen_consoles();
	tell_shell("off");
}

/* The story of a level, from the first record to the last. */
static void run_level(void)
{
	struct budget budget;
	char detail[400];
	enum stop stop;
	struct record end;

	memory_setup();
	memory_learn(run.self);
	tell_level("level");
	appliance_hook(run.from, on_idle_beat);
	if (access("/dev/kvm", F_OK))
		modules_load_kvm(run.self->cpu_virt);
	choose_kernels();
	platform_learn_kvm(run.self, &run.platform);
	stop = why_not_deeper(&budget, archive_estimate_kib("/"), detail, sizeof(detail));
	if (prepare_archive(stop == STOP_NONE) && stop == STOP_NONE) {
		stop = STOP_MEMORY;
		format(detail, sizeof(detail), "%s", last_error());
	}
	run_checks(CHECK_EARLY, 0);
	run.self->ready_s = now_s();
	tell_level("ready");
	if (stop == STOP_NONE && run.opts.shell == run.from) {
		hold_shell();
		/* Another run in it would have used the archive up. */
		if (prepare_archive(true)) {
			stop = STOP_MEMORY;
			format(detail, sizeof(detail), "%s", last_error());
		}
	}
	if (stop == STOP_NONE) /* again: the archive is in memory now */
		stop = why_not_deeper(&budget, run.archive.bytes / 1024, detail, sizeof(detail));
	if (stop == STOP_NONE) {
		start_child(&budget);
	} else {
		tell_stop(stop, run.from, detail);
		if (stop_is_failure(stop)) {
			evidence_add_kvm(&run.evidence, 0);
			tell_evidence(run.from);
		}
		if (run.opts.shell == run.from)
			hold_shell();
	}
	unlink(ARCHIVE_PATH);
	run_checks(CHECK_LATE, run.deadline_s ? run.deadline_s + 0.5 : now_s() + LATE_CHECKS_S);
	tell_level("level");
	record_init(&end, "end", run.from, run.from);
	tell(&end);
}

/* ---- the report -------------------------------------------------------------------------- */

static void begin_report(void)
{
	report_init(&run.report, run.opts.depth == DEPTH_MAX ? DEPTH_OPEN : run.opts.depth);
	run.report.setup.timeout_s = run.opts.timeout_s;
	run.began_s = now_s();
	run.began_tsc = __rdtsc();
}

/* All levels count cycles at the same pace, an emulated CPU those of its host. */
static void end_report(void)
{
	double ms = (now_s() - run.began_s) * 1000;

	if (ms > 0 && !run.report.setup.counted_clock)
		run.report.setup.tsc_khz = (__rdtsc() - run.began_tsc) / ms;
	report_finish(&run.report);
}

/* -1 (printed) if somebody still wants to read it and cannot. */
static int print_end(void)
{
	clearerr(out);
	fputs(REPORT_END "\n", out);
	if (fflush(out) && errno != EPIPE)
		return fail("the report could not be printed: %m");
	return 0;
}

static int print_report(void)
{
	end_report();
	/* Stopped by a person: nobody knows how deep it would have gone. */
	if (relay_stop_requested && relay_stop_requested != RELAY_ESCAPE)
		run.report.ok = false;
	if (run.opts.shell != SHELL_NONE && !run.shell_seen)
		say("L%d: there was no shell: the run did not come so far", run.opts.shell);
	formats_print(&run.report, run.opts.report & ~REPORT_JSON, out);
	if (run.opts.report & REPORT_JSON) {
		fputs("# supernest: json begin\n", out);
		formats_print(&run.report, REPORT_JSON, out);
		fputs("# supernest: json end\n", out);
	}
	return print_end();
}

/* ---- life as PID 1 ----------------------------------------------------------------------- */

static void say_line(const char *line)
{
	say("%s", line);
}

static void fail_on_consoles(const char *message)
{
	fprintf(out, "supernest: %s\n", message);
	fflush(out);
}

static int read_own_words(void)
{
	char words[4096];
	struct options defaults = run.opts;

	if (read_text("/proc/cmdline", words, sizeof(words)))
		return fail("/proc/cmdline: %m");
	if (options_from_cmdline(&run.opts, words))
		return -1;
	/* The outermost has no parent to tell it; where its loader can't, an appended file may. */
	if (run.opts.level != LEVEL_NONE || read_text(CMDLINE_PATH, words, sizeof(words)))
		return 0;
	run.opts = defaults;
	if (options_from_cmdline(&run.opts, words))
		return fail("%s: a word of it is malformed", CMDLINE_PATH);
	return read_text("/proc/cmdline", words, sizeof(words))
		       ? fail("/proc/cmdline: %m")
		       : options_from_cmdline(&run.opts, words);
}

/* Learns who we are from the kernel command line.  -1: a word of it is malformed. */
static int learn_level(void)
{
	options_init(&run.opts);
	if (read_own_words())
		return -1;
	run.has_parent = run.opts.level != LEVEL_NONE;
	if (!run.has_parent)
		return 0;
	if (uplink_open())
		return -1;
	/* A kernel that is not ours has a serial console instead of the port. */
	if (!fail_sink)
		fail_sink = uplink_text;
	return 0;
}

/* A shell is where a run ends, unless it is to go deeper. */
static void shell_means_depth(void)
{
	if (run.opts.shell != SHELL_NONE && run.opts.depth == DEPTH_MAX)
		run.opts.depth = run.opts.shell;
}

/* Fills in our own level and makes us a sender of records. */
static void learn_self(double kernel_s)
{
	struct level self;

	shell_means_depth();
	level_init(&self, 0);
	platform_learn(&self, &run.platform, run.opts.level);
	self.kernel_s = kernel_s;
	begin_report();
	run.report.outermost = self.level;
	run.self = report_level(&run.report, self.level);
	*run.self = self;
	level_init(&run.told, self.level);
	run.from = self.level;
	run.seq = 0;
	run.counts_chain = !run.has_parent || self.level == 0;
	if (run.opts.timeout_s)
		run.deadline_s = (run.has_parent ? 0 : kernel_s) + run.opts.timeout_s;
}

static void end_machine(void)
{
	fflush(out);
	if (run.has_parent)
		uplink_end();
	appliance_end(run.opts.end);
}

static void live_as_init(void)
{
	double kernel_s = now_s();
	FILE *consoles;
	char why[128];

	appliance_mount();
	consoles = appliance_consoles();
	if (consoles) {
		out = consoles;
		fail_sink = fail_on_consoles;
	}
	if (learn_level()) {
		say("the kernel command line is wrong: nothing was run");
		print_end();
		end_machine();
	}
	if (!run.has_parent && appliance_is_damaged(why, sizeof(why))) {
		say("the initramfs is damaged (%s): nothing was run", why);
		print_end();
		end_machine();
	}
	if (!run.has_parent)
		appliance_compare_files(say_line);
	if (run.opts.start == START_MANUAL && !run.has_parent) {
		appliance_shell();
		end_machine();
	}
	learn_self(kernel_s);
	run_level();
	if (!run.has_parent) {
		appliance_silence_kernel();
		print_report();
	}
	end_machine();
}

/* ---- life as a command ------------------------------------------------------------------- */

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND }, before;
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], NULL, &before);
		if (signals[i] != SIGHUP || before.sa_handler != SIG_IGN) /* nohup */
			sigaction(signals[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN); /* a closed terminal must not cost the report file */
}

/*
 * A file beside this command, by the name that `make` gives it or by the one that it is published
 * under, or where `make install` puts it, seen from PREFIX/bin.  NULL if it is nowhere.
 */
static char *file_beside(const char *name, const char *published)
{
	const struct {
		const char *dir, *name;
	} places[] = { { ".", name },
		       { ".", published },
		       { "../share/supernest", name },
		       { "../lib/supernest", name } };
	char self[512], *slash, *path, *real;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (asprintf(&path, "%s/%s/%s", self, places[i].dir, places[i].name) < 0)
			return NULL;
		real = realpath(path, NULL);
		free(path);
		if (real && !access(real, R_OK))
			return real;
		free(real);
	}
	return NULL;
}

static int need_file(const char *path, const char *what)
{
	if (path && !access(path, R_OK))
		return 0;
	if (!path)
		return fail("no %s beside this command or installed with it; build it with make, "
			    "or name one with --%s",
			    what, what);
	return fail("%s %s: %m; name another with --%s", what, path, what);
}

static bool same_file(const char *a, const char *b)
{
	char sum[2][65];

	return !sha256_file(a, sum[0]) && !sha256_file(b, sum[1]) && !strcmp(sum[0], sum[1]);
}

/* The kernel under test, or the appliance's own, for the outermost guest; and for those below it. */
static int place_kernel(struct vm_config *config, const char *virt)
{
	static char initramfs[64];
	struct overlay o = {
		.kernel = run.opts.kernel,
		.modules = run.opts.modules,
		.config = run.opts.config,
		.initramfs = config->initramfs,
		.virt = virt,
		.levels = run.opts.levels,
		.say = say_line,
	};

	config->kernel = file_beside("bzImage", PUBLISHED("bzImage-x86_64"));
	if (!o.kernel && (o.modules || o.config || o.levels))
		return fail("--modules, --levels and --config go with --kernel: which one is it?");
	if (!o.kernel)
		return need_file(config->kernel, "kernel");
	if (access(o.kernel, R_OK))
		return need_file(o.kernel, "kernel");
	if (config->kernel && same_file(o.kernel, config->kernel))
		return 0; /* not under test: it is the appliance's own */
	if (run.opts.shell != SHELL_NONE)
		return fail(
			"--shell needs the appliance's own kernel at every level: leave out one "
			"of --shell and --kernel");
	if (overlay_make(&o, run.opts.level, initramfs, sizeof(initramfs)))
		return -1;
	config->initramfs = initramfs;
	if (overlay_has_level(&o, run.opts.level))
		config->kernel = o.kernel;
	return need_file(config->kernel, "kernel");
}

/* An error in the middle of a picture. */
static void fail_below_view(const char *message)
{
	terminal_hide(&run.view.terminal);
	fprintf(stderr, "supernest: %s\n", message);
}

/* What is about to be started, as a picture or in words. */
static void begin_telling(const struct vm_config *config, const char *why)
{
	char command[4096];

	if (!run.opts.plain)
		view_start(&run.view, fileno(out), &run.report, config->memory_kib, run.deadline_s,
			   why);
	if (run.view.on) {
		fail_sink = fail_below_view;
		return;
	}
	say("%s", why);
	vm_command(config, command, sizeof(command));
	say("%s", command);
}

static void end_view(void)
{
	view_end(&run.view, now_s());
	fail_sink = NULL;
}

static bool shell_is_wrong(void)
{
	if (run.opts.shell == SHELL_NONE)
		return false;
	if (run.opts.deterministic)
		fail("--shell: not with --deterministic, whose clock does not wait for a person");
	else if (run.opts.shell < run.opts.level)
		fail("--shell %d: the outermost level here is L%d", run.opts.shell, run.opts.level);
	else
		return false;
	return true;
}

/* On a host: the outermost level is our child, on the accelerator that fits. */
static int run_on_host(void)
{
	char cmdline[2048], words[1024];
	struct vm_config config = { .cmdline = cmdline, .extra_args = run.opts.qemu_args };
	struct options appended = run.opts;
	struct host host;
	uint64_t id = 1;

	config.initramfs = run.opts.initramfs ? run.opts.initramfs
					      : file_beside("initramfs.cpio.gz",
							    PUBLISHED("initramfs-x86_64.cpio.gz"));
	if (run.opts.append && strlen(run.opts.append) > APPEND_MAX) {
		fail("--append: longer than %d bytes: its kernel would not see all of it",
		     APPEND_MAX);
		return STATUS_WRONG;
	}
	/* The appliance would refuse a malformed word, but only once it has booted. */
	if (run.opts.append && options_from_cmdline(&appended, run.opts.append))
		return STATUS_WRONG;
	run.opts.shell = appended.shell;
	run.opts.plain |= run.opts.shell != SHELL_NONE; /* the terminal is the shell's */
	shell_means_depth();
	if (host_learn(&host, &run.opts, file_beside("qemu-emulator", "qemu-emulator")) ||
	    need_file(config.initramfs, "initramfs") ||
	    artifacts_open(&run.artifacts, run.opts.artifacts) ||
	    (run.opts.json_path && formats_can_write(run.opts.json_path)))
		return STATUS_WRONG;
	if (!host.usable) {
		host_print(&host, false);
		fail("skipped: this machine cannot do it with --accel %s",
		     host.accel == ACCEL_KVM ? "kvm" : "tcg");
		return STATUS_SKIPPED;
	}
	config.qemu = host.qemu;
	config.kvm = host.accel == ACCEL_KVM;
	config.sandbox = host.sandbox;
	config.deterministic = run.opts.deterministic && !config.kvm;
	config.cpu = run.opts.cpu;
	config.memory_kib = run.opts.memory_kib ? run.opts.memory_kib : HOST_MEMORY_KIB;
	/* The id is in the memory of each level: it is part of what has to repeat. */
	if (!config.deterministic)
		getrandom(&id, sizeof(id), 0);
	format(run.opts.run_id, sizeof(run.opts.run_id), "%016llx", (unsigned long long)id);
	run.opts.level = config.kvm ? host.self.level + 1 : 0;
	if (place_kernel(&config, config.kvm ? host.self.cpu_virt : "svm"))
		return STATUS_WRONG;
	run.from = HOST_LEVEL;
	if (shell_is_wrong())
		return STATUS_WRONG;
	config.terminal = child_terminal();
	run.counts_chain = config.kvm;
	begin_report();
	run.report.setup.memory_kib = config.memory_kib;
	run.report.setup.counted_clock = config.deterministic;
	format(run.report.setup.qemu, sizeof(run.report.setup.qemu), "%d.%d.%d", host.version[0],
	       host.version[1], host.version[2]);
	run.report.outermost = run.opts.level;
	if (run.opts.timeout_s)
		run.deadline_s = now_s() + run.opts.timeout_s;
	format(words, sizeof(words), "console=ttyS0 loglevel=3 panic=-1 %s",
	       run.opts.append ? run.opts.append : "");
	child_cmdline(cmdline, sizeof(cmdline), words);
	catch_signals();
	begin_telling(&config, host.accel == ACCEL_KVM ? host.kvm_why : host.tcg_why);
	if (vm_start(&run.vm, &config)) {
		end_view();
		return STATUS_WRONG;
	}
	supervise();
	end_view();
	return STATUS_OK;
}

static bool in_appliance(void)
{
	struct stat self, init;

	return !stat("/proc/self/exe", &self) && !stat("/proc/1/exe", &init) &&
	       self.st_dev == init.st_dev && self.st_ino == init.st_ino;
}

/* In the appliance's shell: this level is the outermost, and the words of its kernel hold too. */
static int run_in_appliance(int argc, char **argv)
{
	if (read_own_words())
		return STATUS_WRONG;
	run.opts.shell = SHELL_NONE; /* that one is there already */
	if (run.opts.level != LEVEL_NONE)
		run.opts.depth = DEPTH_MAX; /* what is asked for here starts here */
	if (options_from_args(&run.opts, CMD_RUN, argc, argv) ||
	    artifacts_open(&run.artifacts, run.opts.artifacts))
		return STATUS_WRONG;
	if (run.opts.repeat > 1 || run.opts.matrix) {
		fail("--repeat and --matrix are for a host: each run needs a machine of its own");
		return STATUS_WRONG;
	}
	if (run.opts.memory_kib)
		run.opts.mem_kib = run.opts.memory_kib;
	catch_signals();
	learn_self(now_s());
	if (run.opts.shell == run.from) {
		fail("--shell %d: this is L%d's", run.from, run.from);
		return STATUS_WRONG;
	}
	run_level();
	return STATUS_OK;
}

/* Adds words to the command that would repeat a run: of a series, this one alone. */
static void remember(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "--repeat", 8) || !strncmp(argv[i], "--matrix", 8))
			i += !strchr(argv[i], '=');
		else if (strcmp(argv[i], "--stop-on-failure"))
			append_word(run.command, sizeof(run.command), argv[i]);
}

/* Tells what a run, which went so far, came to. */
static int finish_run(int status)
{
	int err;

	if (status != STATUS_OK)
		return status;
	strcpy(run.report.command, run.command);
	err = print_report();
	err |= artifacts_close(&run.artifacts, &run.report);
	if (run.opts.json_path)
		err |= formats_write_json(&run.report, run.opts.json_path);
	if (err)
		return STATUS_WRONG;
	return run.report.ok ? STATUS_OK : STATUS_NOT;
}

/* One of a series, in a process of its own. */
static int run_one_of_series(int argc, char **argv, struct report *report)
{
	static char dir[512];
	int status;

	options_from_args(&run.opts, CMD_RUN, argc, argv);
	remember(argc, argv);
	run.opts.json_path = NULL; /* the series' */
	if (run.opts.artifacts) {
		format(dir, sizeof(dir), "%s/%04d", run.opts.artifacts, series.count);
		run.opts.artifacts = dir;
	}
	status = finish_run(run_on_host());
	*report = run.report;
	return status;
}

/* What varies is known to be right before the first run. */
static int check_series(void)
{
	char *word[SERIES_WORDS];

	for (int i = 0; i < series.combinations; i++) {
		struct options o = run.opts;

		if (options_from_args(&o, CMD_RUN, series_options(&series, i, word), word))
			return fail("%s: see above", run.opts.matrix);
		if (o.shell != SHELL_NONE)
			return fail("--shell is for one run, not for a series");
		if (o.repeat != run.opts.repeat || o.matrix != run.opts.matrix ||
		    o.json_path != run.opts.json_path || o.artifacts != run.opts.artifacts)
			return fail("%s: repeat, matrix, json and artifacts are the series', they "
				    "cannot vary",
				    run.opts.matrix);
	}
	return 0;
}

static int run_series(void)
{
	FILE *json = NULL;
	int status;

	series.repeat = run.opts.repeat;
	series.stop_on_failure = run.opts.stop_on_failure;
	if (series_read(&series, run.opts.matrix) || check_series())
		return STATUS_WRONG;
	if (run.opts.artifacts && mkdir(run.opts.artifacts, 0777) && errno != EEXIST) {
		fail("%s: %m", run.opts.artifacts);
		return STATUS_WRONG;
	}
	if (run.opts.json_path && !(json = fopen(run.opts.json_path, "we"))) {
		fail("%s: %m", run.opts.json_path);
		return STATUS_WRONG;
	}
	catch_signals();
	status = series_run(&series, run_one_of_series, &relay_stop_requested, stdout, json);
	if (json && (ferror(json) | fclose(json))) {
		fail("%s: %m", run.opts.json_path);
		return STATUS_WRONG;
	}
	return status;
}

static int cmd_run(int argc, char **argv)
{
	options_init(&run.opts);
	remember(argc + 2, argv - 2); /* with the program's name and `run` */
	if (in_appliance())
		return finish_run(run_in_appliance(argc, argv));
	run.opts.report = REPORT_TABLE;
	if (options_from_args(&run.opts, CMD_RUN, argc, argv))
		return STATUS_WRONG;
	return run.opts.repeat > 1 || run.opts.matrix ? run_series() : finish_run(run_on_host());
}

static int cmd_check(int argc, char **argv)
{
	struct host host;

	options_init(&run.opts);
	if (options_from_args(&run.opts, CMD_CHECK, argc, argv) ||
	    host_learn(&host, &run.opts, file_beside("qemu-emulator", "qemu-emulator")))
		return STATUS_WRONG;
	host_print(&host, run.opts.report == REPORT_JSON);
	return host.usable ? STATUS_OK : STATUS_SKIPPED;
}

static int cmd_status(int argc, char **argv)
{
	struct level self;

	(void)argv;
	options_init(&run.opts);
	if (argc || !in_appliance()) {
		fail("status: %s", argc ? "takes no operand"
					: "there is no level here; it is for the shell of one");
		return STATUS_WRONG;
	}
	if (read_own_words())
		return STATUS_WRONG;
	level_init(&self, 0);
	platform_learn(&self, &run.platform, run.opts.level);
	platform_learn_kvm(&self, &run.platform);
	memory_learn(&self);
	report_init(&run.report, DEPTH_OPEN);
	if (!access(SHELL_REPORT, R_OK) && formats_read_json(&run.report, SHELL_REPORT))
		return STATUS_WRONG;
	report_so_far(&run.report);
	inspect_status(&self, &run.platform, &run.report, out);
	return STATUS_OK;
}

static int cmd_help(int argc, char **argv);

static const struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
	int options; /* command_bit */
	const char *usage, *help;
} commands[] = {
	{ "run", cmd_run, CMD_RUN, "[OPTION...]", "nest on this machine and print the report" },
	{ "check", cmd_check, CMD_CHECK, "[OPTION...]",
	  "say what run would use on this machine, and why" },
	{ "report", command_report, CMD_REPORT, "FILE.json... [OPTION...]",
	  "print a report in another format" },
	{ "compare", command_compare, CMD_COMPARE, "OLD.json NEW.json [OPTION...]",
	  "say which figures became better or worse" },
	{ "plan", command_plan, CMD_PLAN, "--from FILE.json [OPTION...]",
	  "predict the depth that given memory and time allow" },
	{ "status", cmd_status, 0, "", "say what is known of the chain, in a level's shell" },
	{ "cpuid", command_cpuid, 0, "LEAF [SUBLEAF]", "print what CPUID returns" },
	{ "msr", command_msr, 0, "NUMBER", "print a model-specific register" },
	{ "help", cmd_help, 0, "[parameters]", "list the commands, or the kernel parameters" },
};

static int cmd_help(int argc, char **argv)
{
	if (argc && !strcmp(argv[0], "parameters")) {
		options_help_parameters();
		return STATUS_OK;
	}
	puts("supernest: how deeply can KVM be nested?\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  supernest %-7s %-29s %s\n", commands[i].name, commands[i].usage,
		       commands[i].help);
	puts("\n`supernest COMMAND --help` lists its options. Exit status:\n"
	     "  0  what was asked for was reached (compare: nothing became worse)\n"
	     "  1  it was not (compare: something became worse)\n"
	     "  2  wrong use, or a broken setup (compare: the reports are not comparable)\n"
	     "  4  skipped: this machine cannot do it");
	return STATUS_OK;
}

static int help_of(const struct command *c)
{
	printf("usage: supernest %s %s\n%s\n\n", c->name, c->usage, c->help);
	options_help(c->options);
	return STATUS_OK;
}

int main(int argc, char **argv)
{
	out = stdout;
	if (getpid() == 1 && argc > 0 && !strcmp(argv[0], "/init"))
		live_as_init();
	if (argc < 2) {
		cmd_help(0, NULL);
		return STATUS_WRONG;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("supernest " VERSION);
		return STATUS_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name) &&
		    !(!strcmp(argv[1], "--help") && commands[i].fn == cmd_help))
			continue;
		for (int a = 2; a < argc; a++)
			if (!strcmp(argv[a], "--help"))
				return help_of(&commands[i]);
		return commands[i].fn(argc - 2, argv + 2);
	}
	fail("%s: no such command; supernest help lists them", argv[1]);
	return STATUS_WRONG;
}
