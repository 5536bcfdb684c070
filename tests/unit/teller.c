// SPDX-License-Identifier: GPL-2.0-or-later
/* Every record is in the report and reaches every listener, once and in order, and lines are readable. */
#include "test.h"
#include "report/lines.h"
#include "report/teller.h"

static struct teller t;
static struct record heard[40];
static int count, later;

static void hear(void *context, const struct record *rec)
{
	assert_ptr_equal(context, &t);
	assert_int_equal(later, count);
	heard[count] = *rec;
	for (int i = 0; i < rec->count; i++) {
		heard[count].field[i].key = heard[count].text + (rec->field[i].key - rec->text);
		heard[count].field[i].value = heard[count].text + (rec->field[i].value - rec->text);
	}
	count++;
}

static void hear_later(void *context, const struct record *rec)
{
	(void)context;
	assert_string_equal(rec->kind, heard[later].kind);
	later++;
}

static int begin(void **state)
{
	count = later = 0;
	teller_init(&t, 1, 1, 3);
	teller_listen(&t, hear, &t);
	teller_listen(&t, hear_later, NULL);
	return 0;
}

static void what_is_new_is_told_once_and_last_by_its_kind(void **state)
{
	t.self->total_kib = 1000;
	t.self->kernel_s = 0.5;
	tell_level(&t, "level");
	assert_int_equal(count, 1);
	assert_string_equal(heard[0].kind, "level");
	assert_int_equal(heard[0].count, 2);
	tell_level(&t, "level"); /* nothing is new */
	assert_int_equal(count, 1);
	t.self->ready_s = 2;
	t.self->total_kib = 999;
	tell_level(&t, "ready");
	assert_int_equal(count, 2);
	assert_string_equal(heard[1].kind, "ready");
	assert_int_equal(heard[1].count, 2);
	assert_int_equal(heard[1].seq, 1);
	assert_true(t.report.levels[1].ready);
	tell_level(&t, "ready"); /* even if nothing is new: listeners wait for this kind */
	assert_int_equal(count, 3);
}

static void a_level_with_all_its_figures_fits_records(void **state)
{
	int fields = 0, sent = 0;
	char line[RECORD_MAX];

	for (int i = 0; i < level_field_count; i++) {
		const struct field *f = &level_fields[i];
		char value[256];

		if (f->source != BY_LEVEL)
			continue;
		fields++;
		memset(value, '9', sizeof(value));
		value[f->type == FIELD_TEXT || f->type == FIELD_LIST ? f->size - 1 : 15] = '\0';
		assert_int_equal(level_set(t.self, f, value), 0);
	}
	tell_level(&t, "ready");
	for (int i = 0; i < count; i++) {
		sent += heard[i].count;
		assert_string_equal(heard[i].kind, i < count - 1 ? "level" : "ready");
		assert_true(record_encode(&heard[i], "0123456789abcdef", line) > 0);
	}
	assert_int_equal(sent, fields);
}

static void what_is_unknown_is_no_field(void **state)
{
	tell_number(&t, 1, "alive", "exits", UNKNOWN);
	assert_int_equal(heard[0].count, 0);
	tell_number(&t, 1, "alive", "exits", 0);
	assert_string_equal(record_get(&heard[1], "exits"), "0");
}

/* A host is no level: its records are about its child. */
static void a_host_tells_of_its_child(void **state)
{
	struct reason why;

	teller_init(&t, HOST_LEVEL, 0, 1);
	teller_listen(&t, hear, &t);
	teller_listen(&t, hear_later, NULL);
	assert_null(t.self);
	tell_number(&t, 0, "alive", "exits", 12);
	reason_set(&why, STOP_HANG, "it hangs for %d s", 5);
	tell_stop(&t, 0, &why);
	assert_int_equal(count, 2);
	assert_int_equal(heard[1].seq, 1);
	assert_int_equal(t.report.stop, STOP_HANG);
	assert_string_equal(t.report.detail, "it hangs for 5 s");
}

/* ---- lines for the user ------------------------------------------------------------------ */

static char text[4096];

static const char *lines_of(int from, const char *kind, const char *key, const char *value,
			    bool raw)
{
	FILE *out = fmemopen(text, sizeof(text), "w");
	struct lines l = { .out = out, .raw = &raw, .from = 1 };
	struct record rec;

	memset(text, 0, sizeof(text));
	record_init(&rec, kind, from, from);
	record_add(&rec, key, value);
	lines_hear(&l, &rec);
	fclose(out);
	return text;
}

static void events_are_lines(void **state)
{
	assert_string_equal(lines_of(2, "ready", "ready_s", "1", false), "# supernest: L2 ready\n");
	assert_string_equal(lines_of(2, "text", "line", "hello", false),
			    "# supernest: L2| hello\n");
	assert_string_equal(lines_of(2, "level", "ready_s", "1", false), "");
	assert_string_equal(lines_of(2, "alive", "exits", "1", false), "");
}

/* While a shell has the terminal, the terminal is raw. */
static void a_raw_terminal_gets_its_carriage_back(void **state)
{
	assert_string_equal(lines_of(2, "ready", "ready_s", "1", true),
			    "# supernest: L2 ready\r\n");
}

static void no_child_writes_a_line_of_ours(void **state)
{
	assert_string_equal(lines_of(2, "text", "line", "\033[2J\n# supernest: end", false),
			    "# supernest: L2| ?[2J?? supernest: end\n");
}

/* At a level's own console the escape does not work: nothing filters the input there. */
static void a_shell_says_how_it_ends(void **state)
{
	assert_null(strstr(lines_of(1, "shell", "state", "on", false), SHELL_ESCAPE));
	assert_non_null(strstr(lines_of(2, "shell", "state", "on", false), SHELL_ESCAPE));
	assert_string_equal(lines_of(2, "shell", "state", "off", false),
			    "# supernest: L2: its shell has ended\n");
}

static void a_level_without_a_reader_says_nothing(void **state)
{
	struct lines l = { .out = NULL };

	lines_say(&l, "%s", "nobody is there");
}

#define B(test) cmocka_unit_test_setup(test, begin)
RUN(B(what_is_new_is_told_once_and_last_by_its_kind), B(a_level_with_all_its_figures_fits_records),
    B(what_is_unknown_is_no_field), B(a_host_tells_of_its_child), T(events_are_lines),
    T(a_raw_terminal_gets_its_carriage_back), T(no_child_writes_a_line_of_ours),
    T(a_shell_says_how_it_ends), T(a_level_without_a_reader_says_nothing))
