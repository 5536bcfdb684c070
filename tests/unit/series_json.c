// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/series_json.h"
#include "matrix.h"
#include "report/report.h"

#include <cJSON.h>

/* The JSON of the first COUNT runs, parsed. */
static cJSON *json_of(int count)
{
	static char text[1 << 16];
	static struct report r;
	struct past_run runs[4] = { 0 };
	FILE *out = fmemopen(text, sizeof(text), "w");
	cJSON *root;

	assert_non_null(out);
	s.runs = runs;
	series_json_begin(out);
	for (int i = 0; i < count; i++) {
		report_init(&r, 1);
		runs[i] = (struct past_run){ .combination = i, .status = i, .requested = 1 };
		series_json_run(out, &s, &runs[i], &r);
	}
	series_json_end(out);
	fclose(out);
	root = cJSON_Parse(text);
	if (!root)
		wrong("this is not JSON: %s", text);
	return root;
}

static const cJSON *get(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!item)
		wrong("there is no key '%s'", key);
	return item;
}

static void each_run_has_its_options(void **state)
{
	cJSON *root;
	const cJSON *runs, *run;

	assert_int_equal(read_matrix("depth 1 2\nset 1:kvm_amd.npt=0\nset all:kvm.tdp_mmu=0\n"), 0);
	root = json_of(2);
	assert_string_equal(get(root, "schema")->valuestring, "supernest-series/1");
	runs = get(root, "runs");
	assert_int_equal(cJSON_GetArraySize(runs), 2);
	run = cJSON_GetArrayItem(runs, 1);
	assert_int_equal(get(run, "status")->valueint, 1);
	assert_string_equal(get(get(run, "options"), "depth")->valuestring, "2");
	assert_string_equal(get(get(run, "options"), "set")->valuestring, "1:kvm_amd.npt=0");
	assert_string_equal(get(get(run, "options"), "set_2")->valuestring, "all:kvm.tdp_mmu=0");
	assert_string_equal(get(get(run, "report"), "schema")->valuestring, "supernest-report/1");
	cJSON_Delete(root);
}

static void a_case_has_its_judgement(void **state)
{
	cJSON *root;
	const cJSON *run;

	assert_int_equal(read_matrix("case plain all --depth 1\n"), 0);
	root = json_of(1);
	run = cJSON_GetArrayItem(get(root, "runs"), 0);
	assert_string_equal(get(run, "case")->valuestring, "plain");
	assert_string_equal(get(run, "expected")->valuestring, "L1");
	get(run, "judgement");
	cJSON_Delete(root);
}

/* A series that was stopped before its first run leaves JSON too. */
static void no_run_is_a_series_too(void **state)
{
	cJSON *root;

	assert_int_equal(read_matrix("depth 1 2\n"), 0);
	root = json_of(0);
	assert_int_equal(cJSON_GetArraySize(get(root, "runs")), 0);
	cJSON_Delete(root);
}

static void without_a_file_nothing_is_written(void **state)
{
	series_json_begin(NULL);
	series_json_run(NULL, &s, NULL, NULL);
	series_json_end(NULL);
}

RUN(T(each_run_has_its_options), T(a_case_has_its_judgement), T(no_run_is_a_series_too),
    T(without_a_file_nothing_is_written))
