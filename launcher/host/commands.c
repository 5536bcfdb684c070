// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/commands.h"
#include "host/compare.h"
#include "report/formats.h"
#include "report/html.h"
#include "level/inspect.h"
#include "report/kcidb.h"
#include "lib/options.h"
#include "host/plan.h"

#include <stdlib.h>

#define PLAN_S 3600

static struct options opts;
static struct report report;

/* Several on one page. */
static int print_page(void)
{
	struct report *reports = calloc(opts.file_count, sizeof(*reports));
	const struct report *list[FILES_MAX];

	for (int i = 0; i < opts.file_count; i++) {
		if (!reports || formats_read_json(&reports[i], opts.files[i]))
			return STATUS_WRONG;
		list[i] = &reports[i];
	}
	html_print(list, opts.files, opts.file_count, stdout);
	free(reports);
	return STATUS_OK;
}

int command_report(int argc, char **argv)
{
	bool kcidb;

	options_init(&opts);
	opts.report = REPORT_TABLE;
	if (options_from_args(&opts, CMD_REPORT, argc, argv))
		return STATUS_WRONG;
	kcidb = opts.report == REPORT_KCIDB;
	if (!opts.file_count) {
		fail("report: name a report's JSON file");
		return STATUS_WRONG;
	}
	if (kcidb ? !opts.origin || !opts.build_id : opts.origin || opts.build_id) {
		fail("report: --format kcidb needs --origin and --build-id, and no other takes "
		     "them");
		return STATUS_WRONG;
	}
	if (opts.report == REPORT_HTML)
		return print_page();
	if (opts.file_count > 1) {
		fail("report: %s: only --format html takes more than one", opts.files[1]);
		return STATUS_WRONG;
	}
	if (formats_read_json(&report, opts.files[0]))
		return STATUS_WRONG;
	if (kcidb)
		return kcidb_print(&report, opts.origin, opts.build_id, stdout) ? STATUS_WRONG
										: STATUS_OK;
	formats_print(&report, opts.report, stdout);
	return STATUS_OK;
}

int command_compare(int argc, char **argv)
{
	static struct report old;
	struct compare_limits limits;

	options_init(&opts);
	opts.report = REPORT_TABLE;
	if (options_from_args(&opts, CMD_COMPARE, argc, argv))
		return STATUS_WRONG;
	if (opts.file_count < 2) {
		fail("compare: name two reports' JSON files, the older one first");
		return STATUS_WRONG;
	}
	if (formats_read_json(&old, opts.files[0]) || formats_read_json(&report, opts.files[1]) ||
	    compare_possible(&old, &report))
		return STATUS_WRONG;
	limits = (struct compare_limits){ opts.exits_percent, opts.kib_percent,
					  opts.cycles_percent };
	return compare_print(&old, &report, &limits, opts.report == REPORT_JSON, stdout) ==
			       VERDICT_WORSE
		       ? STATUS_NOT
		       : STATUS_OK;
}

int command_plan(int argc, char **argv)
{
	struct plan plan;

	options_init(&opts);
	if (options_from_args(&opts, CMD_PLAN, argc, argv))
		return STATUS_WRONG;
	if (!opts.from) {
		fail("plan: name a report's JSON file with --from");
		return STATUS_WRONG;
	}
	if (formats_read_json(&report, opts.from) ||
	    plan_make(&plan, &report, opts.memory_kib, opts.timeout_s ? opts.timeout_s : PLAN_S))
		return STATUS_WRONG;
	plan_print(&plan, &report, stdout);
	return STATUS_OK;
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
