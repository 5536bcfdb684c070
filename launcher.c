// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * supernest: how deeply can KVM be nested?
 *
 * One binary, two lives.  As /init (PID 1) of a level it learns where it is, measures, reports ready,
 * starts the next level from the same kernel and the same files, supervises it, passes its records on, and
 * ends.  As a command on a host it starts the outermost level and prints the report.
 *
 * The folders say who runs the code: host/ only the command, level/ only PID 1, child/ whoever has a
 * child; report/ and lib/ serve all.  Includes go downwards in this order only.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <unistd.h>

#include "host/blame.h"
#include "host/commands.h"
#include "host/outermost.h"
#include "host/pack.h"
#include "host/series.h"
#include "level/next_level.h"
#include "level/suite_test.h"
#include "child/uplink.h"
#include "lib/death.h"
#include "lib/entropy.h"
#include "lib/output.h"
#include "report/formats.h"

/* ---- the story of a level ---------------------------------------------------------------- */

/* Everything from the first record to the last. */
static void run_level(struct life *l)
{
	struct teller *t = &l->run.teller;

	life_start_cpus(l);
	memory_setup(l->appliance);
	memory_learn(t->self);
	tell_level(t, "level");
	life_run_hook(l);
	next_level_mount_memory(l);
	life_learn_kvm(l);

	next_level_consider(l, next_level_estimate_kib(l));
	next_level_write_archive(l);
	life_run_checks(l, CHECK_EARLY);
	life_become_ready(l);

	if (!l->why.stop && life_hold_shell(l))
		next_level_write_archive(l); /* a run in the shell would have used it up */
	life_run_payloads(l, EXEC_FIRST);
	life_run_checks(l, CHECK_BRIEF);
	next_level_consider(l, l->archive.bytes / 1024); /* again: it is in memory now */
	if (!l->why.stop) {
		next_level_run(l);
		life_run_late_checks(l);
		life_run_payloads(l, EXEC_LAST);
	} else {
		life_tell_why(l);
		life_hold_shell(l);
		life_run_late_checks(l);
	}
	life_end(l);
}

/* ---- life as PID 1 ----------------------------------------------------------------------- */

static void fail_on_consoles(void *context, const char *message)
{
	FILE *out = context;

	fprintf(out, "supernest: %s\n", message);
	fflush(out);
}

/* Before we know our level: an error is printed, and kept for the level above. */
static void fail_early(void *context, const char *message)
{
	struct life *l = context;

	fail_on_consoles(l->run.lines.out, message);
	append(l->early, sizeof(l->early), "%s\n", message);
}

/*
 * A dying level sends its last message through every channel that may still work.  The level above accepts
 * it on the console too.
 */
static void say_death(void *context, const char *line)
{
	const struct life *l = context;

	fail("%s", line);
	if (!l->has_parent)
		return;
	dprintf(STDERR_FILENO, "supernest: %s\n", line);
	uplink_text(NULL, line);
}

static noreturn void end_machine(struct life *l)
{
	fflush(NULL);
	if (l->has_parent)
		uplink_end(&l->uplink);
	appliance_end(l->appliance, l->run.asked.end, &l->consoles);
}

static noreturn void end_early(struct life *l, const char *why)
{
	lines_say(&l->run.lines, "%s: nothing was run", why);
	formats_print_end(l->run.lines.out);
	end_machine(l);
}

static void open_consoles(struct life *l)
{
	FILE *consoles;

	l->own_lines = (struct own_lines){ .in = -1, .out = -1 };
	l->run.lines.out = stdout;
	fail_to(fail_early, l);
	death_announce(say_death, l);
	appliance_mount(l->appliance);
	consoles = appliance_consoles(&l->consoles);
	if (consoles)
		l->run.lines.out = consoles;
}

/* The kernel command line says whether a level started us.  -1 if a parameter is malformed. */
static int find_parent(struct life *l)
{
	struct options *asked = &l->run.asked;
	int err;

	options_init(asked);
	err = life_read_cmdline(asked);
	if (err && asked->level != LEVEL_NONE && !uplink_open(&l->uplink, asked->level))
		uplink_text(NULL, l->early);
	if (err)
		return -1;
	if (!asked->seed[0])
		entropy_find(asked->seed);
	entropy_credit(asked->seed); /* before anything waits for random numbers */
	l->has_parent = asked->level != LEVEL_NONE;
	return l->has_parent ? uplink_open(&l->uplink, asked->level) : 0;
}

static void live_without_parent(struct life *l, const char *damage)
{
	char why[200];

	if (*damage) {
		if (!appliance_cannot_unpack(damage, why, sizeof(why)))
			format(why, sizeof(why), "the initramfs is damaged (%s)", damage);
		end_early(l, why);
	}
	fail_to(fail_on_consoles, l->run.lines.out);
	appliance_compare_files(&l->run.lines);
	if (life_check_smp(&l->run.asked))
		end_early(l, "the kernel command line is wrong");
	if (l->run.asked.start == START_MANUAL) {
		appliance_shell();
		end_machine(l);
	}
}

static noreturn void live_as_init(struct life *l, const struct appliance *appliance)
{
	double kernel_s = now_s();
	char damage[128] = "";

	l->appliance = appliance;
	open_consoles(l);
	if (find_parent(l))
		end_early(l, "the kernel command line is wrong");
	appliance_is_damaged(damage, sizeof(damage));
	if (!l->has_parent)
		live_without_parent(l, damage);
	life_begin(l, kernel_s);
	if (l->has_parent)
		life_open_own_lines(l);
	if (*damage)
		life_refuse_files(l, damage);
	else
		run_level(l);
	if (!l->has_parent) {
		appliance_silence_kernel(l->appliance);
		run_print_report(&l->run);
	}
	end_machine(l);
}

/* ---- life as a command ------------------------------------------------------------------- */

/* In the appliance's shell this level is the outermost one, and its kernel parameters apply too. */
static int run_in_appliance(struct life *l, int argc, char **argv)
{
	struct options *asked = &l->run.asked;

	l->own_lines = (struct own_lines){ .in = -1, .out = -1 };
	if (life_read_cmdline(asked))
		return -1;
	entropy_find(asked->seed);	/* the level's own seed belongs to the run before */
	asked->shell = SHELL_NONE;	/* the user is in that shell already */
	asked->exec.input = INPUT_NONE; /* the shell's input is the user's terminal */
	if (asked->level != LEVEL_NONE)
		asked->depth = DEPTH_MAX; /* the depth of the run before does not apply */
	if (options_from_args(asked, CMD_RUN, argc, argv) || !checks_are_known(asked->checks) ||
	    options_check_depth(asked, false) || run_clear_outputs(asked) ||
	    artifacts_open(&l->run.artifacts, asked->artifacts))
		return -1;
	l->run.lines.out = run_lines_file(asked);
	if (life_check_smp(asked))
		return -1;
	if (pack_is_asked(asked))
		return fail("--exec, --file, --suite, --guest and -- work on a host only; here the "
			    "programs are those in " PAYLOAD_DIR);
	if (asked->repeat > 1 || asked->matrix || asked->blame)
		return fail("--repeat, --matrix and --blame work on a host only: each run needs a "
			    "machine of its own");
	child_catch_signals();
	life_begin(l, now_s());
	if (asked->shell == l->run.teller.from)
		return fail("--shell %d: you are in a shell of L%d already", asked->shell,
			    asked->shell);
	run_level(l);
	l->run.stopped = child_was_stopped();
	return run_finish(&l->run);
}

static int run(struct life *l, int argc, char **argv)
{
	struct options *asked = &l->run.asked;

	run_remember(&l->run, argc + 2, argv - 2); /* all of argv */
	options_init(asked);
	l->appliance = appliance_recognise(NULL);
	if (l->appliance)
		return run_in_appliance(l, argc, argv);
	asked->report = REPORT_TABLE;
	if (options_from_args(asked, CMD_RUN, argc, argv) || !checks_are_known(asked->checks))
		return STATUS_WRONG;
	if (run_clear_outputs(asked))
		return -1;
	if (asked->blame)
		return blame_command(asked, l->run.command);
	return asked->repeat > 1 || asked->matrix ? series_command(asked, l->run.command)
						  : outermost_run(asked, l->run.command, NULL);
}

static int cmd_run(int argc, char **argv)
{
	struct life *l = life_new();

	return l ? run(l, argc, argv) : -1;
}

static int cmd_help(int argc, char **argv);

static const struct command {
	const char *name;
	int (*fn)(int argc, char **argv); /* an exit status, or -1 (printed) for STATUS_WRONG */
	int options;			  /* command_bit */
	const char *usage, *help;	  /* NULL: internal, not listed */
} commands[] = {
	{ "run", cmd_run, CMD_RUN, "[OPTION...] [-- CMD ARG...]",
	  "nest on this machine and print the report" },
	{ "check", command_check, CMD_CHECK, "[OPTION...]",
	  "say what run would use on this machine, and why" },
	{ "report", command_report, CMD_REPORT, "FILE.json... [OPTION...]",
	  "print a report in another format" },
	{ "compare", command_compare, CMD_COMPARE, "OLD.json NEW.json [OPTION...]",
	  "say which figures became better or worse" },
	{ "plan", command_plan, CMD_PLAN, "--from FILE.json [OPTION...]",
	  "predict the depth that given memory and time allow" },
	{ "status", command_status, 0, "", "in a level's shell: show what is known of the chain" },
	{ "cpuid", command_cpuid, 0, "LEAF [SUBLEAF]", "print what CPUID returns" },
	{ "msr", command_msr, 0, "NUMBER", "print a model-specific register" },
	{ "help", cmd_help, 0, "[COMMAND|parameters]",
	  "list the commands, the options of one, or the kernel parameters" },
	{ "test", command_test, 0, NULL, NULL },
	{ "guest", command_guest, 0, NULL, NULL },
};

static int help_of(const struct command *c)
{
	printf("usage: supernest %s %s\n%s\n\n", c->name, c->usage, c->help);
	options_help(c->options);
	return STATUS_OK;
}

static int help_topic(const char *topic)
{
	if (!strcmp(topic, "parameters")) {
		options_help_parameters();
		return STATUS_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].help && !strcmp(topic, commands[i].name))
			return help_of(&commands[i]);
	return fail("help: %s: no such command; supernest help lists them", topic);
}

static int cmd_help(int argc, char **argv)
{
	if (argc)
		return help_topic(argv[0]);
	puts("supernest: how deeply can KVM be nested?\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].help)
			printf("  supernest %-7s %-29s %s\n", commands[i].name, commands[i].usage,
			       commands[i].help);
	puts("\n`supernest COMMAND --help` lists its options. Exit status:\n"
	     "  0  what was asked for was reached (compare: nothing became worse)\n"
	     "  1  it was not (compare: something became worse)\n"
	     "  2  wrong use, or a broken setup (compare: the reports are not comparable)\n"
	     "  4  skipped: this machine cannot do it");
	return STATUS_OK;
}

static int run_one(const struct command *c, int argc, char **argv)
{
	for (int i = 0; c->help && i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help"))
			return help_of(c);
	return c->fn(argc, argv);
}

static int run_command(int argc, char **argv)
{
	if (argc < 2) {
		cmd_help(0, NULL);
		return -1;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("supernest " VERSION);
		return STATUS_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name) ||
		    (!strcmp(argv[1], "--help") && commands[i].fn == cmd_help))
			return run_one(&commands[i], argc - 2, argv + 2);
	fail("%s: no such command; supernest help lists them", argv[1]);
	return -1;
}

int main(int argc, char **argv)
{
	const char *why_not;
	const struct appliance *appliance = appliance_recognise(&why_not);
	int status;

	if (appliance_is_init(appliance)) {
		struct life *l = life_new();

		if (l)
			live_as_init(l, appliance);
		appliance_end(appliance, END_REBOOT, &(struct consoles){ 0 });
	}
	if (getpid() == 1 && argc > 0 && !strcmp(argv[0], "/init"))
		fail("cannot act as PID 1 of a level: %s", why_not);
	if (output_begin())
		return STATUS_WRONG;
	status = run_command(argc, argv);
	return output_end(status < 0 ? STATUS_WRONG : status);
}
