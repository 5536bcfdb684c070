// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/formats.h"
#include "report/consistency.h"
#include "report/html.h"
#include "lib/numbers.h"
#include "lib/options.h"
#include "lib/output.h"
#include "report/results.h"
#include "report/suites.h"
#include "report/svg.h"

#include <cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define JSON_FILE_MAX (4 << 20)
#define FIELD_MAX 256

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
			if (lv->checks[c].result != RESULT_PASS && lv->checks[c].detail[0])
				fprintf(out, "L%d %s: %s: %s\n", i, lv->checks[c].id,
					result_names[lv->checks[c].result], lv->checks[c].detail);
		print_programs(r, i, out);
	}
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

/* ---- JSON -------------------------------------------------------------------------------- */

static cJSON *list_to_json(const char *words)
{
	cJSON *array = cJSON_CreateArray();
	char list[FIELD_MAX], *save, *word;

	format(list, sizeof(list), "%s", words);
	for (word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save))
		cJSON_AddItemToArray(array, cJSON_CreateString(word));
	return array;
}

static cJSON *field_to_json(const struct level *lv, const struct field *f)
{
	char value[FIELD_MAX];

	level_get(lv, f, value, sizeof(value));
	if (f->type == FIELD_LIST)
		return list_to_json(value);
	if (f->type == FIELD_TEXT)
		return cJSON_CreateString(value);
	return *value ? cJSON_CreateNumber(atof(value)) : cJSON_CreateNull();
}

static cJSON *checks_to_json(const struct level *lv)
{
	cJSON *array = cJSON_CreateArray();

	for (int i = 0; i < lv->check_count; i++) {
		const struct check *k = &lv->checks[i];
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "id", k->id);
		cJSON_AddStringToObject(o, "result", result_names[k->result]);
		cJSON_AddNumberToObject(o, "value", k->value);
		cJSON_AddStringToObject(o, "unit", k->unit);
		cJSON_AddStringToObject(o, "detail", k->detail);
		cJSON_AddItemToArray(array, o);
	}
	return array;
}

static cJSON *subtests_to_json(const struct report *r, int level)
{
	cJSON *array = cJSON_CreateArray();

	for (int i = 0; i < r->subtest_count; i++) {
		const struct subtest *t = &r->subtests[i];
		cJSON *o;

		if (t->level != level)
			continue;
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "check", t->check);
		cJSON_AddStringToObject(o, "id", t->id);
		cJSON_AddStringToObject(o, "result", result_names[t->result]);
		cJSON_AddStringToObject(o, "detail", t->detail);
		cJSON_AddItemToArray(array, o);
	}
	return array;
}

static cJSON *number_to_json(double value)
{
	return value >= 0 ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

static cJSON *programs_to_json(const struct report *r, int level)
{
	cJSON *array = cJSON_CreateArray();

	for (int i = 0; i < r->program_count; i++) {
		const struct program_use *p = &r->programs[i];
		cJSON *o;

		if (p->level != level)
			continue;
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "check", p->check);
		cJSON_AddNumberToObject(o, "status", p->status);
		cJSON_AddItemToObject(o, "s", number_to_json(p->s));
		cJSON_AddItemToObject(o, "cpu_s", number_to_json(p->cpu_s));
		cJSON_AddItemToObject(o, "exits", number_to_json(p->exits));
		cJSON_AddItemToArray(array, o);
	}
	return array;
}

static cJSON *level_to_json(const struct report *r, const struct level *lv)
{
	cJSON *o = cJSON_CreateObject(), *group;

	cJSON_AddNumberToObject(o, "level", lv->level);
	cJSON_AddBoolToObject(o, "ready", lv->ready);
	for (int i = 0; i < level_field_count; i++) {
		const struct field *f = &level_fields[i];

		group = f->group ? cJSON_GetObjectItemCaseSensitive(o, f->group) : o;
		if (!group)
			group = cJSON_AddObjectToObject(o, f->group);
		cJSON_AddItemToObject(group, f->key, field_to_json(lv, f));
	}
	cJSON_AddItemToObject(o, "checks", checks_to_json(lv));
	cJSON_AddItemToObject(o, "subtests", subtests_to_json(r, lv->level));
	cJSON_AddItemToObject(o, "programs", programs_to_json(r, lv->level));
	return o;
}

static cJSON *evidence_to_json(const struct evidence *e)
{
	cJSON *o = cJSON_CreateObject();

	for (int part = 0; part < EVIDENCE_PARTS; part++) {
		cJSON *lines = cJSON_AddArrayToObject(o, evidence_names[part]);

		for (int i = 0; i < e->count[part]; i++)
			cJSON_AddItemToArray(lines, cJSON_CreateString(e->line[part][i]));
	}
	return o;
}

static cJSON *outcome_to_json(const struct report *r)
{
	cJSON *o = cJSON_CreateObject(), *console;

	cJSON_AddNumberToObject(o, "reached", r->reached);
	if (r->requested == DEPTH_OPEN)
		cJSON_AddStringToObject(o, "requested", "max");
	else
		cJSON_AddNumberToObject(o, "requested", r->requested);
	cJSON_AddStringToObject(o, "stop", stop_names[r->stop]);
	cJSON_AddNumberToObject(o, "stop_level", r->stop_level);
	cJSON_AddStringToObject(o, "detail", r->detail);
	cJSON_AddBoolToObject(o, "ok", r->ok);
	cJSON_AddNumberToObject(o, "lost_records", r->lost_records);
	console = cJSON_AddArrayToObject(o, "console");
	for (int i = 0; i < r->console_count; i++)
		cJSON_AddItemToArray(console, cJSON_CreateString(r->console[i]));
	if (stop_is_failure(r->stop))
		cJSON_AddItemToObject(o, "evidence", evidence_to_json(&r->evidence));
	return o;
}

static cJSON *count_to_json(int64_t n)
{
	return n >= 0 ? cJSON_CreateNumber(n) : cJSON_CreateNull();
}

static cJSON *setup_to_json(const struct setup *s)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "memory_kib", count_to_json(s->memory_kib));
	cJSON_AddNumberToObject(o, "timeout_s", s->timeout_s);
	cJSON_AddBoolToObject(o, "counted_clock", s->deterministic);
	cJSON_AddStringToObject(o, "nesting", nesting_names[s->nesting]);
	cJSON_AddBoolToObject(o, "enlightened", s->enlightened);
	cJSON_AddBoolToObject(o, "strict", s->strict);
	cJSON_AddNumberToObject(o, "smp", s->smp);
	cJSON_AddItemToObject(o, "tsc_khz", count_to_json(s->tsc_khz));
	cJSON_AddStringToObject(o, "qemu", s->qemu);
	cJSON_AddStringToObject(o, "accel", s->accel);
	cJSON_AddStringToObject(o, "kvm_why", s->kvm_why);
	return o;
}

static cJSON *blame_to_json(const struct blame *b)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddNumberToObject(o, "victim", b->victim);
	cJSON_AddItemToObject(o, "suspects", cJSON_CreateIntArray(b->suspects, b->count));
	cJSON_AddStringToObject(o, "sentence", b->sentence);
	return o;
}

cJSON *formats_to_json(const struct report *r)
{
	cJSON *root = cJSON_CreateObject(), *levels;

	cJSON_AddStringToObject(root, "schema", REPORT_SCHEMA);
	cJSON_AddItemToObject(root, "outcome", outcome_to_json(r));
	cJSON_AddItemToObject(root, "setup", setup_to_json(&r->setup));
	levels = cJSON_AddArrayToObject(root, "levels");
	for (int i = r->outermost; i <= r->deepest; i++)
		cJSON_AddItemToArray(levels, level_to_json(r, &r->levels[i]));
	if (*r->command)
		cJSON_AddStringToObject(root, "command", r->command);
	else
		cJSON_AddNullToObject(root, "command");
	if (*r->blame.sentence)
		cJSON_AddItemToObject(root, "blame", blame_to_json(&r->blame));
	return root;
}

int formats_print_tree(cJSON *root, FILE *out)
{
	char *text = cJSON_Print(root);
	int err = text ? 0 : fail("out of memory for the JSON");

	if (text)
		fprintf(out, "%s\n", text);
	free(text);
	cJSON_Delete(root);
	return err;
}

static void print_json(const struct report *r, FILE *out)
{
	formats_print_tree(formats_to_json(r), out);
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

int formats_write_json(const struct report *r, const char *path)
{
	FILE *out = output_open(path);

	if (!out)
		return fail("%s: cannot write the report: %m; it is above on the console", path);
	print_json(r, out);
	if (output_close(out))
		return fail("%s: cannot write the report: %m", path);
	return 0;
}

static const char *text_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* Says why a file is not a report.  Returns -1. */
static int malformed(const char *path, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int malformed(const char *path, const char *fmt, ...)
{
	char why[120];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	sanitize(why);
	return fail("%s: not a report of schema %s: %s", path, REPORT_SCHEMA, why);
}

static int read_field(struct level *lv, const struct field *f, const cJSON *item)
{
	char value[FIELD_MAX] = "";
	const cJSON *word;

	if (cJSON_IsNull(item))
		return 0;
	if (cJSON_IsNumber(item)) {
		format(value, sizeof(value), f->type == FIELD_COUNT ? "%.0f" : "%.6f",
		       item->valuedouble);
	} else if (cJSON_IsString(item)) {
		format(value, sizeof(value), "%s", item->valuestring);
	} else if (cJSON_IsArray(item)) {
		cJSON_ArrayForEach (word, item)
			append(value, sizeof(value), "%s%s", *value ? " " : "",
			       cJSON_IsString(word) ? word->valuestring : "?");
	} else {
		return -1;
	}
	return level_set(lv, f, value);
}

static int read_subtest(struct report *r, int level, const cJSON *item)
{
	const char *check = text_of(item, "check"), *id = text_of(item, "id");
	const char *result = text_of(item, "result"), *detail = text_of(item, "detail");
	struct subtest t = { .level = level };

	if (!check || !id || !result || result_by_name(result, &t.result) || !id_is_clean(check) ||
	    !id_is_clean(id))
		return -1;
	format(t.check, sizeof(t.check), "%s", check);
	format(t.id, sizeof(t.id), "%s", id);
	format(t.detail, sizeof(t.detail), "%s", detail ? detail : "");
	sanitize(t.detail);
	return report_add_subtest(r, &t);
}

static int read_number(const cJSON *object, const char *key, double *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (cJSON_IsNull(item))
		return 0;
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= NUMBER_MAX))
		return -1;
	*out = item->valuedouble;
	return 0;
}

static int read_program(struct report *r, int level, const cJSON *item)
{
	const char *check = text_of(item, "check");
	double status = 0, exits = UNKNOWN;
	struct program_use *p;

	if (!check || !id_is_clean(check) || strlen(check) >= CHECK_ID ||
	    !(p = report_program(r, level, check)) || read_number(item, "status", &status) ||
	    status > 255 || read_number(item, "s", &p->s) ||
	    read_number(item, "cpu_s", &p->cpu_s) || read_number(item, "exits", &exits))
		return -1;
	p->status = status;
	p->exits = exits;
	return 0;
}

static int read_check(struct level *lv, const cJSON *item)
{
	const char *result = text_of(item, "result");
	const char *id = text_of(item, "id");
	const char *unit = text_of(item, "unit");
	const char *detail = text_of(item, "detail");
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, "value");
	struct check k = { .result = RESULT_PASS };

	if (!id || !result || !unit || !cJSON_IsNumber(value) || result_by_name(result, &k.result))
		return -1;
	format(k.id, sizeof(k.id), "%s", id);
	format(k.unit, sizeof(k.unit), "%s", unit);
	format(k.detail, sizeof(k.detail), "%s", detail ? detail : "");
	sanitize(k.detail);
	k.value = value->valuedouble;
	return level_add_check(lv, &k);
}

/* Reads a whole number from MIN to MAX.  -1 if it is anything else. */
static int read_int(const cJSON *object, const char *key, int min, int max, int *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!cJSON_IsNumber(item) || item->valuedouble < min || item->valuedouble > max ||
	    item->valuedouble != (int)item->valuedouble)
		return -1;
	*out = item->valuedouble;
	return 0;
}

static int read_level(const char *path, struct report *r, const cJSON *item)
{
	const cJSON *group, *check;
	struct level *lv;
	int level;

	if (read_int(item, "level", 0, MAX_LEVEL, &level) ||
	    (r->deepest >= 0 && level != r->deepest + 1))
		return malformed(path, "its levels are not numbered consecutively, within 0 to %d",
				 MAX_LEVEL);
	lv = report_level(r, level);
	if (r->deepest < 0)
		r->outermost = level;
	r->deepest = level;
	lv->seen = true;
	lv->ready = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "ready"));
	for (int i = 0; i < level_field_count; i++) {
		const struct field *f = &level_fields[i];
		const cJSON *value;

		group = f->group ? cJSON_GetObjectItemCaseSensitive(item, f->group) : item;
		value = cJSON_GetObjectItemCaseSensitive(group, f->key);
		if (value && read_field(lv, f, value))
			return malformed(path, "%s of L%d is malformed", f->key, level);
	}
	cJSON_ArrayForEach (check, cJSON_GetObjectItemCaseSensitive(item, "checks"))
		if (read_check(lv, check))
			return malformed(path, "a check of L%d is malformed", level);
	/* Older reports have none. */
	cJSON_ArrayForEach (check, cJSON_GetObjectItemCaseSensitive(item, "subtests"))
		if (read_subtest(r, level, check))
			return malformed(path, "a subtest of L%d is malformed", level);
	cJSON_ArrayForEach (check, cJSON_GetObjectItemCaseSensitive(item, "programs"))
		if (read_program(r, level, check))
			return malformed(path, "a program of L%d is malformed", level);
	return 0;
}

/* Reads a count that may be null.  -1 if it is anything else. */
static int read_count(const cJSON *object, const char *key, int64_t *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!item || cJSON_IsNull(item))
		return 0;
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 1 && item->valuedouble <= NUMBER_MAX))
		return -1;
	*out = item->valuedouble;
	return 0;
}

static void read_text_of(const cJSON *o, const char *key, char *text, size_t size)
{
	const char *value = text_of(o, key);

	format(text, size, "%s", value ? value : "");
	sanitize(text);
}

/* Older reports have no setup. */
static int read_setup(const char *path, struct setup *s, const cJSON *o)
{
	const char *nesting;

	if (!o)
		return 0;
	if (read_count(o, "memory_kib", &s->memory_kib) || read_count(o, "tsc_khz", &s->tsc_khz) ||
	    read_int(o, "timeout_s", 0, INT_MAX, &s->timeout_s))
		return malformed(path,
				 "memory_kib, timeout_s or tsc_khz of its setup is not a count");
	s->deterministic = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "counted_clock"));
	nesting = text_of(o, "nesting"); /* older reports have none */
	if (nesting && parse_choice(nesting, nesting_names, &s->nesting))
		return malformed(path, "nesting of its setup is neither classic nor recursive");
	s->enlightened = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "enlightened"));
	s->strict = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "strict"));
	if (cJSON_HasObjectItem(o, "smp") && read_int(o, "smp", 1, SMP_MAX, &s->smp))
		return malformed(path, "smp of its setup is not a number of vCPUs");
	read_text_of(o, "qemu", s->qemu, sizeof(s->qemu));
	read_text_of(o, "accel", s->accel, sizeof(s->accel));
	read_text_of(o, "kvm_why", s->kvm_why, sizeof(s->kvm_why));
	return 0;
}

static void read_evidence(struct evidence *e, const cJSON *o)
{
	const cJSON *line;

	for (int part = 0; part < EVIDENCE_PARTS; part++)
		cJSON_ArrayForEach (line, cJSON_GetObjectItemCaseSensitive(o, evidence_names[part]))
			if (cJSON_IsString(line))
				evidence_add(e, part, line->valuestring);
}

static int read_outcome(const char *path, struct report *r, const cJSON *o)
{
	const cJSON *requested = cJSON_GetObjectItemCaseSensitive(o, "requested"), *line;
	const char *stop = text_of(o, "stop");
	const char *detail = text_of(o, "detail");
	const cJSON *lost = cJSON_GetObjectItemCaseSensitive(o, "lost_records");
	const cJSON *ok = cJSON_GetObjectItemCaseSensitive(o, "ok");

	if (!stop || read_int(o, "reached", 0, MAX_LEVEL, &r->reached))
		return malformed(path, "its outcome lacks reached or stop");
	if (cJSON_IsNumber(requested) && read_int(o, "requested", 0, MAX_LEVEL, &r->requested))
		return malformed(path, "requested is not a level");
	read_int(o, "stop_level", 0, MAX_LEVEL, &r->stop_level);
	if (cJSON_IsNumber(lost) && lost->valuedouble >= 0 && lost->valuedouble < NUMBER_MAX)
		r->lost_records = lost->valuedouble;
	r->stop = stop_by_name(stop);
	if (!cJSON_IsBool(ok))
		return malformed(path, "its outcome lacks ok");
	r->ok = cJSON_IsTrue(ok);
	format(r->detail, sizeof(r->detail), "%s", detail ? detail : "");
	sanitize(r->detail);
	cJSON_ArrayForEach (line, cJSON_GetObjectItemCaseSensitive(o, "console")) {
		if (r->console_count == REPORT_LINES || !cJSON_IsString(line))
			break;
		format(r->console[r->console_count], REPORT_LINE, "%s", line->valuestring);
		sanitize(r->console[r->console_count++]);
	}
	read_evidence(&r->evidence, cJSON_GetObjectItemCaseSensitive(o, "evidence"));
	return r->stop == STOP_NONE ? malformed(path, "unknown stop reason '%.20s'", stop) : 0;
}

/* Most reports have none. */
static int read_blame(const char *path, struct blame *b, const cJSON *o)
{
	const cJSON *suspect;

	if (!o)
		return 0;
	if (read_int(o, "victim", 0, MAX_LEVEL, &b->victim))
		return malformed(path, "the victim of its blame is no level");
	cJSON_ArrayForEach (suspect, cJSON_GetObjectItemCaseSensitive(o, "suspects")) {
		if (b->count == SUSPECTS_MAX || !cJSON_IsNumber(suspect) ||
		    !(suspect->valuedouble >= 0 && suspect->valuedouble <= MAX_LEVEL))
			return malformed(path, "a suspect of its blame is no level");
		b->suspects[b->count++] = suspect->valuedouble;
	}
	read_text_of(o, "sentence", b->sentence, sizeof(b->sentence));
	return 0;
}

static int read_report(const char *path, struct report *r, const cJSON *root)
{
	const char *schema = text_of(root, "schema");
	const char *command = text_of(root, "command");
	char why[100];
	const cJSON *levels = cJSON_GetObjectItemCaseSensitive(root, "levels"), *level;

	if (!root)
		return malformed(path,
				 "it is not JSON, is cut off, or is followed by something else");
	if (!schema || strcmp(schema, REPORT_SCHEMA))
		return malformed(path, "its schema is %.40s", schema ? schema : "not named");
	format(r->command, sizeof(r->command), "%s", command ? command : "");
	sanitize(r->command);
	if (!cJSON_IsArray(levels))
		return malformed(path, "it has no list of levels");
	cJSON_ArrayForEach (level, levels)
		if (read_level(path, r, level))
			return -1;
	if (read_setup(path, &r->setup, cJSON_GetObjectItemCaseSensitive(root, "setup")) ||
	    read_outcome(path, r, cJSON_GetObjectItemCaseSensitive(root, "outcome")) ||
	    read_blame(path, &r->blame, cJSON_GetObjectItemCaseSensitive(root, "blame")))
		return -1;
	/* If no level came up, the outermost is the one that the chain stopped at. */
	if (r->deepest < 0)
		r->outermost = r->stop_level;
	if (consistency_check(r, why, sizeof(why)))
		return malformed(path, "it contradicts itself: %s", why);
	return 0;
}

int formats_read_json(struct report *r, const char *path)
{
	char *text = malloc(JSON_FILE_MAX);
	cJSON *root;
	int err;

	errno = 0;
	if (!text || read_input(path, text, JSON_FILE_MAX)) {
		free(text);
		return fail("%s: cannot read: %s", path, errno ? strerror(errno) : "it is empty");
	}
	report_init(r, DEPTH_OPEN);
	root = cJSON_ParseWithOpts(text, NULL, true);
	err = read_report(path, r, root);
	cJSON_Delete(root);
	free(text);
	return err;
}

/* ------------------------------------------------------------------------------------------ */

static void print_html(const struct report *r, FILE *out)
{
	html_print(&r, (const char *const[]){ "" }, 1, out);
}

static const struct {
	int bit;
	void (*print)(const struct report *r, FILE *out);
} formats[] = {
	{ REPORT_TABLE, print_table }, { REPORT_KTAP, print_ktap }, { REPORT_LAVA, print_lava },
	{ REPORT_JSON, print_json },   { REPORT_CSV, print_csv },   { REPORT_HTML, print_html },
	{ REPORT_SVG, svg_print },
};

void formats_print(const struct report *r, int which, FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].bit & which)
			formats[i].print(r, out);
}
