// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/teller.h"

#include <string.h>

#define FIELDS_A_RECORD 12 /* with the longest values these fit RECORD_MAX */

void teller_init(struct teller *t, int from, int outermost, int requested)
{
	report_init(&t->report, requested);
	report_start_clock(&t->report);
	t->report.outermost = outermost;
	t->from = from;
	t->seq = 0;
	t->listener_count = 0;
	t->flush = NULL;
	t->self = from == HOST_LEVEL ? NULL : report_level(&t->report, from);
	level_init(&t->told, from);
}

void teller_listen(struct teller *t, void (*hear)(void *context, const struct record *rec),
		   void *context)
{
	t->listeners[t->listener_count++] = (struct listener){ hear, context };
}

void teller_holds(struct teller *t, void (*flush)(void *context))
{
	t->flush = flush;
}

void teller_flush(struct teller *t)
{
	if (t->flush)
		t->flush(t->listeners[t->listener_count - 1].context);
}

void teller_pass_on(struct teller *t, const struct record *rec)
{
	for (int i = 0; i < t->listener_count; i++)
		t->listeners[i].hear(t->listeners[i].context, rec);
}

void tell(struct teller *t, struct record *rec)
{
	rec->seq = t->seq++;
	if (report_add(&t->report, rec))
		fail("a record of kind %s of our own is refused, which is a bug", rec->kind);
	teller_pass_on(t, rec);
}

void tell_level(struct teller *t, const char *kind)
{
	char value[256], told[256];
	struct record rec;

	record_init(&rec, kind, t->from, t->from);
	for (int i = 0; i < level_field_count; i++) {
		level_get(t->self, &level_fields[i], value, sizeof(value));
		level_get(&t->told, &level_fields[i], told, sizeof(told));
		if (level_fields[i].source != BY_LEVEL || !*value || !strcmp(value, told))
			continue;
		if (rec.count == FIELDS_A_RECORD) {
			strcpy(rec.kind, "level");
			tell(t, &rec);
			record_init(&rec, kind, t->from, t->from);
		}
		if (record_add(&rec, level_fields[i].key, value))
			fail("the record is full: %s is left out", level_fields[i].key);
	}
	level_copy_figures(&t->told, t->self);
	if (rec.count || strcmp(kind, "level"))
		tell(t, &rec);
}

void tell_text(struct teller *t, int about, const char *kind, const char *key, const char *text)
{
	struct record rec;

	record_init(&rec, kind, t->from, about);
	if (key)
		record_add(&rec, key, text);
	tell(t, &rec);
}

void tell_number(struct teller *t, int about, const char *kind, const char *key, double value)
{
	struct record rec;

	record_init(&rec, kind, t->from, about);
	if (value >= 0)
		record_add_number(&rec, key, value);
	tell(t, &rec);
}

void tell_check(struct teller *t, int about, const struct check *k)
{
	struct record rec;

	record_init(&rec, "check", t->from, about);
	record_add(&rec, "id", k->id);
	record_add(&rec, "result", result_names[k->result]);
	record_add_number(&rec, "value", k->value);
	record_add(&rec, "unit", k->unit);
	record_add(&rec, "detail", k->detail);
	tell(t, &rec);
}

void tell_stop(struct teller *t, int about, const struct reason *why)
{
	struct record rec;

	record_init(&rec, "stop", t->from, about);
	record_add(&rec, "reason", stop_names[why->stop]);
	record_add(&rec, "detail", why->detail);
	tell(t, &rec);
}

void tell_evidence(struct teller *t, int about, const struct evidence *e)
{
	struct record rec;

	for (int part = 0; part < EVIDENCE_PARTS; part++)
		for (int i = 0; i < e->count[part]; i++) {
			record_init(&rec, "proof", t->from, about);
			record_add(&rec, "part", evidence_names[part]);
			record_add(&rec, "line", e->line[part][i]);
			tell(t, &rec);
		}
}
