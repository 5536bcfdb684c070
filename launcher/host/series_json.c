// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/series_json.h"
#include "report/json.h"

#include <cJSON.h>

void series_json_begin(FILE *out)
{
	if (out)
		fputs("{\"schema\": \"supernest-series/1\", \"runs\": [\n", out);
}

static void add_case(cJSON *run, const struct matrix_case *c, const struct past_run *past)
{
	char expected[24];

	case_expected(c, past->requested, expected, sizeof(expected));
	cJSON_AddStringToObject(run, "case", c->name);
	cJSON_AddStringToObject(run, "expected", expected);
	cJSON_AddStringToObject(run, "judgement", judgement_names[series_judge(c, past)]);
}

void series_json_run(FILE *out, const struct series *s, const struct past_run *past,
		     const struct report *r)
{
	const struct matrix_case *c;
	cJSON *run, *options;

	if (!out)
		return;
	c = series_case(s, past->combination);
	run = cJSON_CreateObject();
	options = cJSON_AddObjectToObject(run, "options");
	for (int i = 0; i < s->axis_count; i++)
		cJSON_AddStringToObject(options, s->axes[i].key,
					series_value(s, past->combination, i));
	if (c)
		add_case(run, c, past);
	cJSON_AddNumberToObject(run, "status", past->status);
	cJSON_AddNumberToObject(run, "seconds", past->seconds);
	cJSON_AddItemToObject(run, "report", json_from_report(r));
	fputs(past > s->runs ? "," : "", out);
	json_print(run, out);
}

void series_json_end(FILE *out)
{
	if (out)
		fputs("\n]}\n", out);
}
