// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/json.h"
#include "report/consistency.h"
#include "lib/numbers.h"
#include "lib/options.h"

#include <cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define JSON_FILE_MAX (16 << 20) /* 256 levels with all their checks */

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

/* Reads a list of texts as words separated by blanks.  -1 if it is anything else. */
static int read_words(const cJSON *list, char *text, size_t size)
{
	const cJSON *word;

	if (!cJSON_IsArray(list))
		return -1;
	cJSON_ArrayForEach (word, list) {
		if (!cJSON_IsString(word))
			return -1;
		append(text, size, "%s%s", *text ? " " : "", word->valuestring);
	}
	return 0;
}

static int read_field(struct level *lv, const struct field *f, const cJSON *item)
{
	bool number = f->type == FIELD_COUNT || f->type == FIELD_SECONDS;
	char value[FIELD_MAX] = "";

	if (number && cJSON_IsNull(item))
		return 0;
	if (number && cJSON_IsNumber(item))
		format(value, sizeof(value), "%.6f", item->valuedouble);
	else if (f->type == FIELD_TEXT && cJSON_IsString(item))
		format(value, sizeof(value), "%s", item->valuestring);
	else if (f->type != FIELD_LIST || read_words(item, value, sizeof(value)))
		return -1;
	return level_set(lv, f, value);
}

/* Reads all figures of a level.  Some may be missing, as in older reports. */
static int read_fields(const char *path, struct level *lv, const cJSON *item)
{
	for (int i = 0; i < level_field_count; i++) {
		const struct field *f = &level_fields[i];
		const cJSON *group = item, *value;

		if (f->group)
			group = cJSON_GetObjectItemCaseSensitive(item, f->group);
		value = cJSON_GetObjectItemCaseSensitive(group, f->key);
		if (group && !cJSON_IsObject(group))
			return malformed(path, "%s of L%d is malformed", f->group, lv->level);
		if (value && read_field(lv, f, value))
			return malformed(path, "%s of L%d is malformed", f->key, lv->level);
	}
	return 0;
}

/* Calls READ for each item of a list, which older reports may lack.  -1 if the list or an item is malformed. */
static int read_list(const cJSON *list, int (*read)(struct report *r, int level, const cJSON *item),
		     struct report *r, int level)
{
	const cJSON *item;

	if (list && !cJSON_IsArray(list))
		return -1;
	cJSON_ArrayForEach (item, list)
		if (read(r, level, item))
			return -1;
	return 0;
}

static bool is_whole(const cJSON *item, int min, int max)
{
	return cJSON_IsNumber(item) && item->valuedouble >= min && item->valuedouble <= max &&
	       item->valuedouble == (int)item->valuedouble;
}

static int read_int(const cJSON *object, const char *key, int min, int max, int *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!is_whole(item, min, max))
		return -1;
	*out = item->valuedouble;
	return 0;
}

/* Reads true or false.  -1 if it is anything else.  Older reports may lack it. */
static int read_bool(const cJSON *object, const char *key, bool *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (item && !cJSON_IsBool(item))
		return -1;
	*out = cJSON_IsTrue(item);
	return 0;
}

/* Reads a text.  -1 if it is anything else.  Older reports may lack it. */
static int read_text_of(const cJSON *o, const char *key, char *text, size_t size)
{
	const char *value = text_of(o, key);

	if (!value && cJSON_HasObjectItem(o, key))
		return -1;
	format(text, size, "%s", value ? value : "");
	sanitize(text);
	return 0;
}

static int read_subtest(struct report *r, int level, const cJSON *item)
{
	const char *check = text_of(item, "check"), *id = text_of(item, "id");
	const char *result = text_of(item, "result");
	struct subtest t = { .level = level };

	if (!check || !id || !result || result_by_name(result, &t.result) || !id_is_clean(check) ||
	    !id_is_clean(id) || read_text_of(item, "detail", t.detail, sizeof(t.detail)))
		return -1;
	format(t.check, sizeof(t.check), "%s", check);
	format(t.id, sizeof(t.id), "%s", id);
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
	double exits = UNKNOWN;
	struct program_use *p;
	int status;

	if (!check || !id_is_clean(check) || strlen(check) >= CHECK_ID ||
	    !(p = report_program(r, level, check)) || read_int(item, "status", 0, 255, &status) ||
	    read_number(item, "s", &p->s) || read_number(item, "cpu_s", &p->cpu_s) ||
	    read_number(item, "exits", &exits) || exits != (int64_t)exits)
		return -1;
	p->status = status;
	p->exits = exits;
	return 0;
}

static int read_check(struct report *r, int level, const cJSON *item)
{
	const char *result = text_of(item, "result");
	const char *id = text_of(item, "id");
	const char *unit = text_of(item, "unit");
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, "value");
	struct check k = { .result = RESULT_PASS };

	if (!id || !result || !unit || !cJSON_IsNumber(value) ||
	    result_by_name(result, &k.result) ||
	    read_text_of(item, "detail", k.detail, sizeof(k.detail)))
		return -1;
	format(k.id, sizeof(k.id), "%s", id);
	format(k.unit, sizeof(k.unit), "%s", unit);
	k.value = value->valuedouble;
	return level_add_check(&r->levels[level], &k);
}

static int read_level(const char *path, struct report *r, const cJSON *item)
{
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
	if (read_bool(item, "ready", &lv->ready))
		return malformed(path, "ready of L%d is neither true nor false", level);
	if (read_fields(path, lv, item))
		return -1;
	if (read_list(cJSON_GetObjectItemCaseSensitive(item, "checks"), read_check, r, level))
		return malformed(path, "a check of L%d is malformed", level);
	if (read_list(cJSON_GetObjectItemCaseSensitive(item, "subtests"), read_subtest, r, level))
		return malformed(path, "a subtest of L%d is malformed", level);
	if (read_list(cJSON_GetObjectItemCaseSensitive(item, "programs"), read_program, r, level))
		return malformed(path, "a program of L%d is malformed", level);
	return 0;
}

/* Reads a count that may be null.  -1 if it is anything else. */
static int read_count(const cJSON *object, const char *key, int64_t *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!item || cJSON_IsNull(item))
		return 0;
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 1 && item->valuedouble <= NUMBER_MAX) ||
	    item->valuedouble != (int64_t)item->valuedouble)
		return -1;
	*out = item->valuedouble;
	return 0;
}

/* A name of a table.  -1 if it is anything else.  Older reports may lack it. */
static int read_choice(const cJSON *o, const char *key, const char *const names[], int *out)
{
	const char *name = text_of(o, key);

	if (!cJSON_HasObjectItem(o, key))
		return 0;
	return name ? parse_choice(name, names, out) : -1;
}

static int read_accel(const cJSON *o, char *accel, size_t size)
{
	static const char *const names[] = { "", "kvm", "tcg", "bochs", NULL };
	int which = 0;

	if (read_choice(o, "accel", names, &which))
		return -1;
	format(accel, size, "%s", names[which]);
	return 0;
}

/* Older reports have no setup. */
static int read_setup(const char *path, struct setup *s, const cJSON *o)
{
	if (!o)
		return 0;
	if (read_count(o, "memory_kib", &s->memory_kib) || read_count(o, "tsc_khz", &s->tsc_khz) ||
	    read_int(o, "timeout_s", 0, INT_MAX, &s->timeout_s))
		return malformed(path,
				 "memory_kib, timeout_s or tsc_khz of its setup is not a count");
	if (read_choice(o, "nesting", nesting_names, &s->nesting))
		return malformed(path, "nesting of its setup is neither classic nor recursive");
	if (read_bool(o, "counted_clock", &s->deterministic) ||
	    read_bool(o, "enlightened", &s->enlightened) || read_bool(o, "strict", &s->strict))
		return malformed(path, "counted_clock, enlightened or strict of its setup is "
				       "neither true nor false");
	if (cJSON_HasObjectItem(o, "smp") && read_int(o, "smp", 1, SMP_MAX, &s->smp))
		return malformed(path, "smp of its setup is not a number of vCPUs");
	if (read_text_of(o, "qemu", s->qemu, sizeof(s->qemu)) ||
	    read_accel(o, s->accel, sizeof(s->accel)) ||
	    read_text_of(o, "kvm_why", s->kvm_why, sizeof(s->kvm_why)))
		return malformed(path, "qemu, accel or kvm_why of its setup is malformed");
	if (cJSON_HasObjectItem(o, "starved_share") &&
	    (read_number(o, "starved_share", &s->starved_share) || s->starved_share > 1))
		return malformed(path, "starved_share of its setup is not a share");
	return 0;
}

/* Most reports have none. */
static int read_evidence(struct evidence *e, const cJSON *o)
{
	const cJSON *lines, *line;

	for (int part = 0; o && part < EVIDENCE_PARTS; part++) {
		lines = cJSON_GetObjectItemCaseSensitive(o, evidence_names[part]);
		if (lines && !cJSON_IsArray(lines))
			return -1;
		cJSON_ArrayForEach (line, lines) {
			if (!cJSON_IsString(line))
				return -1;
			evidence_add(e, part, line->valuestring);
		}
	}
	return 0;
}

static int read_console(struct report *r, const cJSON *lines)
{
	const cJSON *line;

	if (lines && !cJSON_IsArray(lines))
		return -1;
	cJSON_ArrayForEach (line, lines) {
		if (r->console_count == REPORT_LINES || !cJSON_IsString(line))
			return -1;
		format(r->console[r->console_count], REPORT_LINE, "%s", line->valuestring);
		sanitize(r->console[r->console_count++]);
	}
	return 0;
}

static int read_requested(const cJSON *o, int *requested)
{
	const char *text = text_of(o, "requested");

	*requested = DEPTH_OPEN;
	if (!cJSON_HasObjectItem(o, "requested"))
		return 0;
	return text && !strcmp(text, "max") ? 0 : read_int(o, "requested", 0, MAX_LEVEL, requested);
}

static int read_outcome(const char *path, struct report *r, const cJSON *o)
{
	const char *stop = text_of(o, "stop");
	double lost = 0;

	if (!stop || read_int(o, "reached", 0, MAX_LEVEL, &r->reached))
		return malformed(path, "its outcome lacks reached or stop");
	if (read_requested(o, &r->requested))
		return malformed(path, "requested is not a level");
	if (cJSON_HasObjectItem(o, "stop_level") &&
	    read_int(o, "stop_level", 0, MAX_LEVEL, &r->stop_level))
		return malformed(path, "stop_level is not a level");
	if (cJSON_HasObjectItem(o, "lost_records") &&
	    (read_number(o, "lost_records", &lost) || lost != (int64_t)lost))
		return malformed(path, "lost_records is not a count");
	r->lost_records = lost;
	r->stop = stop_by_name(stop);
	if (!cJSON_HasObjectItem(o, "ok") || read_bool(o, "ok", &r->ok))
		return malformed(path, "its outcome lacks ok");
	if (read_text_of(o, "detail", r->detail, sizeof(r->detail)))
		return malformed(path, "detail of its outcome is not a text");
	if (read_console(r, cJSON_GetObjectItemCaseSensitive(o, "console")) ||
	    read_evidence(&r->evidence, cJSON_GetObjectItemCaseSensitive(o, "evidence")))
		return malformed(path, "console or evidence of its outcome is not a list of texts");
	return r->stop == STOP_NONE ? malformed(path, "unknown stop reason '%.20s'", stop) : 0;
}

/* Most reports have none. */
static int read_blame(const char *path, struct blame *b, const cJSON *o)
{
	const cJSON *suspects = cJSON_GetObjectItemCaseSensitive(o, "suspects"), *suspect;

	if (!o)
		return 0;
	if (read_int(o, "victim", 0, MAX_LEVEL, &b->victim))
		return malformed(path, "the victim of its blame is not a level");
	cJSON_ArrayForEach (suspect, suspects) {
		if (b->count == SUSPECTS_MAX || !is_whole(suspect, 0, MAX_LEVEL))
			return malformed(path, "a suspect of its blame is not a level");
		b->suspects[b->count++] = suspect->valuedouble;
	}
	if (!cJSON_IsArray(suspects) || !cJSON_HasObjectItem(o, "sentence") ||
	    read_text_of(o, "sentence", b->sentence, sizeof(b->sentence)))
		return malformed(path, "its blame has no list of suspects or no sentence");
	return 0;
}

static int read_report(const char *path, struct report *r, const cJSON *root)
{
	const char *schema = text_of(root, "schema");
	char why[100];
	const cJSON *levels = cJSON_GetObjectItemCaseSensitive(root, "levels"), *level;

	if (!root)
		return malformed(path,
				 "it is not JSON, is cut off, or is followed by something else");
	if (!schema || strcmp(schema, REPORT_SCHEMA))
		return malformed(path, "its schema is %.40s", schema ? schema : "not named");
	if (!cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(root, "command")) &&
	    read_text_of(root, "command", r->command, sizeof(r->command)))
		return malformed(path, "its command is not a text");
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

int json_read_report(struct report *r, const char *path)
{
	char *text = malloc(JSON_FILE_MAX);
	cJSON *root;
	int err;

	errno = 0;
	if (!text || read_input(path, text, JSON_FILE_MAX)) {
		free(text);
		return fail("%s: cannot read: %s", path, errno ? strerror(errno) : "it is empty");
	}
	if (strlen(text) >= JSON_FILE_MAX - 2) {
		free(text);
		return malformed(path, "it is longer than any report, %d MiB", JSON_FILE_MAX >> 20);
	}
	report_init(r, DEPTH_OPEN);
	root = cJSON_ParseWithOpts(text, NULL, true);
	err = read_report(path, r, root);
	cJSON_Delete(root);
	free(text);
	return err;
}
