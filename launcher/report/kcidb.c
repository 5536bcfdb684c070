// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/kcidb.h"
#include "report/json.h"
#include "report/results.h"
#include "lib/sha256.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

#define MAJOR 5
#define MINOR 3

struct kcidb {
	const struct report *report;
	const char *origin, *build_id;
	char run[17]; /* hex; makes the ids of this run unique */
	cJSON *tests;
};

/* Measurements that are neither good nor bad: the schema's status for them is DONE. */
static const struct {
	const char *name, *key, *unit;
} measurements[] = {
	{ "overhead", "overhead_kib", "KiB" },
	{ "exits", "boot", "exits" },
	{ "chain", "chain", "exits" },
};

static cJSON *environment(const struct report *r)
{
	cJSON *o = cJSON_CreateObject();
	const struct level *lv = &r->levels[r->outermost];
	char comment[400];

	format(comment, sizeof(comment), "L%d on %s: %s %s, %s (%s)", lv->level, lv->hypervisor,
	       lv->cpu_vendor, lv->cpu_model, lv->cpu_virt, lv->cpu_features);
	cJSON_AddStringToObject(o, "comment", comment);
	return o;
}

static cJSON *add_test(struct kcidb *k, const char *id, const char *status)
{
	cJSON *o = cJSON_CreateObject();
	char text[160];

	format(text, sizeof(text), "%s:supernest-%s-%s", k->origin, k->run, id);
	cJSON_AddStringToObject(o, "id", text);
	cJSON_AddStringToObject(o, "origin", k->origin);
	cJSON_AddStringToObject(o, "build_id", k->build_id);
	format(text, sizeof(text), "supernest.%s", id);
	cJSON_AddStringToObject(o, "path", text);
	cJSON_AddStringToObject(o, "status", status);
	if (k->report->deepest >= k->report->outermost)
		cJSON_AddItemToObject(o, "environment", environment(k->report));
	cJSON_AddItemToArray(k->tests, o);
	return o;
}

static void add_number(cJSON *test, double value, const char *unit)
{
	cJSON *o = cJSON_AddObjectToObject(test, "number");

	cJSON_AddNumberToObject(o, "value", value);
	cJSON_AddStringToObject(o, "unit", unit);
}

/* Of the levels that did not come up only the first failed; those below it could not start. */
static const char *status(const struct report *r, const struct test *t)
{
	static const char *const names[] = { "PASS", "FAIL", "SKIP" };

	return t->missing && t->level > r->reached + 1 ? "MISS" : names[t->result];
}

static void add_result(const struct test *t, void *context)
{
	struct kcidb *k = context;
	cJSON *o = add_test(k, t->id, status(k->report, t));

	/* The schema allows a number only for tests that ran; whether a test ran is its status. */
	if (!t->missing && t->result != RESULT_SKIP && strcmp(t->unit, "bool"))
		add_number(o, t->value, t->unit);
	if (*t->detail)
		cJSON_AddStringToObject(o, "comment", t->detail);
}

static void add_measurements(struct kcidb *k, const struct level *lv)
{
	char id[40], value[32];
	double number;

	for (size_t i = 0; i < ARRAY_SIZE(measurements); i++) {
		level_get(lv, level_field(measurements[i].key), value, sizeof(value));
		if (parse_number(value, &number))
			continue;
		format(id, sizeof(id), "l%d_%s", lv->level, measurements[i].name);
		add_number(add_test(k, id, "DONE"), number, measurements[i].unit);
	}
}

/* The outcome carries what the database has no field for: the whole report and the evidence. */
static void add_report(cJSON *outcome, const struct report *r, cJSON *report)
{
	char excerpt[REPORT_LINES * REPORT_LINE] = "";

	for (int i = 0; i < r->console_count; i++)
		append(excerpt, sizeof(excerpt), "%s\n", r->console[i]);
	if (*excerpt)
		cJSON_AddStringToObject(outcome, "log_excerpt", excerpt);
	cJSON_AddItemToObject(cJSON_AddObjectToObject(outcome, "misc"), "report", report);
}

static void name_run(struct kcidb *k, const char *report)
{
	struct sha256 sum;
	char hex[65];

	sha256_init(&sum);
	sha256_add(&sum, k->build_id, strlen(k->build_id) + 1);
	sha256_add(&sum, report, strlen(report));
	sha256_end(&sum, hex);
	format(k->run, sizeof(k->run), "%s", hex);
}

int kcidb_print(const struct report *r, const char *origin, const char *build_id, FILE *out)
{
	struct kcidb k = { .report = r, .origin = origin, .build_id = build_id };
	cJSON *root = cJSON_CreateObject(), *report = json_from_report(r);
	cJSON *version = cJSON_AddObjectToObject(root, "version");
	char *text = cJSON_PrintUnformatted(report);

	cJSON_AddNumberToObject(version, "major", MAJOR);
	cJSON_AddNumberToObject(version, "minor", MINOR);
	k.tests = cJSON_AddArrayToObject(root, "tests");
	name_run(&k, text ? text : "");
	free(text);
	for (int i = r->outermost; i <= r->deepest; i++)
		add_measurements(&k, &r->levels[i]);
	results_each(r, add_result, &k);
	add_report(cJSON_GetArrayItem(k.tests, cJSON_GetArraySize(k.tests) - 1), r, report);
	return json_print(root, out);
}
