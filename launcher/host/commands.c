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
#include "report/json.h"
#include "report/html.h"
#include "report/kcidb.h"

#include <stdlib.h>
#include <unistd.h>

#define PLAN_S 3600

/* Reads the reports in COUNT files; the caller frees them.  NULL (printed) if a file is not a report. */
static struct report *read_reports(const char *const files[], int count)
{
	struct report *r = calloc(count, sizeof(*r));

	if (!r)
		fail("no memory for %d reports", count);
	for (int i = 0; r && i < count; i++)
		if (json_read_report(&r[i], files[i])) {
			free(r);
			return NULL;
		}
	return r;
}

/* All reports on one page. */
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
		return kcidb_print(r, o->origin, o->build_id, stdout) ? -1 : STATUS_OK;
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
		return -1;
	kcidb = o.report == REPORT_KCIDB;
	if (!o.file_count)
		return fail("report: name a report's JSON file");
	if (kcidb ? !o.origin || !o.build_id : o.origin || o.build_id)
		return fail("report: --format kcidb needs --origin and --build-id, which no other "
			    "format takes");
	if (o.file_count > 1 && o.report != REPORT_HTML)
		return fail("report: %s: only --format html takes more than one file", o.files[1]);
	r = read_reports(o.files, o.file_count);
	status = r ? print_report(r, &o) : -1;
	free(r);
	return status;
}

static int compare(const struct report *r, const struct options *o)
{
	struct compare_limits limits = { o->exits_percent, o->kib_percent, o->cycles_percent };

	if (compare_possible(&r[0], &r[1]))
		return -1;
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
		return -1;
	if (o.file_count < 2)
		return fail("compare: name two reports' JSON files, the older one first");
	r = read_reports(o.files, 2);
	status = r ? compare(r, &o) : -1;
	free(r);
	return status;
}

int command_plan(int argc, char **argv)
{
	int status = -1;
	struct report *r;
	struct options o;
	struct plan plan;

	options_init(&o);
	o.report = REPORT_TABLE;
	if (options_from_args(&o, CMD_PLAN, argc, argv))
		return -1;
	if (!o.from)
		return fail("plan: name a report's JSON file with --from");
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
		return -1;
	host_print(&host, o.report == REPORT_JSON, stdout);
	return host.usable ? STATUS_OK : STATUS_SKIPPED;
}

/* This level, and the run so far, if a report of it was left. */
static int print_status(struct report *so_far, int level)
{
	struct platform platform;
	struct level self;

	level_init(&self, 0);
	platform_learn(&self, &platform, level, "");
	platform_learn_kvm(&self, &platform, appliance_recognise(NULL));
	memory_learn(&self);
	report_init(so_far, DEPTH_OPEN);
	if (!access(SHELL_REPORT, R_OK) && json_read_report(so_far, SHELL_REPORT))
		return -1;
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
	if (argc || !appliance_recognise(NULL)) {
		fail("status: %s",
		     argc ? "takes no operand" : "this is not a level; use it in the shell of one");
		return -1;
	}
	options_init(&o);
	so_far = calloc(1, sizeof(*so_far));
	status = so_far && !life_read_cmdline(&o) ? print_status(so_far, o.level) : -1;
	free(so_far);
	return status;
}

int command_cpuid(int argc, char **argv)
{
	if (argc == 1 || argc == 2)
		return inspect_cpuid(argv[0], argc == 2 ? argv[1] : NULL, stdout) ? -1 : STATUS_OK;
	return fail("cpuid: name a leaf, and a subleaf if needed");
}

int command_msr(int argc, char **argv)
{
	int err;

	if (argc != 1)
		return fail("msr: name one register by its number");
	err = inspect_msr(argv[0], stdout);
	return err == -1 ? -1 : err ? STATUS_NOT : STATUS_OK;
}
