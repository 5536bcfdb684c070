// SPDX-License-Identifier: GPL-2.0-or-later
/* The serial uplink: the parent gets what the level sends. */
#include "test.h"
#include "child/uplink.h"

#include <fcntl.h>

static int ends[2];
static struct uplink u = { .run_id = "5eed", .input = -1 };
static char sent[UPLINK_ROOM + 1];

static int begin(void **state)
{
	if (pipe(ends))
		return -1;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	u.serial = ends[1];
	return 0;
}

static int end(void **state)
{
	return close(ends[0]) || close(ends[1]);
}

/* What has gone up since the last call, in bytes; -1: nothing. */
static ssize_t arrived(void)
{
	return read(ends[0], sent, sizeof(sent));
}

static void a_record_goes_up_as_it_is(void **state)
{
	struct record told, heard;

	record_init(&told, "stop", 2, 3);
	told.seq = 7;
	record_add(&told, "reason", "panic");
	record_add(&told, "detail", "its kernel panicked: 100% of !@;");
	uplink_hear(&u, &told);
	ssize_t n = arrived();

	assert_true(n > 0);
	assert_int_equal(record_decode(&heard, "5eed", sent, n), RECORD_OK);
	assert_int_equal(heard.from, 2);
	assert_int_equal(heard.about, 3);
	assert_int_equal(heard.seq, 7);
	assert_string_equal(record_get(&heard, "detail"), "its kernel panicked: 100% of !@;");
	assert_int_equal(record_decode(&heard, "other", sent, n), RECORD_DAMAGED);
}

/* A cut record would look damaged, and the parent would blame the level. */
static void a_record_that_does_not_fit_is_dropped_and_said(void **state)
{
	char text[RECORD_MAX - 200];
	struct record rec;

	memset(text, '!', sizeof(text) - 1); /* each becomes three characters */
	text[sizeof(text) - 1] = '\0';
	record_init(&rec, "text", 2, 2);
	assert_int_equal(record_add(&rec, "line", text), 0);
	uplink_hear(&u, &rec);
	assert_string_equal(last_error(), "a record of kind text is too long and was dropped");
	assert_int_equal(arrived(), -1);
}

/* What a level below has sent goes up byte for byte, without what was around it. */
static void a_record_from_below_goes_up_as_it_came(void **state)
{
	char line[RECORD_MAX], noisy[RECORD_MAX + 20];
	struct record told, heard;
	int len;

	record_init(&told, "text", 3, 3);
	record_add(&told, "line", "100% of !@;\x1b");
	len = record_encode(&told, "5eed", line);
	snprintf(noisy, sizeof(noisy), "noise@%.*s!;", len - 1, line);
	assert_int_equal(record_decode(&heard, "5eed", noisy, strlen(noisy)), RECORD_OK);
	uplink_hear(&u, &heard);
	assert_int_equal(arrived(), len);
	assert_memory_equal(sent, line, len);
}

static void hear_output(int seq)
{
	char text[3841];
	struct record rec;

	memset(text, 'a' + seq, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	record_init(&rec, "out", 2, 2);
	rec.seq = seq;
	record_add(&rec, "data", text);
	uplink_hear(&u, &rec);
}

/* The output of programs goes up in large pieces, and never behind a record that came after it. */
static void output_goes_up_together(void **state)
{
	struct record rec;
	int count = 0;

	for (int i = 0; i < 8; i++)
		hear_output(i);
	assert_int_equal(arrived(), -1);
	hear_output(8); /* has no room */
	assert_in_range(arrived(), 8 * 3840, UPLINK_ROOM);
	uplink_flush(&u);
	assert_in_range(arrived(), 3840, 3900);
	uplink_flush(&u);
	assert_int_equal(arrived(), -1);

	hear_output(9);
	record_init(&rec, "exec", 2, 2);
	rec.seq = 10;
	uplink_hear(&u, &rec);
	ssize_t n = arrived();

	for (char *line = sent, *next; line < sent + n; line = next + 1, count++) {
		next = memchr(line, '\n', sent + n - line);
		assert_non_null(next);
		assert_int_equal(record_decode(&rec, "5eed", line, next - line), RECORD_OK);
		assert_int_equal(rec.seq, 9 + count);
	}
	assert_int_equal(count, 2);
}

#define U(test) cmocka_unit_test_setup_teardown(test, begin, end)
RUN(U(a_record_goes_up_as_it_is), U(a_record_that_does_not_fit_is_dropped_and_said),
    U(a_record_from_below_goes_up_as_it_came), U(output_goes_up_together))
