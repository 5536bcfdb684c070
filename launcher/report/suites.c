// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/suites.h"

#include <string.h>

#define COLUMNS_MAX 12 /* of the table: the first levels of a longer chain */

struct suite_table {
	const struct report *report;
	const char *check;
	int levels[COLUMNS_MAX], count;
};

static const struct subtest *find(const struct suite_table *t, int level, const char *id)
{
	const struct report *r = t->report;

	for (int i = 0; i < r->subtest_count; i++) {
		const struct subtest *s = &r->subtests[i];

		if (s->level == level && !strcmp(s->check, t->check) && (!id || !strcmp(s->id, id)))
			return s;
	}
	return NULL;
}

static const char *result_of(const struct subtest *s)
{
	if (!s)
		return "-";
	if (s->result != RESULT_SKIP)
		return s->result == RESULT_PASS ? "ok" : "FAIL";
	return strncmp(s->detail, KNOWN_FAILURE, strlen(KNOWN_FAILURE)) ? "skip" : "xfail";
}

/*
 * Prints its results, and why it did not pass at the first level where it did not.  Prints nothing and
 * returns false if it passed wherever it ran.
 */
static bool print_test(const struct suite_table *t, const char *id, FILE *out)
{
	const char *why = NULL;
	const struct subtest *s;

	for (int c = 0; c < t->count && !why; c++) {
		s = find(t, t->levels[c], id);
		if (s && s->result != RESULT_PASS)
			why = s->detail;
	}
	if (!why)
		return false;
	fprintf(out, "  %-34s", id);
	for (int c = 0; c < t->count; c++)
		fprintf(out, " %5s", result_of(find(t, t->levels[c], id)));
	fprintf(out, "%s%s\n", *why ? "  " : "", why);
	return true;
}

static bool is_first_of_name(const struct suite_table *t, int i)
{
	const struct subtest *list = t->report->subtests;

	for (int k = 0; k < i; k++)
		if (!strcmp(list[k].check, t->check) && !strcmp(list[k].id, list[i].id))
			return false;
	return true;
}

static void print_suite(struct suite_table *t, FILE *out)
{
	const struct report *r = t->report;
	int passed = 0;

	fprintf(out, "  %-34s", t->check);
	for (int level = r->outermost; level <= r->deepest && t->count < COLUMNS_MAX; level++)
		if (find(t, level, NULL)) {
			t->levels[t->count++] = level;
			fprintf(out, "%*sL%d", level < 10 ? 4 : 3, "", level);
		}
	fputc('\n', out);
	for (int i = 0; i < r->subtest_count; i++)
		if (!strcmp(r->subtests[i].check, t->check) && is_first_of_name(t, i))
			passed += !print_test(t, r->subtests[i].id, out);
	fprintf(out, "  %d passed wherever they ran\n", passed);
}

void suites_print(const struct report *r, FILE *out)
{
	for (int i = 0, k; i < r->subtest_count; i++) {
		struct suite_table t = { .report = r, .check = r->subtests[i].check };

		for (k = 0; strcmp(r->subtests[k].check, t.check); k++)
			;
		if (k == i)
			print_suite(&t, out);
	}
}
