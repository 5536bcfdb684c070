// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/run.h"
#include "lib/output.h"
#include "report/formats.h"
#include "report/json.h"

#include <string.h>

void run_begin(struct run *run, int from, int outermost)
{
	struct teller *t = &run->teller;

	teller_init(t, from, outermost,
		    run->decided.depth == DEPTH_MAX ? DEPTH_OPEN : run->decided.depth);
	t->report.setup.timeout_s = run->asked.timeout_s;
	t->report.setup.nesting = run->decided.nesting;
	t->report.setup.enlightened = run->decided.enlightened;
	t->report.setup.smp = run->decided.smp;
	run->lines.from = from;
}

void run_remember(struct run *run, int argc, char *const argv[])
{
	bool ours = true; /* false behind "--": those are arguments of a program */

	run->command[0] = '\0';
	for (int i = 0; i < argc; i++) {
		ours &= !!strcmp(argv[i], "--");
		if (!ours)
			append_word(run->command, sizeof(run->command), argv[i]);
		else if (!strncmp(argv[i], "--repeat", 8) || !strncmp(argv[i], "--matrix", 8))
			i += !strchr(argv[i], '=');
		else if (strcmp(argv[i], "--stop-on-failure") && strcmp(argv[i], "--blame"))
			append_word(run->command, sizeof(run->command), argv[i]);
	}
}

int run_clear_outputs(const struct options *asked)
{
	if (asked->artifacts)
		artifacts_clear(asked->artifacts);
	if (asked->learn && output_check(asked->learn))
		return fail("--learn %s: cannot write the known failures there: %m", asked->learn);
	return asked->json_path ? output_clear(asked->json_path) : 0;
}

FILE *run_lines_file(const struct options *asked)
{
	return output_is_standard(asked->json_path) ? stderr : stdout;
}

void run_print_report(struct run *run)
{
	struct report *r = &run->teller.report;
	int shell = run->decided.shell;

	report_stop_clock(r);
	r->interrupted = run->stopped;
	report_finish(r);
	if (shell != SHELL_NONE && r->shell_level != shell)
		lines_say(&run->lines, "L%d: there was no shell: the run did not get that far",
			  shell);
	formats_print_marked(r, run->asked.report, run->lines.out);
	if (!run->asked.blame) /* with --blame more follows, and blame_command() ends the run */
		formats_print_end(run->lines.out);
}

int run_finish(struct run *run)
{
	struct report *r = &run->teller.report;
	int err;

	strcpy(r->command, run->command);
	run_print_report(run);
	err = artifacts_close(&run->artifacts, r);
	if (run->asked.json_path)
		err |= json_write_report(r, run->asked.json_path);
	return err ? -1 : r->ok ? STATUS_OK : STATUS_NOT;
}
