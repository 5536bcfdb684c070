// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is reported of a child, to whom, and in which order.  Its QEMU is a shell script with the console
 * on descriptor 3 and the records on 4.
 */
#include "test.h"
#include "child/child.h"
#include "lib/clock.h"

#include <sys/stat.h>

#define ID "5eed"

static struct run run;
static struct child child;
static char heard[8192]; /* "KIND:FROM:ABOUT " */
static int ready_calls;

static void hear(void *context, const struct record *rec)
{
	size_t len = strlen(heard);

	(void)context;
	format(heard + len, sizeof(heard) - len, "%s:%d:%d ", rec->kind, rec->from, rec->about);
}

static void on_ready(void *context, const struct level *lv)
{
	assert_ptr_equal(context, &run);
	assert_true(lv->ready && lv->wall_s >= 0);
	ready_calls++;
}

static void add_record(FILE *f, int from, unsigned int seq, const char *kind, const char *key,
		       const char *value)
{
	char line[RECORD_MAX];
	struct record rec;

	record_init(&rec, kind, from, from);
	record_add(&rec, key, value);
	rec.seq = seq;
	assert_true(record_encode(&rec, ID, line) > 0);
	fputs(line, f);
}

/* FROM is ours; the child is the level below. */
static void begin(int from)
{
	FILE *f = fopen("records", "w");
	int level = from + 1;

	add_record(f, level, 0, "level", "total_kib", "1000");
	add_record(f, level, 1, "ready", "ready_s", "0.01");
	add_record(f, level, 2, "end", "up_s", "0.01");
	fclose(f);
	memset(&run, 0, sizeof(run));
	heard[0] = '\0';
	ready_calls = 0;
	options_init(&run.asked);
	run.asked.depth = level;
	strcpy(run.asked.run_id, ID);
	options_decide(&run.asked, SHELL_NONE, &run.decided);
	run.decided.deadline_s = now_s() + 20; /* limits the test */
	run_begin(&run, from, from < 0 ? 0 : from);
	if (run.teller.self) {
		run.teller.self->ready_s = 0.1;
		tell_level(&run.teller, "level");
		tell_level(&run.teller, "ready");
	}
	teller_listen(&run.teller, hear, NULL);
	child = (struct child){ .level = level, .run = &run, .pace_s = from < 0 ? UNKNOWN : 0.1 };
	child.on_ready = on_ready;
	child.context = &run;
}

static void run_child(const char *script)
{
	const struct vm_config config = { .machine = VM_PC,
					  .qemu = "./qemu",
					  .kernel = "/k",
					  .initramfs = "/i",
					  .cmdline = "quiet",
					  .extra_args = "",
					  .memory_kib = 65536 };
	char text[1024];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s", script);
	write_file("qemu", text);
	chmod("qemu", 0755);
	assert_int_equal(child_run(&child, &config), 0);
}

static void expect_heard(const char *words)
{
	if (!strstr(heard, words))
		wrong("'%s' is not in '%s'", words, heard);
}

/* The figures of a level's boot arrive before the news that it is ready, and nobody is blamed. */
static void an_orderly_child_is_told_of_and_passed_on(void **state)
{
	begin(1);
	run_child("cat records >&4; exit 33\n");
	expect_heard("level:2:2 level:1:2 check:1:2 check:1:2 ready:2:2 ");
	expect_heard("end:2:2 ");
	assert_null(strstr(heard, "stop:"));
	assert_int_equal(ready_calls, 1);
	assert_int_equal(run.teller.report.levels[2].total_kib, 1000);
}

static void a_host_does_the_same_and_has_no_level(void **state)
{
	begin(HOST_LEVEL);
	run_child("cat records >&4; exit 33\n");
	expect_heard("level:0:0 level:-1:0 check:-1:0 ready:0:0 ");
	assert_null(run.teller.self);
	assert_null(strstr(heard, "stop:"));
}

/* A child whose TSC is not the one that KVM computed its clock for: its time of day is ahead of ours. */
static void a_clock_that_is_ahead_is_told(void **state)
{
	const struct check *pace;
	char day[32];
	FILE *f;

	for (int ahead = 0; ahead < 2; ahead++) {
		begin(1);
		format(day, sizeof(day), "%.6f", clock_day_s() + (ahead ? 60 : 0));
		f = fopen("records", "w");
		add_record(f, 2, 0, "level", "clock_s", day);
		add_record(f, 2, 1, "ready", "ready_s", "0.01");
		add_record(f, 2, 2, "end", "up_s", "0.01");
		fclose(f);
		run_child("cat records >&4; exit 33\n");
		pace = level_check(&run.teller.report.levels[2], "pace");
		assert_non_null(pace);
		assert_int_equal(pace->result, ahead ? RESULT_FAIL : RESULT_PASS);
		assert_true(!ahead ||
			    strstr(pace->detail, "s ahead of this level's when it was ready"));
	}
}

/* What a child says of a level above itself is refused, not passed on, and counted against it. */
static void a_liar_is_not_believed(void **state)
{
	const struct level *lv = &run.teller.report.levels[2];
	FILE *f;

	begin(1);
	f = fopen("records", "a");
	add_record(f, 1, 50, "level", "total_kib", "1");
	fclose(f);
	run_child("cat records >&4; exit 33\n");
	assert_null(strstr(heard, "level:1:1"));
	assert_true(run.teller.report.levels[1].total_kib != 1);
	assert_false(level_sound(lv));
	assert_string_equal(lv->checks[lv->check_count - 1].id, "records");
}

/* The reason is the kernel's own message; the evidence is the end of its console and its log. */
static void a_panic_is_told_with_its_evidence(void **state)
{
	const struct report *r = &run.teller.report;

	begin(1);
	run_child("echo one >&3; echo 'Kernel panic - not syncing: two' >&3; exit 0\n");
	expect_heard("text:1:2 text:1:2 stop:1:2 last:1:2 last:1:2 proof:1:2 ");
	assert_int_equal(r->stop, STOP_PANIC);
	assert_int_equal(r->stop_level, 2);
	assert_non_null(strstr(r->detail, "two"));
	assert_int_equal(r->console_count, 2);
	assert_int_equal(ready_calls, 0);
}

static void those_above_hear_that_we_live(void **state)
{
	begin(1);
	child.heartbeat_s = 0.1;
	run_child("sleep 0.5; cat records >&4; exit 33\n");
	expect_heard("alive:1:1 alive:1:1 ");
	begin(HOST_LEVEL);
	child.heartbeat_s = 0.1;
	run_child("sleep 0.5; cat records >&4; exit 33\n");
	expect_heard("alive:-1:0 "); /* a host is no level: the record is about its child */
}

static void the_terminal_leads_to_the_level_with_the_shell(void **state)
{
	struct options asked;
	struct decided d;

	options_init(&asked);
	options_decide(&asked, 2, &d);
	assert_int_equal(child_terminal(&d, 1), VM_TERMINAL_PASSED_ON);
	assert_int_equal(child_terminal(&d, 2), VM_TERMINAL_SHELL);
	assert_int_equal(child_terminal(&d, 3), VM_NO_TERMINAL);
	d.shell = SHELL_NONE;
	assert_int_equal(child_terminal(&d, 0), VM_NO_TERMINAL);
}

RUN(T(an_orderly_child_is_told_of_and_passed_on), T(a_host_does_the_same_and_has_no_level),
    T(a_clock_that_is_ahead_is_told), T(a_liar_is_not_believed),
    T(a_panic_is_told_with_its_evidence), T(those_above_hear_that_we_live),
    T(the_terminal_leads_to_the_level_with_the_shell))
