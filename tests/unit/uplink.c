// SPDX-License-Identifier: GPL-2.0-or-later
/* The serial uplink: the parent gets what the level sends. */
#include "test.h"
#include "child/uplink.h"

static int ends[2];
static struct uplink u = { .run_id = "5eed", .input = -1 };

static int begin(void **state)
{
	if (pipe(ends))
		return -1;
	u.serial = ends[1];
	return 0;
}

static int end(void **state)
{
	return close(ends[0]) || close(ends[1]);
}

static void a_record_goes_up_as_it_is(void **state)
{
	struct record told, heard;
	char line[RECORD_MAX];
	ssize_t n;

	record_init(&told, "stop", 2, 3);
	told.seq = 7;
	record_add(&told, "reason", "panic");
	record_add(&told, "detail", "its kernel panicked: 100% of !@;");
	uplink_hear(&u, &told);
	n = read(ends[0], line, sizeof(line));
	assert_true(n > 0);
	assert_int_equal(record_decode(&heard, "5eed", line, n), RECORD_OK);
	assert_int_equal(heard.from, 2);
	assert_int_equal(heard.about, 3);
	assert_int_equal(heard.seq, 7);
	assert_string_equal(record_get(&heard, "detail"), "its kernel panicked: 100% of !@;");
	assert_int_equal(record_decode(&heard, "other", line, n), RECORD_DAMAGED);
}

/* A cut record would look damaged, and the parent would blame the level. */
static void a_record_that_does_not_fit_is_dropped_and_said(void **state)
{
	char text[RECORD_MAX - 200], line[RECORD_MAX];
	struct record rec;

	memset(text, '!', sizeof(text) - 1); /* each becomes three characters */
	text[sizeof(text) - 1] = '\0';
	record_init(&rec, "text", 2, 2);
	assert_int_equal(record_add(&rec, "line", text), 0);
	uplink_hear(&u, &rec);
	assert_string_equal(last_error(), "a record of kind text is too long and was dropped");
	uplink_record(&u, "next\n", 5);
	assert_int_equal(read(ends[0], line, sizeof(line)), 5);
}

#define U(test) cmocka_unit_test_setup_teardown(test, begin, end)
RUN(U(a_record_goes_up_as_it_is), U(a_record_that_does_not_fit_is_dropped_and_said))
