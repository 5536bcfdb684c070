// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The readers of JSON files, each followed by everything that the report is read for.  A byte 0x1e
 * separates the older and the newer report of `compare`; without it both are the same.
 */
#include "check.h"
#include "host/compare.h"
#include "report/json.h"
#include "lib/options.h"
#include "host/plan.h"

#include <cJSON.h>
#include <string.h>

static FILE *open_text(char **text, size_t *size)
{
	FILE *f = open_memstream(text, size);

	must(f);
	return f;
}

static void as_report(const char *old, const char *new)
{
	static struct report r;

	(void)new;
	if (!json_read_report(&r, old))
		check_report(&r);
}

static void check_compared(const struct report *a, const struct report *b, bool json, bool same)
{
	static const struct compare_limits own = { LIMIT_DEFAULT, LIMIT_DEFAULT, LIMIT_DEFAULT };
	enum verdict verdict;
	char *text;
	size_t size;
	FILE *f = open_text(&text, &size);
	cJSON *root;

	verdict = compare_print(a, b, &own, json, f);
	fclose(f);
	must(verdict == VERDICT_SAME || !same);
	if (json) {
		root = cJSON_Parse(text);
		must(root);
		cJSON_Delete(root);
	} else {
		check_lines(text);
	}
	free(text);
}

static void as_compared(const char *old, const char *new)
{
	static struct report a, b;

	if (json_read_report(&a, old) || json_read_report(&b, new))
		return;
	for (int json = 0; json < 2; json++) {
		if (!compare_possible(&a, &b))
			check_compared(&a, &b, json, !strcmp(old, new));
		if (!compare_possible(&b, &a))
			check_compared(&b, &a, json, !strcmp(old, new));
	}
}

static void as_plan(const char *old, const char *new)
{
	static const int64_t memory_kib[] = { 0, 65536, 8 << 20, INT64_MAX >> 20 };
	static struct report r;
	struct plan plan;
	char *text;
	size_t size;
	FILE *f;

	(void)new;
	if (json_read_report(&r, old))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(memory_kib); i++) {
		if (plan_make(&plan, &r, memory_kib[i], i ? 3600 : 1))
			continue;
		must(plan.memory_depth <= MAX_LEVEL && plan.time_depth <= MAX_LEVEL);
		f = open_text(&text, &size);
		plan_print(&plan, &r, f);
		fclose(f);
		check_lines(text);
		free(text);
	}
}

/* Add a reader by adding a line. */
static void (*const readers[])(const char *old, const char *new) = {
	as_report,
	as_compared,
	as_plan,
};

/* Errors are printed on a terminal too. */
static void check_error(void *context, const char *message)
{
	(void)context;
	for (const char *p = message; *p; p++)
		must(*p >= ' ' && *p <= '~');
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fail_to(check_error, NULL);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *second = size ? memchr(data, 0x1e, size) : NULL;
	const char *old, *new;

	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		old = new = file_of(OLD, data, second ? (size_t)(second - data) : size);
		if (second)
			new = file_of(NEW, second + 1, data + size - second - 1);
		readers[i](old, new);
	}
	return 0;
}
