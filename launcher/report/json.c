// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/json.h"
#include "lib/options.h"
#include "lib/output.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

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

/* A number, or null if it is UNKNOWN. */
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

static cJSON *setup_to_json(const struct setup *s)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "memory_kib", number_to_json(s->memory_kib));
	cJSON_AddNumberToObject(o, "timeout_s", s->timeout_s);
	cJSON_AddBoolToObject(o, "counted_clock", s->deterministic);
	cJSON_AddStringToObject(o, "nesting", nesting_names[s->nesting]);
	cJSON_AddBoolToObject(o, "enlightened", s->enlightened);
	cJSON_AddBoolToObject(o, "strict", s->strict);
	cJSON_AddNumberToObject(o, "smp", s->smp);
	cJSON_AddItemToObject(o, "tsc_khz", number_to_json(s->tsc_khz));
	cJSON_AddStringToObject(o, "qemu", s->qemu);
	cJSON_AddStringToObject(o, "accel", s->accel);
	cJSON_AddStringToObject(o, "kvm_why", s->kvm_why);
	cJSON_AddItemToObject(o, "starved_share", number_to_json(s->starved_share));
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

cJSON *json_from_report(const struct report *r)
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

int json_print(cJSON *root, FILE *out)
{
	char *text = cJSON_Print(root);
	int err = text ? 0 : fail("out of memory for the JSON");

	if (text)
		fprintf(out, "%s\n", text);
	free(text);
	cJSON_Delete(root);
	return err;
}

void json_print_report(const struct report *r, FILE *out)
{
	json_print(json_from_report(r), out);
}

int json_write_report(const struct report *r, const char *path)
{
	FILE *out = output_open(path);

	if (!out)
		return fail("%s: cannot write the report: %m; it is above on the console", path);
	json_print_report(r, out);
	if (output_close(out))
		return fail("%s: cannot write the report: %m", path);
	return 0;
}
