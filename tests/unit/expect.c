// SPDX-License-Identifier: GPL-2.0-or-later
/* Known failures: read, applied to a report, and written. */
#include "test.h"
#include "host/expect.h"
#include "report/report.h"

static struct report r;
static struct expectations known;
static char passed[100];

static void hear(void *context, int level, const char *check, const char *test)
{
	size_t len = strlen(passed);

	(void)context;
	format(passed + len, sizeof(passed) - len, "%d %s %s;", level, check, test);
}

static void add(int level, const char *id, enum result result, const char *detail)
{
	struct subtest t = { .level = level, .check = "kut", .result = result };

	format(t.id, sizeof(t.id), "%s", id);
	format(t.detail, sizeof(t.detail), "%s", detail);
	assert_int_equal(report_add_subtest(&r, &t), 0);
}

/* L0 on an emulated CPU and L1 run the same tests, and a program that fails */
static int begin(void **state)
{
	struct check k = { "prog", RESULT_FAIL, 1, "s", "exit status 3" },
		     own = { "fpu", RESULT_FAIL, 1, "s", "" };

	passed[0] = '\0';
	report_init(&r, DEPTH_OPEN);
	r.outermost = 0;
	r.deepest = 1;
	for (int level = 0; level < 2; level++) {
		struct level *lv = report_level(&r, level);

		strcpy(lv->hypervisor, level ? "KVM" : "TCG");
		strcpy(lv->cpu_virt, "svm");
		add(level, "old", RESULT_FAIL, "it exits with 1");
		add(level, "good", RESULT_PASS, "");
	}
	level_add_check(report_level(&r, 1), &k);
	level_add_check(report_level(&r, 1), &own);
	report_program(&r, 1, "prog");
	return 0;
}

static int end(void **state)
{
	expect_free(&known);
	return 0;
}

static void expect(const char *text)
{
	expect_free(&known);
	write_file("known", text);
	assert_int_equal(expect_read(&known, "known"), 0);
	expect_apply(&known, &r, hear, NULL);
}

static void test_apply(void **state)
{
	expect("# a comment\n\nkut old 1 tcg-svm KVM cannot do it\nkut good all any why not\n"
	       "prog - 0,1 any later\n");
	assert_int_equal(r.subtests[0].result, RESULT_FAIL); /* L0's failure is new */
	assert_int_equal(r.subtests[2].result, RESULT_SKIP);
	assert_string_equal(r.subtests[2].detail, "xfail: KVM cannot do it");
	assert_int_equal(r.levels[1].checks[0].result, RESULT_SKIP);
	assert_string_equal(r.levels[1].checks[0].detail, "xfail: later");
	assert_string_equal(passed, "0 kut good;1 kut good;");
}

/* A known failure is known only for its CPU and its test. */
static void test_others(void **state)
{
	expect("kut old all bochs-vmx x\nkut older all any x\nother old all any x\nkut old 2,3 any "
	       "x\n"
	       "kut - all any x\n");
	assert_int_equal(r.subtests[0].result, RESULT_FAIL);
	assert_int_equal(r.subtests[2].result, RESULT_FAIL);
	assert_int_equal(r.levels[1].checks[0].result, RESULT_FAIL);
	assert_string_equal(passed, "");
}

/* One CPU in two versions: the failure is known only for the one without the feature. */
static void test_features(void **state)
{
	strcpy(r.levels[0].cpu_features, "npt nrip_save");
	expect("kut old 0 tcg-svm,-nrip_save x\nkut old 0 tcg-svm,npt,vgif x\nkut old 0 tcg,npt "
	       "x\n");
	assert_int_equal(r.subtests[0].result, RESULT_FAIL);
	expect("kut old 0 tcg-svm,nrip_save,-vgif x\nkut old 1 any,npt y\n");
	assert_int_equal(r.subtests[0].result, RESULT_SKIP);
	assert_int_equal(r.subtests[2].result, RESULT_SKIP);
}

/* The shipped table is well-formed. */
static void test_shipped(void **state)
{
	assert_int_equal(expect_read_shipped(&known), 0);
	for (int i = 0; i < known.count; i++)
		if (strcmp(known.known[i].suite, "kvm_selftests"))
			wrong("a table of kvm-selftests has: %s", known.known[i].suite);
}

/*
 * Failures that --learn wrote are expected the next time, with their reasons; checks of a level are never
 * written.
 */
static void test_learn(void **state)
{
	static char text[1000];

	expect("kut old 1 any an old reason\n");
	assert_int_equal(expect_learn(&r, "learnt"), 0);
	assert_int_equal(read_text("learnt", text, sizeof(text)), 0);
	assert_string_equal(strchr(text, '\n') + 1, "kut old 0 tcg-svm it exits with 1\n"
						    "kut old 1 tcg-svm an old reason\n"
						    "prog - 1 tcg-svm exit status 3");
	begin(NULL);
	expect_free(&known);
	assert_int_equal(expect_read(&known, "learnt"), 0);
	expect_apply(&known, &r, hear, NULL);
	assert_int_equal(r.subtests[0].result, RESULT_SKIP);
	assert_int_equal(r.subtests[2].result, RESULT_SKIP);
	assert_int_equal(r.levels[1].checks[0].result, RESULT_SKIP);
	assert_int_equal(r.levels[1].checks[1].result, RESULT_FAIL);
	assert_int_equal(expect_learn(&r, "/nowhere/known"), -1);
}

static void test_malformed(void **state)
{
	static const char *const bad[][2] = {
		{ "kut old 1 any\n", "known:1: a line is SUITE TEST LEVELS CPU REASON" },
		{ "\nkut old x any why\n", "known:2: 'x' is not a list of levels" },
		{ "kut Old 1 any why\n", "known:1: 'kut Old' is not a test" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_file("known", bad[i][0]);
		assert_int_equal(expect_read(&known, "known"), -1);
		if (strncmp(last_error(), bad[i][1], strlen(bad[i][1])))
			wrong("%s: %s", bad[i][0], last_error());
		expect_free(&known);
	}
	assert_int_equal(expect_read(&known, "/nowhere/known"), -1);
}

#define S(test) cmocka_unit_test_setup_teardown(test, begin, end)
RUN(S(test_apply), S(test_others), S(test_features), S(test_shipped), S(test_learn),
    S(test_malformed))
