// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/commands.h"
#include "host/compare.h"
#include "host/files.h"
#include "host/host.h"
#include "host/plan.h"
#include "level/inspect.h"
#include "level/life.h"
#include "level/shell.h"
#include "lib/options.h"
#include "report/formats.h"
#include "report/html.h"
#include "report/kcidb.h"

#include <stdlib.h>
#include <unistd.h>

#define PLAN_S 3600

/* The reports in COUNT files, to free; NULL (printed) if one of them is none. */
static struct report *read_reports(const char *const files[], int count)
{
	struct report *r = calloc(count, sizeof(*r));

	if (!r)
		fail("no memory for %d reports", count);
	for (int i = 0; r && i < count; i++)
		if (formats_read_json(&r[i], files[i])) {
			free(r);
			return NULL;
		}
	return r;
}

/* Several on one page. */
static void print_page(const struct report *reports, const struct options *o)
{
	const struct report *list[FILES_MAX];

	for (int i = 0; i < o->file_count; i++)
		list[i] = &reports[i];
	html_print(list, o->files, o->file_count, stdout);
}

static int print_report(const struct report *r, const struct options *o)
{
	if (o->report == REPORT_KCIDB)
		return kcidb_print(r, o->origin, o->build_id, stdout) ? STATUS_WRONG : STATUS_OK;
	if (o->report == REPORT_HTML)
		print_page(r, o);
	else
		formats_print(r, o->report, stdout);
	return STATUS_OK;
}

int command_report(int argc, char **argv)
{
	struct report *r;
	struct options o;
	bool kcidb;
	int status;

	options_init(&o);
	o.report = REPORT_TABLE;
	if (options_from_args(&o, CMD_REPORT, argc, argv))
		return STATUS_WRONG;
	kcidb = o.report == REPORT_KCIDB;
	if (!o.file_count) {
		fail("report: name a report's JSON file");
		return STATUS_WRONG;
	}
	if (kcidb ? !o.origin || !o.build_id : o.origin || o.build_id) {
		fail("report: --format kcidb needs --origin and --build-id, and no other takes "
		     "them");
		return STATUS_WRONG;
	}
	if (o.file_count > 1 && o.report != REPORT_HTML) {
		fail("report: %s: only --format html takes more than one", o.files[1]);
		return STATUS_WRONG;
	}
	r = read_reports(o.files, o.file_count);
	status = r ? print_report(r, &o) : STATUS_WRONG;
	free(r);
	return status;
}

static int compare(const struct report *r, const struct options *o)
{
	struct compare_limits limits = { o->exits_percent, o->kib_percent, o->cycles_percent };

	if (compare_possible(&r[0], &r[1]))
		return STATUS_WRONG;
	return compare_print(&r[0], &r[1], &limits, o->report == REPORT_JSON, stdout) ==
			       VERDICT_WORSE
		       ? STATUS_NOT
		       : STATUS_OK;
}

int command_compare(int argc, char **argv)
{
	struct report *r;
	struct options o;
	int status;

	options_init(&o);
	o.report = REPORT_TABLE;
	if (options_from_args(&o, CMD_COMPARE, argc, argv))
		return STATUS_WRONG;
	if (o.file_count < 2) {
		fail("compare: name two reports' JSON files, the older one first");
		return STATUS_WRONG;
	}
	r = read_reports(o.files, 2);
	status = r ? compare(r, &o) : STATUS_WRONG;
	free(r);
	return status;
}

int command_plan(int argc, char **argv)
{
	int status = STATUS_WRONG;
	struct report *r;
	struct options o;
	struct plan plan;

	options_init(&o);
	o.report = REPORT_TABLE;
	if (options_from_args(&o, CMD_PLAN, argc, argv))
		return STATUS_WRONG;
	if (!o.from) {
		fail("plan: name a report's JSON file with --from");
		return STATUS_WRONG;
	}
	r = read_reports(&o.from, 1);
	if (r && !plan_make(&plan, r, o.memory_kib, o.timeout_s ? o.timeout_s : PLAN_S)) {
		if (o.report == REPORT_JSON)
			plan_print_json(&plan, stdout);
		else
			plan_print(&plan, r, stdout);
		status = STATUS_OK;
	}
	free(r);
	return status;
}

int command_check(int argc, char **argv)
{
	struct options o;
	struct host host;

	options_init(&o);
	if (options_from_args(&o, CMD_CHECK, argc, argv) || host_learn(&host, &o, files_emulator()))
		return STATUS_WRONG;
	host_print(&host, o.report == REPORT_JSON);
	return host.usable ? STATUS_OK : STATUS_SKIPPED;
}

/* This level, and the run as far as somebody has left a report of it. */
static int print_status(struct report *so_far, int level)
{
	struct platform platform;
	struct level self;

	level_init(&self, 0);
	platform_learn(&self, &platform, level);
	platform_learn_kvm(&self, &platform);
	memory_learn(&self);
	report_init(so_far, DEPTH_OPEN);
	if (!access(SHELL_REPORT, R_OK) && formats_read_json(so_far, SHELL_REPORT))
		return STATUS_WRONG;
	report_so_far(so_far);
	inspect_status(&self, &platform, so_far, stdout);
	return STATUS_OK;
}

int command_status(int argc, char **argv)
{
	struct report *so_far;
	struct options o;
	int status;

	(void)argv;
	if (argc || !appliance_is_here()) {
		fail("status: %s", argc ? "takes no operand"
					: "there is no level here; it is for the shell of one");
		return STATUS_WRONG;
	}
	options_init(&o);
	so_far = calloc(1, sizeof(*so_far));
	status = so_far && !life_read_cmdline(&o) ? print_status(so_far, o.level) : STATUS_WRONG;
	free(so_far);
	return status;
}

int command_cpuid(int argc, char **argv)
{
	if (argc == 1 || argc == 2)
		return inspect_cpuid(argv[0], argc == 2 ? argv[1] : NULL, stdout) ? STATUS_WRONG
										  : STATUS_OK;
	fail("cpuid: name a leaf, and a subleaf if need be");
	return STATUS_WRONG;
}

int command_msr(int argc, char **argv)
{
	int err;

	if (argc != 1) {
		fail("msr: name one by its number");
		return STATUS_WRONG;
	}
	err = inspect_msr(argv[0], stdout);
	return err == -1 ? STATUS_WRONG : err ? STATUS_NOT : STATUS_OK;
}
