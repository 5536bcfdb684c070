// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "real.h"
#include "report/kcidb.h"

#include <cJSON.h>

static struct report r;

/* The tests of the report as an object with short ids as keys; the caller deletes it. */
static cJSON *submission(const char *build_id)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	cJSON *root;

	assert_int_equal(kcidb_print(&r, "lab", build_id, f), 0);
	fclose(f);
	root = cJSON_Parse(text);
	free(text);
	assert_non_null(root);
	return root;
}

static const cJSON *test_of(const cJSON *root, const char *path)
{
	const cJSON *test;

	cJSON_ArrayForEach (test, cJSON_GetObjectItem(root, "tests"))
		if (!strcmp(cJSON_GetObjectItem(test, "path")->valuestring, path))
			return test;
	wrong("there is no %s", path);
	return NULL;
}

static const char *text_of(const cJSON *root, const char *path, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(test_of(root, path), key));
}

static void results_and_measurements_are_tests(void **state)
{
	cJSON *root;

	real_report(&r, 2);
	root = submission("lab:1");
	assert_string_equal(text_of(root, "supernest.l2_ready", "status"), "PASS");
	assert_string_equal(text_of(root, "supernest.l1_overhead", "status"), "DONE");
	assert_string_equal(text_of(root, "supernest.l1_overhead", "build_id"), "lab:1");
	assert_int_equal(
		cJSON_GetObjectItem(
			cJSON_GetObjectItem(test_of(root, "supernest.l1_exits"), "number"), "value")
			->valuedouble,
		283);
	assert_string_equal(text_of(root, "supernest.depth", "status"), "PASS");
	cJSON_Delete(root);
}

/* The first level that did not come up has failed; those below it are missing. */
static void what_was_not_tried_is_missing_and_has_not_failed(void **state)
{
	cJSON *root;

	real_report(&r, 0);
	r.requested = 2;
	r.stop = STOP_PANIC;
	r.stop_level = 1;
	r.ok = false;
	format(r.detail, sizeof(r.detail), "its kernel panicked: x");
	root = submission("lab:1");
	assert_string_equal(text_of(root, "supernest.l1_ready", "status"), "FAIL");
	assert_string_equal(text_of(root, "supernest.l2_ready", "status"), "MISS");
	assert_string_equal(text_of(root, "supernest.depth", "comment"), "its kernel panicked: x");
	cJSON_Delete(root);
}

/* A report that is submitted again has the same ids; for another build it has others. */
static void ids_depend_on_report_and_build_alone(void **state)
{
	cJSON *root[3];

	real_report(&r, 1);
	for (int i = 0; i < 3; i++)
		root[i] = submission(i < 2 ? "lab:1" : "lab:2");
	assert_string_equal(text_of(root[0], "supernest.depth", "id"),
			    text_of(root[1], "supernest.depth", "id"));
	assert_string_not_equal(text_of(root[0], "supernest.depth", "id"),
				text_of(root[2], "supernest.depth", "id"));
	for (int i = 0; i < 3; i++)
		cJSON_Delete(root[i]);
}

RUN(T(results_and_measurements_are_tests), T(what_was_not_tried_is_missing_and_has_not_failed),
    T(ids_depend_on_report_and_build_alone))
