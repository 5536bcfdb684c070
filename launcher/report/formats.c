// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/formats.h"
#include "report/html.h"
#include "report/json.h"
#include "lib/numbers.h"
#include "lib/options.h"
#include "report/results.h"
#include "report/suites.h"
#include "report/svg.h"

#include <string.h>

/* ---- table ------------------------------------------------------------------------------- */

static void format_checks(const struct level *lv, char *buf, size_t size)
{
	int count[3] = { 0 };

	for (int i = 0; i < lv->check_count; i++)
		count[lv->checks[i].result]++;
	format(buf, size, "%d ok", count[RESULT_PASS]);
	if (count[RESULT_FAIL])
		append(buf, size, ", %d FAILED", count[RESULT_FAIL]);
	if (count[RESULT_SKIP])
		append(buf, size, ", %d skipped", count[RESULT_SKIP]);
}

static void print_row(const struct report *r, const struct level *lv, FILE *out)
{
	double factor = report_factor(r, lv->level);
	char checks[64], times[24];

	format(times, sizeof(times), factor < 0 ? "-" : "x%.1f", factor);
	format_checks(lv, checks, sizeof(checks));
	fprintf(out, "L%-3d %-11s %-10s %-5s %9s %12s %8s %8s %11s %7s  %s%s\n", lv->level,
		lv->role, lv->hypervisor, lv->cpu_virt, or_dash(number_mib(lv->total_kib).text),
		or_dash(number_mib(lv->overhead_kib).text),
		or_dash(number_seconds(level_boot_s(lv)).text),
		or_dash(number_whole(lv->exits_boot).text),
		or_dash(number_whole(lv->cpuid_cycles).text), times, checks,
		lv->ready ? "" : ", not ready");
}

static void print_programs(const struct report *r, int level, FILE *out)
{
	for (int i = 0; i < r->program_count; i++) {
		const struct program_use *p = &r->programs[i];

		if (p->level == level)
			fprintf(out, "L%d %s: status %d; %s s, of them %s of CPU time; exits: %s\n",
				level, p->check, p->status, or_dash(number_seconds(p->s).text),
				or_dash(number_seconds(p->cpu_s).text),
				or_dash(number_whole(p->exits).text));
	}
}

static void print_detail(int level, const struct check *k, FILE *out)
{
	if (k->detail[0])
		fprintf(out, "L%d %s: %s: %s\n", level, k->id, check_detail_kind(k), k->detail);
}

static void print_remarks(const struct report *r, FILE *out)
{
	const char *model = "", *features = "";

	for (int i = r->outermost; i <= r->deepest; i++) {
		const struct level *lv = &r->levels[i];

		if (strcmp(lv->cpu_model, model) || strcmp(lv->cpu_features, features))
			fprintf(out, "L%d CPU: %s %s, %s (%s)\n", i, lv->cpu_vendor, lv->cpu_model,
				lv->cpu_virt, lv->cpu_features);
		model = lv->cpu_model;
		features = lv->cpu_features;
		for (int c = 0; c < lv->check_count; c++)
			print_detail(i, &lv->checks[c], out);
		print_programs(r, i, out);
	}
}

/* With less than this, a level that is slow for lack of a CPU is not taken for one that hangs. */
#define STARVED_SHARE 0.25

static void print_starved(const struct report *r, FILE *out)
{
	if ((r->stop == STOP_HANG || r->stop == STOP_TIME) &&
	    r->setup.starved_share >= STARVED_SHARE)
		fprintf(out,
			"This machine was busy: in %.0f %% of the time the outermost QEMU waited "
			"for a CPU, so a level may be slow for that reason alone. Repeat the run "
			"when nothing else uses the CPUs.\n",
			100 * r->setup.starved_share);
}

static void print_table(const struct report *r, FILE *out)
{
	char sentence[600];

	fprintf(out, "%-4s %-11s %-10s %-5s %9s %12s %8s %8s %11s %7s  %s\n", "", "role",
		"hypervisor", "virt", "RAM MiB", "overhead MiB", "boot s", "exits", "cycles/exit",
		"factor", "checks");
	for (int i = r->outermost; i <= r->deepest; i++)
		print_row(r, &r->levels[i], out);
	print_remarks(r, out);
	suites_print(r, out);
	if (*r->setup.kvm_why)
		fprintf(out, "KVM was not used: %s\n", r->setup.kvm_why);
	for (int i = 0; i < r->console_count; i++)
		fprintf(out, "L%d console: %s\n", r->stop_level, r->console[i]);
	if (r->stop == STOP_NONE) /* the run goes on */
		return;
	if (*r->blame.sentence)
		fprintf(out, "blame: %s\n", r->blame.sentence);
	print_starved(r, out);
	report_sentence(r, sentence, sizeof(sentence));
	fprintf(out, "%s: %s\n", r->ok ? "PASS" : "FAIL", sentence);
}

/* ---- tests: KTAP and LAVA ---------------------------------------------------------------- */

static void ktap_line(const struct test *t, int number, int indent, FILE *out)
{
	fprintf(out, "%*s%s %d %s #%s %s=%s%s", indent, "",
		t->result == RESULT_FAIL ? "not ok" : "ok", number, t->id,
		t->result == RESULT_SKIP ? " SKIP" : "", t->unit, number_exact(t->value).text,
		*t->detail ? " " : "");
	for (const char *p = t->detail; *p; p++)
		fputc(*p == '#' ? '_' : *p, out); /* a second '#' would start another directive */
	fputc('\n', out);
}

/* The tests of a program form a block in front of its own result. */
static void ktap_subtests(const struct report *r, const struct level *lv, const struct check *k,
			  int indent, FILE *out)
{
	int count = 0, number = 0;
	struct test t;

	for (int i = 0; i < r->subtest_count; i++)
		count += results_is_of(r, i, lv, k);
	if (!count)
		return;
	fprintf(out, "%*sKTAP version 1\n%*s# Subtest: l%d_%s\n%*s1..%d\n", indent, "", indent, "",
		lv->level, k->id, indent, "", count);
	for (int i = 0; i < r->subtest_count; i++) {
		if (!results_is_of(r, i, lv, k))
			continue;
		results_subtest(r, i, &t);
		ktap_line(&t, ++number, indent, out);
	}
}

/* kunit.py and LKP take the name of a block from the comment in front of its plan. */
static bool ktap_level(const struct report *r, int level, const char *name, FILE *out)
{
	const struct level *lv = &r->levels[level];
	int indent = 2 * (level - r->outermost + 1), number = 0;
	bool has_child = level < r->deepest, ok = lv->ready && level_sound(lv), below;
	int missing = has_child ? 0 : results_last_level(r) - level;
	char child[8];
	struct test t;

	if (missing < 0)
		missing = 0;
	fprintf(out, "%*sKTAP version 1\n%*s# Subtest: %s\n%*s1..%d\n", indent, "", indent, "",
		name, indent, "", 1 + lv->check_count + has_child + missing);
	results_ready(r, level, &t);
	ktap_line(&t, ++number, indent, out);
	for (int i = 0; i < lv->check_count; i++) {
		results_check(lv, i, &t);
		ktap_subtests(r, lv, &lv->checks[i], indent + 2, out);
		ktap_line(&t, ++number, indent, out);
	}
	for (int i = 1; i <= missing; i++, ok = false) {
		results_ready(r, level + i, &t);
		ktap_line(&t, ++number, indent, out);
	}
	if (has_child) {
		format(child, sizeof(child), "l%d", level + 1);
		below = ktap_level(r, level + 1, child, out);
		fprintf(out, "%*s%s %d %s\n", indent, "", below ? "ok" : "not ok", ++number, child);
		ok &= below;
	}
	return ok;
}

static void print_ktap(const struct report *r, FILE *out)
{
	bool ok = false;

	fprintf(out, "KTAP version 1\n1..1\n");
	if (r->deepest >= r->outermost)
		ok = ktap_level(r, r->outermost, "supernest", out);
	fprintf(out, "%s 1 supernest # stop=%s reached=%d\n", ok && r->ok ? "ok" : "not ok",
		stop_names[r->stop], r->reached);
}

static void lava_line(const struct test *t, void *out)
{
	fprintf(out, "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=%s RESULT=%s UNITS=%s MEASUREMENT=%s>\n",
		t->id, result_names[t->result], t->unit, number_exact(t->value).text);
}

static void print_lava(const struct report *r, FILE *out)
{
	results_each(r, lava_line, out);
}

/* ---- CSV --------------------------------------------------------------------------------- */

static void print_csv(const struct report *r, FILE *out)
{
	char value[FIELD_MAX];

	fprintf(out, "level,ready");
	for (int f = 0; f < level_field_count; f++)
		fprintf(out, ",%s%s%s", level_fields[f].group ? level_fields[f].group : "",
			level_fields[f].group ? "_" : "", level_fields[f].key);
	fputc('\n', out);
	for (int i = r->outermost; i <= r->deepest; i++) {
		fprintf(out, "%d,%d", i, r->levels[i].ready);
		for (int f = 0; f < level_field_count; f++) {
			level_get(&r->levels[i], &level_fields[f], value, sizeof(value));
			fputs(",\"", out);
			for (const char *p = value; *p; p++)
				fputs(*p == '"' ? "\"\"" : (const char[]){ *p, 0 }, out);
			fputc('"', out);
		}
		fputc('\n', out);
	}
}

/* ---- all of them -------------------------------------------------------------------------- */

static void print_html(const struct report *r, FILE *out)
{
	html_print(&r, (const char *const[]){ "" }, 1, out);
}

static const struct {
	int bit;
	void (*print)(const struct report *r, FILE *out);
} formats[] = {
	{ REPORT_TABLE, print_table }, { REPORT_KTAP, print_ktap },
	{ REPORT_LAVA, print_lava },   { REPORT_JSON, json_print_report },
	{ REPORT_CSV, print_csv },     { REPORT_HTML, print_html },
	{ REPORT_SVG, svg_print },
};

void formats_print(const struct report *r, int which, FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].bit & which)
			formats[i].print(r, out);
}

void formats_print_marked(const struct report *r, int which, FILE *out)
{
	formats_print(r, which & ~REPORT_JSON, out);
	if (!(which & REPORT_JSON))
		return;
	fputs("# supernest: json begin\n", out);
	formats_print(r, REPORT_JSON, out);
	fputs("# supernest: json end\n", out);
}

void formats_print_end(FILE *out)
{
	fputs(REPORT_END "\n", out);
	fflush(out);
}
