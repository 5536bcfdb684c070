// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "report/level.h"

static struct level lv;

static const struct field *field(const char *key)
{
	const struct field *f = level_field(key);

	assert_non_null(f);
	return f;
}

static const char *get(const char *key)
{
	static char value[256];

	level_get(&lv, field(key), value, sizeof(value));
	return value;
}

static int set(const char *key, const char *value)
{
	return level_set(&lv, field(key), value);
}

static void test_unknown_at_first(void **state)
{
	level_init(&lv, 3);
	assert_int_equal(lv.level, 3);
	for (int i = 0; i < level_field_count; i++)
		assert_string_equal(get(level_fields[i].key), "");
	assert_null(level_field("nonsense"));
	assert_null(level_field(""));
}

/* Keys are unique over all groups: records carry no group. */
static void test_keys_are_unique(void **state)
{
	for (int i = 0; i < level_field_count; i++)
		assert_ptr_equal(level_field(level_fields[i].key), &level_fields[i]);
}

static void test_set_and_get(void **state)
{
	level_init(&lv, 0);
	for (int i = 0; i < level_field_count; i++) {
		const struct field *f = &level_fields[i];
		bool text = f->type == FIELD_TEXT || f->type == FIELD_LIST;
		const char *value = text ? "some" : f->type == FIELD_COUNT ? "7" : "0.250000";

		assert_int_equal(level_set(&lv, f, value), 0);
		assert_string_equal(get(f->key), value);
	}
	for (int i = 0; i < level_field_count; i++) /* none has overwritten another */
		assert_string_not_equal(get(level_fields[i].key), "");
	assert_int_equal(set("total_kib", "0"), 0);
	assert_string_equal(get("total_kib"), "0");
	assert_int_equal(set("total_kib", "9007199254740992"), 0);
	assert_string_equal(get("total_kib"), "9007199254740992");
}

static void test_malformed_numbers(void **state)
{
	static const char *const bad[] = { "",
					   "-",
					   "-1",
					   "-0.1",
					   "nan",
					   "NaN",
					   "inf",
					   "1e9",
					   "0x10",
					   "1 ",
					   " 1",
					   "1,5",
					   "1.2.3",
					   "1-2",
					   "--1",
					   "12a",
					   "9007199254740993000",
					   "99999999999999999999999999999999" };

	level_init(&lv, 0);
	assert_int_equal(set("boot", "5"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!set("boot", bad[i]) || !set("ready_s", bad[i]))
			wrong("accepted: '%s'", bad[i]);
		assert_string_equal(get("boot"), "5");
		assert_string_equal(get("ready_s"), "");
	}
	assert_int_equal(set("boot", "5.5"), 0); /* a count is whole */
	assert_string_equal(get("boot"), "5");
	assert_int_equal(set("ready_s", "5.5"), 0);
}

static void test_texts(void **state)
{
	char text[300];

	level_init(&lv, 0);
	for (int i = 0; i < level_field_count; i++) {
		const struct field *f = &level_fields[i];

		if (f->type != FIELD_TEXT && f->type != FIELD_LIST)
			continue;
		memset(text, 'x', sizeof(text));
		text[f->size] = '\0';
		assert_int_equal(level_set(&lv, f, text), -1);
		text[f->size - 1] = '\0';
		assert_int_equal(level_set(&lv, f, text), 0);
		assert_string_equal(get(f->key), text);
	}
	assert_int_equal(set("model", "a\x1b[31m\nb\x7f\xc3\xa9"), 0);
	assert_string_equal(get("model"), "a?[31m?b???");
}

static void test_checks(void **state)
{
	struct check k = { "fpu", RESULT_PASS, 10, "exits", "" };

	level_init(&lv, 0);
	assert_true(level_sound(&lv));
	assert_int_equal(level_add_check(&lv, &k), 0);
	k.result = RESULT_FAIL;
	k.value = 1000;
	assert_int_equal(level_add_check(&lv, &k), 0); /* the long form replaces the short one */
	assert_int_equal(lv.check_count, 1);
	assert_int_equal(lv.checks[0].value, 1000);
	assert_false(level_sound(&lv));
	k.result = RESULT_SKIP;
	level_add_check(&lv, &k);
	assert_true(level_sound(&lv));
	for (int i = 1; i < MAX_CHECKS; i++) {
		format(k.id, sizeof(k.id), "c%d", i);
		assert_int_equal(level_add_check(&lv, &k), 0);
	}
	strcpy(k.id, "one_more");
	assert_int_equal(level_add_check(&lv, &k), -1);
	strcpy(k.id, "c3");
	assert_int_equal(level_add_check(&lv, &k), 0);
	assert_int_equal(lv.check_count, MAX_CHECKS);
}

static void test_stops(void **state)
{
	for (int i = STOP_DEPTH; i < STOP_COUNT; i++)
		assert_int_equal(stop_by_name(stop_names[i]), i);
	assert_int_equal(stop_by_name("none"), STOP_NONE);
	assert_int_equal(stop_by_name("PANIC"), STOP_NONE);
	assert_int_equal(stop_by_name(""), STOP_NONE);
	assert_false(stop_is_failure(STOP_DEPTH));
	assert_false(stop_is_failure(STOP_MEMORY));
	assert_false(stop_is_failure(STOP_TIME));
	assert_true(stop_is_failure(STOP_NO_VIRT));
	assert_true(stop_is_failure(STOP_LOST));
}

RUN(T(test_unknown_at_first), T(test_keys_are_unique), T(test_set_and_get),
    T(test_malformed_numbers), T(test_texts), T(test_checks), T(test_stops))
