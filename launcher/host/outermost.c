// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/outermost.h"
#include "child/archive.h"
#include "child/child.h"
#include "child/cmdline.h"
#include "child/kernel.h"
#include "host/bochs.h"
#include "host/expect.h"
#include "host/files.h"
#include "host/host.h"
#include "host/overlay.h"
#include "host/pack.h"
#include "host/refusal.h"
#include "host/starved.h"
#include "level/checks.h"
#include "level/memory.h"
#include "lib/clock.h"
#include "lib/entropy.h"
#include "report/streams.h"
#include "report/view.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_KIB (1024 * KIB_PER_MIB)
#define STATUS_NO_PROGRAM 125 /* it could not be started: as for timeout(1), git bisect run */
#define LOOK_S 0.4	      /* less than relay.c waits between two steps */
#define APPEND_MAX 900	      /* all parameters must fit into the 2047 bytes that Linux takes */

struct outermost {
	struct run run;
	struct host host;
	struct bochs bochs;
	struct vm_config config;
	struct view view; /* if the terminal can show it; otherwise lines are printed */
	struct child child;
	char cmdline[CMDLINE_SIZE];
	char cpu[256];	    /* of an emulated CPU that recurses or is strict */
	char initramfs[64]; /* with the kernel under test; its path is valid while we live */
	char joined[64];    /* the same with what more than one vCPU needs */
	char packed[64];    /* the same with the user's files and programs */
	struct pack pack;
	struct streams streams; /* output of programs */
	struct aside aside;	/* what is looked at while the child runs */
	struct starved starved;
	double next_look_s;	   /* on now_s() */
	struct expectations known; /* known failures of programs */
};

/* ---- what is asked for ------------------------------------------------------------------- */

static bool in_bochs(const struct outermost *m)
{
	return m->run.asked.cpu_emulator == CPU_EMULATOR_BOCHS;
}

/* The level that gets the standard input.  /dev/null has no input, and passing it on would cost exits. */
static int input_level(const struct outermost *m)
{
	const struct options *asked = &m->run.asked;
	const struct decided *d = &m->run.decided;
	const struct levels *at = &asked->exec.at;
	struct stat in, null;

	if (!asked->program || d->shell != SHELL_NONE || in_bochs(m) || fstat(0, &in))
		return INPUT_NONE;
	if (!stat("/dev/null", &null) && S_ISCHR(in.st_mode) && in.st_rdev == null.st_rdev)
		return INPUT_NONE;
	if (files_is_foreign_kernel(asked->kernel, asked->smp)) {
		lines_say(&m->run.lines,
			  "the standard input does not reach a level with --kernel: its "
			  "drivers for that are in the appliance's own kernel alone");
		return INPUT_NONE;
	}
	if (levels_last(at) >= 0)
		return levels_first(at) != levels_last(at) ? INPUT_NONE : levels_last(at);
	return d->depth == DEPTH_MAX ? MAX_LEVEL : d->depth;
}

/*
 * Refuses malformed words here, because the appliance would do so only after it has booted.  An option takes
 * precedence over a parameter of --append, which takes precedence over our default.
 */
static int decide(struct outermost *m)
{
	struct options *asked = &m->run.asked, appended = *asked;

	if (asked->append && strlen(asked->append) > APPEND_MAX)
		return fail("--append: longer than %d bytes: the kernel would cut it off",
			    APPEND_MAX);
	if (asked->append && options_from_cmdline(&appended, asked->append))
		return -1;
	if (asked->depth == DEPTH_MAX)
		asked->depth = appended.depth;
	if (!asked->timeout_s)
		asked->timeout_s = appended.timeout_s;
	appended.depth = asked->depth;
	if (!checks_are_known(appended.checks) || options_check_depth(&appended, false))
		return -1;
	options_decide(asked, appended.shell, &m->run.decided);
	return refuse_contradictions(asked, &m->run.decided);
}

/* Finds what runs or emulates the machine.  Returns a status, or -1 (printed). */
static int learn_emulator(struct outermost *m)
{
	struct host *h = &m->host;
	int status;

	if (!in_bochs(m))
		return host_learn(h, &m->run.asked, files_emulator());
	status = bochs_find(&m->bochs, m->run.asked.cpu);
	h->accel = ACCEL_TCG;
	h->usable = !status;
	strcpy(h->qemu, BOCHS_PROGRAM);
	format(h->tcg_why, sizeof(h->tcg_why), "Bochs emulates the CPU %s", m->bochs.cpu);
	strcpy(h->recursion_why, "no CPU that Bochs emulates has it");
	return status;
}

static int learn(struct outermost *m)
{
	const struct options *asked = &m->run.asked;
	int status = learn_emulator(m);

	if (status)
		return status;
	m->config.initramfs = asked->initramfs ? asked->initramfs : files_initramfs();
	if (files_need(m->config.initramfs, "initramfs"))
		return -1;
	return artifacts_open(&m->run.artifacts, asked->artifacts);
}

/* ---- the machine ------------------------------------------------------------------------- */

/* The id and the seed are in the memory of each level: in a deterministic run they must repeat. */
static void make_id(struct decided *d, bool repeats)
{
	format(d->run_id, sizeof(d->run_id), "%016x", 1);
	if (repeats)
		return;
	entropy_find(d->seed);
	format(d->run_id, sizeof(d->run_id), "%.16s", d->seed);
}

static void choose_machine(struct outermost *m)
{
	const struct options *asked = &m->run.asked;
	struct vm_config *c = &m->config;
	const struct host *h = &m->host;

	c->qemu = h->qemu;
	c->kvm = h->accel == ACCEL_KVM;
	c->sandbox = h->sandbox;
	if (in_bochs(m)) {
		c->machine = VM_BOCHS;
		c->debugger = m->bochs.debugger;
	}
	/* Bochs always counts instructions */
	c->deterministic = in_bochs(m) || (asked->deterministic && !c->kvm);
	c->cpu = setting_of(&m->run.decided.cpus, c->kvm ? h->self.level + 1 : 0);
	if (!c->cpu)
		c->cpu = asked->cpu;
	if ((asked->nesting == NESTING_RECURSIVE && h->cpu_recurses) || asked->strict) {
		format(m->cpu, sizeof(m->cpu), "%s,%s", c->cpu ? c->cpu : VM_TCG_CPU,
		       asked->strict ? "x-svm-strict=on" : "svm-recursion=on");
		c->cpu = m->cpu;
	}
	c->vcpus = asked->smp;
	c->memory_kib = asked->memory_kib ? asked->memory_kib : MEMORY_KIB;
	c->extra_args = asked->qemu_args;
	c->cmdline = m->cmdline;
	make_id(&m->run.decided, c->deterministic);
	m->child.level = c->kvm ? h->self.level + 1 : 0;
	m->run.decided.exec.input = input_level(m);
	m->child.input = 0;
	c->terminal = child_terminal(&m->run.decided, m->child.level);
	/* Without this a QEMU that is not ours would pass the output of programs byte by byte. */
	c->serial_records = !in_bochs(m) && pack_has_programs(asked);
}

/* svm or vmx, as the outermost guest's CPU has. */
static const char *outermost_virt(const struct outermost *m)
{
	return m->config.kvm ? m->host.self.cpu_virt : in_bochs(m) ? "vmx" : "svm";
}

/* Gives the levels that run the appliance's own kernel the one for more than one vCPU. */
static int place_smp(struct outermost *m)
{
	char *archive = files_smp();
	int err;

	if (!m->config.kernel || !archive)
		err = fail("--smp: no bzImage-smp with its smp.cpio.gz beside this command or "
			   "installed with it; build them with make");
	else
		err = archive_join(m->config.initramfs, archive, m->joined, sizeof(m->joined));
	free(archive);
	m->config.initramfs = m->joined;
	return err;
}

static int check_smp(const struct options *asked)
{
	struct kernel kernel;

	if (asked->smp == 1 || kernel_read(asked->kernel, &kernel) || kernel.smp)
		return 0;
	return fail("--kernel %s: Linux %s for one CPU (without CONFIG_SMP): leave out --smp, or "
		    "name another",
		    asked->kernel, kernel.release);
}

/* Places the kernel under test, or the appliance's own, for the outermost guest and for the levels below. */
static int place_kernel(struct outermost *m)
{
	const struct options *asked = &m->run.asked;
	struct vm_config *config = &m->config;
	struct overlay o = {
		.kernel = asked->kernel,
		.modules = asked->modules,
		.config = asked->config,
		.virt = outermost_virt(m),
		.enlightened = asked->enlightened,
		.levels = asked->levels,
		.lines = &m->run.lines,
	};
	bool foreign = files_is_foreign_kernel(o.kernel, asked->smp);

	config->kernel = files_kernel(asked->smp);
	if (o.kernel && access(o.kernel, R_OK))
		return files_need(o.kernel, "kernel");
	if (asked->smp > 1 && (!foreign || levels_last(&o.levels) >= 0) && place_smp(m))
		return -1;
	if (!foreign) /* no kernel is under test */
		return files_need(config->kernel, "kernel");
	if (check_smp(asked))
		return -1;
	if (m->run.decided.shell != SHELL_NONE)
		return fail(
			"--shell needs the appliance's own kernel at every level: leave out one "
			"of --shell and --kernel");
	o.initramfs = config->initramfs;
	if (overlay_make(&o, m->child.level, m->initramfs, sizeof(m->initramfs)))
		return -1;
	config->initramfs = m->initramfs;
	if (overlay_has_level(&o, m->child.level)) {
		config->kernel = o.kernel;
		config->enlightened = asked->enlightened && config->kvm;
	}
	return files_need(config->kernel, "kernel");
}

/* The deepest level that needs the user's files; LEVEL_NONE: all do. */
static int last_with_files(const struct decided *d)
{
	int last = levels_last(&d->exec.at);

	if (last < 0)
		return LEVEL_NONE;
	return d->shell > last ? d->shell : last;
}

/* Places the user's files and programs. */
static int place_files(struct outermost *m)
{
	const struct options *asked = &m->run.asked;
	struct pack *p = &m->pack;
	char until[24] = "";

	if (!pack_is_asked(asked))
		return 0;
	p->last = last_with_files(&m->run.decided);
	p->virt = outermost_virt(m);
	if (pack_make(p, asked, m->config.initramfs, m->packed, sizeof(m->packed)))
		return -1;
	m->config.initramfs = m->packed;
	if (p->last != LEVEL_NONE)
		format(until, sizeof(until), " down to L%d", p->last);
	if (p->files)
		lines_say(&m->run.lines, "%d files of yours take %lld KiB in each level%s",
			  p->files, (long long)p->kib, until);
	return 0;
}

/* ---- telling ----------------------------------------------------------------------------- */

/* Prints an error while the live view is shown. */
static void fail_below_view(void *context, const char *message)
{
	struct view *view = context;

	terminal_hide(&view->terminal);
	fprintf(stderr, "supernest: %s\n", message);
}

/* Shows what is about to be started, in the live view or as text. */
static void begin_telling(struct outermost *m)
{
	const char *why = m->config.kvm ? m->host.kvm_why : m->host.tcg_why;
	struct run *run = &m->run;
	char command[4096];

	teller_listen(&run->teller, streams_hear, &m->streams);
	/* No live view where the terminal is the shell's, or shows the output of programs. */
	if (!run->asked.plain && run->decided.shell == SHELL_NONE && !pack_is_asked(&run->asked))
		view_start(&m->view, fileno(run->lines.out), &run->teller.report,
			   m->config.memory_kib, run->decided.deadline_s, why);
	if (m->view.on) {
		teller_listen(&run->teller, view_hear, &m->view);
		fail_to(fail_below_view, &m->view);
		return;
	}
	teller_listen(&run->teller, lines_hear, &run->lines);
	lines_say(&run->lines, "%s", why);
	if (in_bochs(m)) /* its command names a folder that is removed */
		return;
	vm_command(&m->config, command, sizeof(command));
	lines_say(&run->lines, "%s", command);
}

static void begin_report(struct outermost *m)
{
	struct setup *setup = &m->run.teller.report.setup;
	const int *v = m->host.version;

	run_begin(&m->run, HOST_LEVEL, m->child.level);
	setup->memory_kib = m->config.memory_kib;
	setup->deterministic = m->config.deterministic;
	setup->strict = m->run.asked.strict;
	strcpy(setup->accel, in_bochs(m) ? "bochs" : m->config.kvm ? "kvm" : "tcg");
	if (in_bochs(m))
		return;
	format(setup->qemu, sizeof(setup->qemu), "%d.%d.%d", v[0], v[1], v[2]);
	if (!m->config.kvm && m->run.asked.accel == ACCEL_AUTO && !m->run.asked.strict)
		strcpy(setup->kvm_why, m->host.kvm_why);
}

/* ---- the run ----------------------------------------------------------------------------- */

/*
 * RAM that the outermost level needs to boot, by its files; unpacked, a compressed archive is half as
 * large again.
 */
static int64_t need_kib(const struct vm_config *config)
{
	struct kernel kernel;
	struct stat st;

	if (kernel_read(config->kernel, &kernel) || stat(config->initramfs, &st))
		return 0;
	return memory_need_kib(kernel.init_kib, st.st_size / 1024 * 3 / 2, config->vcpus);
}

/*
 * The TSC frequency of an emulated CPU: TCG counts the host's cycles, or one for each nanosecond of a
 * clock of its own.  So its kernel need not measure it, which a busy host would disturb.
 */
static int64_t tsc_khz(const struct vm_config *config)
{
	return config->deterministic ? 1000000 : clock_measure_tsc_khz();
}

static int make_cmdline(struct outermost *m)
{
	const char *append = m->run.asked.append;
	char parameters[1024 + APPEND_MAX], tsc[40] = "";

	if (!m->config.kvm)
		format(tsc, sizeof(tsc), " tsc_early_khz=%lld", (long long)tsc_khz(&m->config));
	format(parameters, sizeof(parameters), "console=ttyS0 loglevel=3 panic=-1%s%s%s", tsc,
	       append ? " " : "", append ? append : "");
	if (m->config.kvm)
		cmdline_offer(m->host.self.cpu_virt, parameters, sizeof(parameters));
	/*
	 * Bochs 3.0 refuses KVM's descriptor of posted interrupts, and 2.7 logs dirty pages at addresses of
	 * bytes: docs/found/.
	 */
	if (in_bochs(m))
		append_word(parameters, sizeof(parameters),
			    "kvm_intel.enable_apicv=0 kvm_intel.pml=0");
	return cmdline_make(&m->run.decided, m->child.level, 0, parameters, m->cmdline);
}

/* Not at each step: a child with much output makes thousands of them in a second. */
static void step_starved(void *context)
{
	struct outermost *m = context;

	if (now_s() < m->next_look_s)
		return;
	m->next_look_s = now_s() + LOOK_S;
	starved_look(&m->starved, m->child.vm.pid);
}

static int run_child(struct outermost *m)
{
	const struct options *asked = &m->run.asked;
	double start_s;
	int err;

	if (asked->timeout_s)
		m->run.decided.deadline_s = now_s() + asked->timeout_s;
	if (make_cmdline(m) || (in_bochs(m) && bochs_prepare(&m->bochs, &m->config)))
		return -1;
	child_catch_signals();
	begin_telling(m);
	m->child.run = &m->run;
	m->child.pace_s = UNKNOWN;
	m->child.heartbeat_s = m->view.on ? VIEW_HEARTBEAT_S : 0;
	m->child.counts_chain = m->config.kvm;
	m->child.need_kib = need_kib(&m->config);
	m->aside = (struct aside){ .step = step_starved, .context = m };
	m->child.aside = &m->aside;
	start_s = now_s();
	err = child_run(&m->child, &m->config);
	if (!m->config.deterministic) /* its clock stands still while it waits */
		m->run.teller.report.setup.starved_share =
			starved_share(&m->starved, now_s() - start_s, m->config.vcpus);
	view_end(&m->view, now_s());
	fail_to(NULL, NULL);
	return err;
}

/* If a program was to run and none has reported, the level that had it has failed. */
static void add_missing(struct outermost *m)
{
	struct check k = { .id = "exec",
			   .result = RESULT_FAIL,
			   .unit = "s",
			   .detail = "no program was run, or none ended" };
	struct report *r = &m->run.teller.report;

	if (m->pack.programs && !m->streams.ended && r->deepest >= 0)
		level_add_check(&r->levels[r->deepest], &k);
}

static int prepare_and_run(struct outermost *m)
{
	int status, err;

	if (decide(m))
		return -1;
	status = learn(m);
	if (status)
		return status;
	if (expect_begin(&m->known, &m->run.asked, &m->run.lines))
		return -1;
	status = refuse_host(&m->run.asked, &m->host, m->run.lines.out);
	if (status)
		return status;
	choose_machine(m);
	if (refuse_levels(&m->run.asked, &m->run.decided, m->child.level) || place_kernel(m) ||
	    place_files(m))
		return -1;
	begin_report(m);
	if (run_child(m))
		return -1;
	m->run.stopped = child_was_stopped();
	streams_close(&m->streams);
	add_missing(m);
	err = expect_end(&m->known, &m->run.teller.report, &m->run.asked, &m->run.lines);
	status = run_finish(&m->run);
	return err || m->streams.err ? -1 : status;
}

/* The exit status of the program behind "--", or STATUS_NO_PROGRAM if it was not started. */
static int program_status(const struct outermost *m, int status)
{
	if (status < 0 && !m->child.run) /* wrong use */
		return status;
	if (!m->streams.started)
		return STATUS_NO_PROGRAM;
	return m->streams.status ? m->streams.status : status;
}

static void on_closed(void)
{
	relay_stop_requested = SIGPIPE;
}

/*
 * The command behind "--" is used like any other in a pipe: its output is ours, so our own messages go to
 * stderr.
 */
static void begin_streams(struct outermost *m)
{
	const struct options *asked = &m->run.asked;

	m->streams = (struct streams){
		.lines = &m->run.lines,
		.report = &m->run.teller.report,
		.dir = asked->artifacts,
		.raw = asked->program && (asked->plain || !isatty(1)),
		.on_closed = on_closed,
	};
	if (m->streams.raw)
		m->run.lines.out = stderr;
}

int outermost_run(const struct options *asked, const char *command, struct report *copy)
{
	struct outermost *m = calloc(1, sizeof(*m));
	int status;

	if (!m)
		return fail("out of memory");
	m->run.asked = *asked;
	strcpy(m->run.command, command);
	m->run.lines = (struct lines){ .out = run_lines_file(asked), .raw = &m->child.remote.raw };
	begin_streams(m);
	status = prepare_and_run(m);
	if (asked->program)
		status = program_status(m, status);
	if (copy)
		*copy = m->run.teller.report;
	bochs_clean(&m->bochs);
	expect_free(&m->known);
	free(m);
	return status;
}
