// SPDX-License-Identifier: GPL-2.0-or-later
#include "spoken.h"
#include "report/report.h"

#define HOST (-1)

static struct report r;
static unsigned int seq[MAX_LEVEL + 2];

/* Sends a record with the sender's next number. */
static int say(int from, int about, const char *kind, const char *fields)
{
	struct record rec;

	speak(&rec, from, about, kind, fields);
	rec.seq = seq[from + 1]++;
	rec.sum = record_crc(kind, fields, strlen(fields));
	return report_add(&r, &rec);
}

static void level_up(int level)
{
	assert_int_equal(say(level, level, "level", "kernel=6.12,total_kib=1000"), 0);
	assert_int_equal(say(level, level, "check", "id=fpu,result=pass,value=10,unit=exits"), 0);
	assert_int_equal(say(level, level, "ready", "ready_s=1.5"), 0);
}

static int start(void **state)
{
	memset(seq, 0, sizeof(seq));
	report_init(&r, DEPTH_OPEN);
	return 0;
}

/* A level cannot know the exits of its program, and its parent cannot know how it ended. */
static void test_program(void **state)
{
	level_up(0);
	level_up(1);
	assert_int_equal(say(1, 1, "exec", "id=exec,state=off,status=0"), 0);
	assert_int_equal(say(0, 1, "exec", "id=exec,exits=12"), 0);
	assert_int_equal(say(1, 1, "exec", "id=exec,exits=12"), -1);
	seq[1]--; /* it was refused */
	seq[2]--;
	assert_int_equal(say(0, 1, "exec", "id=exec,state=off,status=0"), -1);
}

static void test_chain(void **state)
{
	for (int level = 0; level < 4; level++)
		level_up(level);
	for (int level = 0; level < 2; level++)
		assert_int_equal(say(level, level + 1, "level", "wall_s=1"), 0);
	assert_int_equal(say(2, 3, "level", "wall_s=2,boot=3000"), 0);
	assert_int_equal(say(HOST, 3, "level", "chain=90000"), 0);
	assert_int_equal(say(3, 3, "stop", "reason=memory,detail=too small"), 0);
	report_finish(&r);
	assert_int_equal(r.outermost, 0);
	assert_int_equal(r.deepest, 3);
	assert_int_equal(r.reached, 3);
	assert_int_equal(r.stop, STOP_MEMORY);
	assert_int_equal(r.stop_level, 3);
	assert_true(r.ok);
	assert_int_equal(r.lost_records, 0);
	assert_int_equal(r.levels[3].exits_boot, 3000);
	assert_int_equal(r.levels[3].exits_chain, 90000);
	assert_int_equal(r.levels[2].exits_boot, UNKNOWN);
	assert_string_equal(r.levels[0].role, "machine");
	assert_string_equal(r.levels[2].role, "hypervisor");
	assert_string_equal(r.levels[3].role, "guest");
}

static void test_outermost_is_l1(void **state)
{
	level_up(1);
	level_up(2);
	say(2, 2, "stop", "reason=memory");
	report_finish(&r);
	assert_int_equal(r.outermost, 1);
	assert_int_equal(r.reached, 2);
	assert_string_equal(r.levels[1].role, "hypervisor");
}

/* No level may send records before the level above it is ready. */
static void test_order(void **state)
{
	assert_int_equal(say(0, 0, "level", "kernel=6.12"), 0);
	assert_int_equal(say(1, 1, "level", "kernel=forged"), -1);
	assert_int_equal(say(1, 1, "ready", ""), -1);
	assert_int_equal(say(2, 2, "level", "kernel=forged"), -1);
	seq[1 + 1] = 0;
	assert_int_equal(say(0, 0, "ready", ""), 0);
	assert_int_equal(say(2, 2, "level", "kernel=forged"), -1);
	assert_int_equal(say(1, 1, "ready", ""), -1); /* not before its first words */
	seq[1 + 1] = 0;
	assert_int_equal(say(1, 1, "level", "kernel=6.12"), 0);
	assert_int_equal(r.deepest, 1);
	assert_string_equal(r.levels[1].kernel, "6.12");
	assert_int_equal(r.lost_records, 0);
}

/* A level may not speak of those above it, nor send figures that its parent measures. */
static void test_forged(void **state)
{
	level_up(0);
	level_up(1);
	assert_int_equal(say(1, 0, "level", "kernel=forged"), -1);
	assert_int_equal(say(1, 0, "stop", "reason=panic"), -1);
	assert_int_equal(say(1, 0, "ready", ""), -1);
	assert_int_equal(say(1, HOST, "level", "kernel=forged"), -1);
	assert_int_equal(say(0, HOST, "stop", "reason=panic"), -1);
	assert_int_equal(say(1, 1, "level", "wall_s=0.001"), -1); /* measured by L0 */
	assert_int_equal(say(1, 1, "level", "boot=1"), -1);
	assert_int_equal(say(0, 1, "level", "kernel=forged"), -1); /* L1's own */
	assert_int_equal(say(0, 1, "ready", ""), -1);
	assert_int_equal(say(0, 2, "ready", ""), -1);
	assert_int_equal(say(0, 2, "stop", "reason=panic"), -1); /* it never heard of L2 */
	assert_int_equal(say(0, MAX_LEVEL, "level", "chain=1"), -1);
	assert_int_equal(say(1, 1, "ready", "ready_s=9"), -1); /* once is enough */
	/* A child can neither send nor replace its parent's checks of it, and vice versa. */
	assert_int_equal(say(0, 1, "check", "id=archive,result=fail,value=1,unit=s"), 0);
	assert_int_equal(say(1, 1, "check", "id=archive,result=pass,value=1,unit=s"), -1);
	assert_int_equal(say(1, 1, "check", "id=kernel,result=pass,value=1,unit=s"), -1);
	assert_int_equal(say(0, 1, "check", "id=fpu,result=fail,value=1,unit=s"), -1);
	assert_false(level_sound(&r.levels[1]));
	report_finish(&r);
	assert_int_equal(r.reached, 1);
	assert_string_equal(r.levels[0].kernel, "6.12");
	assert_string_equal(r.levels[1].kernel, "6.12");
	assert_true(r.levels[1].ready_s == 1.5);
	assert_false(r.used[2] || r.used[MAX_LEVEL]);
	assert_int_equal(r.levels[1].exits_boot, UNKNOWN);
	assert_int_equal(r.stop, STOP_LOST);
}

/* A level's first record may be about its child, because earlier ones may have been lost. */
static void test_first_words(void **state)
{
	r.outermost = 0;
	assert_int_equal(say(0, 1, "stop", "reason=crash"), 0);
	report_finish(&r);
	assert_int_equal(r.deepest, 0);
	assert_int_equal(r.stop_level, 1);
	assert_false(r.ok);
}

static enum result after(const char *detail, const char *reason)
{
	char fields[200];

	start(NULL);
	level_up(0);
	level_up(1);
	format(fields, sizeof(fields), "id=svm_npt,result=fail,value=0,unit=facts,detail=%s",
	       detail);
	assert_int_equal(say(1, 1, "check", fields), 0);
	assert_int_equal(say(1, 1, "stop", "reason=depth,detail=reached"), 0);
	format(fields, sizeof(fields), "reason=%s,detail=x", reason);
	assert_int_equal(say(0, 1, "stop", fields), 0);
	report_finish(&r);
	assert_int_equal(r.stop, strcmp(reason, "time") ? STOP_HANG : STOP_DEPTH);
	return level_check(&r.levels[1], "svm_npt")->result;
}

/* A busy machine may use up the time while a check runs, which is no bug of KVM's. */
static void test_check_without_time(void **state)
{
	assert_int_equal(after(CHECK_UNFINISHED, "time"), RESULT_SKIP);
	assert_int_equal(after(CHECK_UNFINISHED, "hang"), RESULT_FAIL);
	assert_int_equal(after("its guest did not end in time", "time"), RESULT_FAIL);
}

/* However many checks a level reports, there is room for its parent's. */
static void test_many_checks(void **state)
{
	char fields[64];
	int said = 0;

	level_up(0);
	assert_int_equal(say(1, 1, "level", "kernel=x"), 0);
	for (int i = 0; i < 2 * MAX_CHECKS; i++) {
		format(fields, sizeof(fields), "id=c%d,result=pass,value=1,unit=s", i);
		said += !say(1, 1, "check", fields);
		seq[1 + 1] = said + 1;
	}
	assert_int_equal(said, MAX_CHECKS - 9);
	assert_int_equal(say(1, 1, "ready", ""), 0);
	assert_int_equal(say(0, 1, "check", "id=archive,result=fail,value=1,unit=s"), 0);
	assert_int_equal(say(0, 1, "check", "id=kernel,result=pass,value=1,unit=s"), 0);
	assert_int_equal(say(0, 1, "check", "id=records,result=fail,value=1,unit=s"), 0);
}

/* A level that is ready reports its own shell; the run goes on, so there is no verdict. */
static void test_shell(void **state)
{
	level_up(0);
	assert_int_equal(say(1, 1, "level", "kernel=6.12"), 0);
	assert_int_equal(say(1, 1, "shell", "state=on"), -1);
	assert_int_equal(say(1, 1, "ready", "ready_s=1.5"), 0);
	assert_int_equal(say(0, 1, "shell", "state=on"), -1);
	assert_int_equal(say(1, 1, "stop", "reason=depth,detail=reached"), 0);
	assert_int_equal(say(1, 1, "shell", "state=on"), 0);
	report_so_far(&r);
	assert_int_equal(r.stop, STOP_NONE);
	assert_int_equal(r.reached, 1);
	assert_string_equal(r.levels[0].role, "machine");
	assert_string_equal(r.levels[1].role, "guest");
	assert_false(r.ok);
}

/* A chain may begin at any level, without a hole above it. */
static void test_begins_deep(void **state)
{
	r.outermost = 0;
	assert_int_equal(say(5, 5, "level", "kernel=forged"), -1);
	assert_int_equal(say(1, 1, "level", "kernel=forged"), -1);
	level_up(0);
	report_finish(&r);
	assert_int_equal(r.deepest, 0);
}

/*
 * A parent may not report what only the level itself can know; some of it only counts once the level is
 * ready.
 */
static void test_senders(void **state)
{
	static const char *const own[] = { "ready", "end", "shell", "exec", "out" };
	unsigned int next;

	level_up(0);
	say(1, 1, "level", "kernel=6.12");
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		next = seq[0 + 1];
		if (say(0, 1, own[i], "") != -1)
			wrong("L0 may say '%s' of L1", own[i]);
		seq[0 + 1] = next;
		next = seq[1 + 1];
		if (i >= 2 && say(1, 1, own[i], "") != -1)
			wrong("L1 may say '%s' before it is ready", own[i]);
		seq[1 + 1] = next;
	}
	assert_int_equal(say(1, 1, "ready", ""), 0);
	for (size_t i = 1; i < ARRAY_SIZE(own); i++)
		assert_int_equal(say(1, 1, own[i], ""), 0);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *kind, *fields;
	} bad[] = {
		{ "level", "kernel=x,total_kib=-1" },
		{ "level", "total_kib=nan" },
		{ "level", "total_kib=1e300" },
		{ "level", "total_kib=99999999999999999999999999999999999" },
		{ "level", "nonsense=1" },
		{ "level", "checks=1" },
		{ "check", "result=pass,value=1,unit=s" },
		{ "check", "id=,result=pass,value=1,unit=s" },
		{ "check", "id=l2 ready>,result=pass,value=1,unit=s" },
		{ "check", "id=FPU,result=pass,value=1,unit=s" },
		{ "check", "id=fpu,result=PASS,value=1,unit=s" },
		{ "check", "id=fpu,result=,value=1,unit=s" },
		{ "check", "id=fpu,result=pass,value=,unit=s" },
		{ "check", "id=fpu,result=pass,value=1 2,unit=s" },
		{ "check", "id=fpu,result=pass,value=-1,unit=s" },
		{ "check", "id=fpu,result=pass,value=-0,unit=s" },
		{ "check", "id=fpu,result=pass,value=inf,unit=s" },
		{ "level", "kernel_s=-0.0" },
		{ "check", "id=fpu,result=pass,value=99999999999999999999999,unit=s" },
		{ "check", "id=fpu,result=pass,value=1" },
		{ "check", "id=fpu,result=pass,value=1,unit=a>b" },
		{ "stop", "detail=none given" },
		{ "stop", "reason=none" },
		{ "stop", "reason=boredom" },
		{ "reboot", "now=1" },
		{ "", "" },
	};
	struct level before;

	level_up(0);
	before = r.levels[0];
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		unsigned int now = seq[0 + 1];

		if (say(0, 0, bad[i].kind, bad[i].fields) != -1)
			wrong("accepted: %s %s", bad[i].kind, bad[i].fields);
		if (memcmp(&before, &r.levels[0], sizeof(before)))
			wrong("something is kept of: %s %s", bad[i].kind, bad[i].fields);
		seq[0 + 1] = now;
	}
	assert_int_equal(r.stop, STOP_NONE);
	assert_int_equal(say(0, 0, "alive", ""), 0);
	assert_int_equal(r.lost_records, 0); /* one that is refused leaves no gap by itself */
}

/*
 * A level that has a parent keeps, of levels below its child, what it needs to judge later records, and no
 * checks.
 */
static void test_keeps_what_it_needs(void **state)
{
	r.keeps_checks_to = 1;
	for (int level = 0; level < 3; level++)
		level_up(level);
	assert_int_equal(r.levels[1].check_count, 1);
	assert_int_equal(r.levels[2].check_count, 0);
	assert_true(r.levels[2].ready && r.levels[2].total_kib == 1000);
	assert_int_equal(say(2, 2, "check", "id=fpu,result=pass,value=-1,unit=s"), -1);
	seq[2 + 1]--;
	assert_int_equal(say(2, 2, "check", "id=archive,result=pass,value=1,unit=s"), -1);
	seq[2 + 1]--;
	assert_int_equal(say(2, 2, "alive", ""), 0);
}

static void test_gaps_and_repeats(void **state)
{
	level_up(0); /* 0, 1, 2 */
	seq[0 + 1] = 5;
	assert_int_equal(say(0, 0, "alive", ""), 0);
	assert_int_equal(r.lost_records, 2);
	seq[0 + 1] = 5;
	assert_int_equal(say(0, 0, "alive", ""), 1); /* a repeat */
	/* Of two records with one number one is forged: the forger may have come first. */
	seq[0 + 1] = 5;
	assert_int_equal(say(0, 0, "stop", "reason=panic"), -1);
	seq[0 + 1] = 0;
	assert_int_equal(say(0, 0, "level", "kernel=old"), -1);
	assert_string_equal(r.levels[0].kernel, "6.12");
	assert_int_equal(r.stop, STOP_NONE);
	level_up(1); /* each sender counts for itself */
	assert_int_equal(r.lost_records, 2);
	seq[0 + 1] = 6;
	assert_int_equal(say(0, 0, "alive", ""), 0);
	assert_int_equal(r.lost_records, 2);
	/* Accepting a number so far ahead would make all later records of the real sender repeats. */
	seq[0 + 1] = 900000000;
	assert_int_equal(say(0, 0, "alive", ""), -1);
	assert_int_equal(r.lost_records, 2);
	seq[0 + 1] = 7;
	assert_int_equal(say(0, 0, "alive", ""), 0);
}

/* A failure outweighs an ordinary end; of two failures the first is the cause. */
static void test_which_stop_wins(void **state)
{
	static const struct {
		const char *first, *second, *wins;
	} pairs[] = {
		{ "depth", "panic", "panic" }, { "panic", "depth", "panic" },
		{ "time", "hang", "hang" },    { "panic", "lost", "panic" },
		{ "crash", "panic", "crash" }, { "memory", "time", "memory" },
		{ "memory", "lost", "lost" },  { "no-virt", "crash", "no-virt" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		char fields[64];

		start(state);
		level_up(0);
		level_up(1);
		format(fields, sizeof(fields), "reason=%s,detail=first", pairs[i].first);
		assert_int_equal(say(1, 1, "stop", fields), 0);
		format(fields, sizeof(fields), "reason=%s,detail=second", pairs[i].second);
		assert_int_equal(say(0, 1, "stop", fields), 0);
		assert_string_equal(stop_names[r.stop], pairs[i].wins);
		assert_string_equal(r.detail, pairs[i].wins == pairs[i].first ? "first" : "second");
	}
}

static void test_last_lines(void **state)
{
	level_up(0);
	level_up(1);
	say(0, 1, "last", "line=before the stop");
	assert_int_equal(r.console_count, 0);
	say(0, 1, "stop", "reason=panic,detail=a\x1b[2Jb");
	assert_string_equal(r.detail, "a?[2Jb");
	for (int i = 0; i < REPORT_LINES + 3; i++)
		assert_int_equal(say(0, 1, "last", i ? "line=again" : "line=\x1bone"), 0);
	say(0, 2, "last", "line=of another level");
	assert_int_equal(r.console_count, REPORT_LINES);
	assert_string_equal(r.console[0], "?one");
	assert_string_equal(r.console[1], "again");
}

static void finish(int requested, int levels, const char *stop, bool sound)
{
	char fields[64];

	start(NULL);
	report_init(&r, requested);
	for (int i = 0; i < levels; i++) {
		level_up(i);
		if (i)
			say(i - 1, i, "level", "wall_s=1");
	}
	if (!sound)
		say(0, 0, "check", "id=clock,result=fail,value=0,unit=reads");
	format(fields, sizeof(fields), "reason=%s", stop);
	if (*stop)
		say(levels ? levels - 1 : HOST, levels ? levels - 1 : 0, "stop", fields);
	report_finish(&r);
}

static void test_ok(void **state)
{
	static const struct {
		int requested, levels;
		const char *stop;
		bool sound, ok;
	} table[] = {
		{ 2, 3, "depth", true, true },
		{ 2, 3, "depth", false, false },
		{ 0, 1, "depth", true, true },
		{ 2, 2, "depth", true, false },
		{ 2, 2, "memory", true, false },
		{ 2, 3, "panic", true, false },
		{ 2, 2, "time", true, false },
		{ 3, 3, "depth", true, false },
		{ DEPTH_OPEN, 3, "memory", true, true },
		{ DEPTH_OPEN, 3, "time", true, true },
		{ DEPTH_OPEN, 3, "time", false, false },
		{ DEPTH_OPEN, 3, "panic", true, false },
		{ DEPTH_OPEN, 1, "no-virt", true, false },
		{ DEPTH_OPEN, 3, "hang", true, false },
		{ DEPTH_OPEN, 3, "", true, false },
		{ DEPTH_OPEN, 0, "time", true, false },
		{ DEPTH_OPEN, 0, "", true, false },
		{ 0, 0, "depth", true, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char sentence[600];

		finish(table[i].requested, table[i].levels, table[i].stop, table[i].sound);
		if (r.ok != table[i].ok)
			wrong("case %zu", i);
		report_sentence(&r, sentence, sizeof(sentence));
		assert_non_null(strstr(sentence, *table[i].stop ? table[i].stop : "lost"));
		report_finish(&r); /* twice is once */
		assert_int_equal(r.ok, table[i].ok);
	}
}

/* Random records: nothing breaks, and what was known stays. */
static void test_hostile(void **state)
{
	static const char *const kinds[] = { "level", "check", "stop",	"last",
					     "ready", "text",  "alive", "end" };
	static const char *const fields[] = {
		"kernel=x",    "total_kib=5", "id=a,result=fail,value=1,unit=s",
		"reason=hang", "line=x",      "wall_s=1"
	};
	uint32_t seed = 3;

	r.outermost = 0;
	for (int i = 0; i < 20000; i++) {
		int from = (int)(scramble(&seed) % 65) - 1, about = (int)(scramble(&seed) % 65) - 1;

		if (i % 4)
			from %= 4, about = from + scramble(&seed) % 2;
		seq[from + 1] = scramble(&seed) % 1000;
		say(from, about, kinds[scramble(&seed) % ARRAY_SIZE(kinds)],
		    fields[scramble(&seed) % ARRAY_SIZE(fields)]);
		if (i % 100)
			continue;
		report_finish(&r);
		assert_in_range(r.reached, 0, MAX_LEVEL);
		for (int n = r.outermost; n < r.reached; n++)
			assert_true(r.levels[n].ready);
		report_init(&r, i % 200 ? 3 : DEPTH_OPEN);
		r.outermost = 0;
	}
}

#define S(test) cmocka_unit_test_setup(test, start)
RUN(S(test_chain), S(test_program), S(test_outermost_is_l1), S(test_order), S(test_forged),
    S(test_shell), S(test_first_words), S(test_many_checks), S(test_check_without_time),
    S(test_begins_deep), S(test_senders), S(test_malformed), S(test_keeps_what_it_needs),
    S(test_gaps_and_repeats), S(test_which_stop_wins), S(test_last_lines), S(test_ok),
    S(test_hostile))
