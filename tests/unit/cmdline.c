// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line is passed on completely or refused. */
#include "test.h"
#include "child/cmdline.h"

#include <errno.h>

static void test_full(void **state)
{
	char line[CMDLINE_SIZE + 1];

	memset(line, 'x', sizeof(line));
	line[CMDLINE_SIZE] = '\0';
	for (size_t len = CMDLINE_SIZE - 1; len >= CMDLINE_SIZE - 4; len--) {
		line[len] = '\0';
		assert_true(cmdline_is_full(line));
	}
	line[CMDLINE_SIZE - 5] = '\0';
	assert_false(cmdline_is_full(line));
	assert_false(cmdline_is_full(""));
}

static void test_whole(void **state)
{
	char text[8], file[10];

	assert_int_equal(format_whole("it", text, sizeof(text), "%s", "1234567"), 0);
	assert_int_equal(format_whole("the line", text, sizeof(text), "%s", "12345678"), -1);
	assert_string_equal(last_error(), "the line has 8 bytes, and the limit is 7: shorten it");
	write_file("words", "1234567\n");
	assert_int_equal(read_whole("words", file, sizeof(file)), 0);
	assert_string_equal(file, "1234567");
	write_file("words", "123456789\n");
	assert_int_equal(read_whole("words", file, sizeof(file)), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(read_whole("nowhere", file, sizeof(file)), -1);
	assert_int_equal(errno, ENOENT);
}

/* There is room for what our kernel prepends to its command line. */
static void test_own_words(void **state)
{
	static char config[65536];
	char path[400], *line;

	format(path, sizeof(path), "%s/kernel-config", getenv("TOP"));
	assert_int_equal(read_whole(path, config, sizeof(config)), 0);
	line = strstr(config, "CONFIG_CMDLINE=\"");
	assert_non_null(line);
	assert_true(strcspn(line, "\n") - strlen("CONFIG_CMDLINE=\"\"") + 1 < CMDLINE_OWN);
}

/* A line may be for one CPU, for one kernel, for both, or for all. */
static void test_prefixes(void **state)
{
	char words[100];

	write_file("words",
		   "# a comment\nquiet\n\nsvm:a=1\nvmx:b=2\nown:c=3\nany:d=4\nsvm:own:e=5\n"
		   "vmx:own:f=6\nown:any:g=7\n");
	assert_int_equal(cmdline_read("words", "svm", "own", words, sizeof(words)), 0);
	assert_string_equal(words, "quiet a=1 c=3 e=5");
	assert_int_equal(cmdline_read("words", "vmx", "any", words, sizeof(words)), 0);
	assert_string_equal(words, "quiet b=2 d=4");
	assert_int_equal(cmdline_read("words", "vmx", "any", words, 8), -1); /* not half of them */
	assert_int_equal(cmdline_read("nowhere", "svm", "own", words, sizeof(words)), -1);
}

static const char *handed_down(const struct decided *d, int level, double pace_s)
{
	static char line[CMDLINE_SIZE];
	char *seed;

	assert_int_equal(cmdline_make(d, level, pace_s, "quiet", line), 0);
	seed = strstr(line, " nest.seed=");
	assert_non_null(seed);
	memmove(seed, seed + 75, strlen(seed + 75) + 1); /* 64 digits */
	return line;
}

/* What a level is told of its run. */
static void test_handed_down(void **state)
{
	struct options asked;
	struct decided d;
	char words[CMDLINE_SIZE], line[CMDLINE_SIZE];

	options_init(&asked);
	strcpy(asked.run_id, "5eed");
	options_decide(&asked, SHELL_NONE, &d);
	assert_string_equal(handed_down(&d, 2, 1),
			    "quiet nest.level=2 nest.id=5eed nest.depth=max");
	d.depth = 3;
	d.shell = 2;
	assert_string_equal(handed_down(&d, 2, 1),
			    "quiet nest.level=2 nest.id=5eed nest.depth=3 nest.shell=2");
	assert_string_equal(handed_down(&d, 3, 1), "quiet nest.level=3 nest.id=5eed nest.depth=3");
	d.smp = 4;
	assert_string_equal(handed_down(&d, 3, 1),
			    "quiet nest.level=3 nest.id=5eed nest.depth=3 nest.smp=4");
	d.smp = 1;
	d.save_restore = 50;
	assert_string_equal(handed_down(&d, 3, 1),
			    "quiet nest.level=3 nest.id=5eed nest.depth=3 nest.save_restore=50");
	d.save_restore = 0;
	d.enlightened = true;
	assert_string_equal(handed_down(&d, 3, 1),
			    "quiet nest.level=3 nest.id=5eed nest.depth=3 nest.enlightened=on");
	d.enlightened = false;
	d.nesting = NESTING_RECURSIVE;
	assert_string_equal(handed_down(&d, 3, 1), "quiet nest.level=3 nest.id=5eed nest.depth=3 "
						   "nest.nesting=recursive");
	d.nesting = NESTING_CLASSIC;
	/* Part of the time budget is kept for an orderly end: here two seconds of 100, plus a boot. */
	d.deadline_s = now_s() + 100.5;
	assert_non_null(strstr(handed_down(&d, 3, 10), " nest.timeout=87"));
	d.nesting = NESTING_RECURSIVE; /* its level is as fast as ours */
	d.deadline_s = now_s() + 100.5;
	assert_non_null(strstr(handed_down(&d, 3, 10), " nest.timeout=97"));
	d.nesting = NESTING_CLASSIC;
	d.deadline_s = now_s() + 4.1;
	assert_non_null(strstr(handed_down(&d, 3, 10), " nest.timeout=3")); /* a quarter at most */
	d.deadline_s = now_s() - 1;
	assert_non_null(strstr(handed_down(&d, 3, 10), " nest.timeout=1")); /* 0 would be none */
	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	assert_int_equal(cmdline_make(&d, 3, 1, words, line), -1);
}

/* A level's kernel takes its own parameters; settings for the levels below are handed down. */
static void test_settings(void **state)
{
	struct options asked;
	struct decided d;
	char words[60] = "quiet", line[CMDLINE_SIZE];

	options_init(&asked);
	strcpy(asked.run_id, "5eed");
	options_decide(&asked, SHELL_NONE, &d);
	d.set = (struct settings){ 2, { "1:kvm_amd.npt=0", "2,3:kvm.tdp_mmu=0" } };
	d.cpus = (struct settings){ 1, { "2:host,-x2apic" } };
	assert_non_null(strstr(handed_down(&d, 1, 1),
			       "nest.depth=max kvm_amd.npt=0 nest.set=1:kvm_amd.npt=0 "
			       "nest.set=2,3:kvm.tdp_mmu=0 nest.cpu_at=2:host,-x2apic"));
	assert_non_null(strstr(handed_down(&d, 3, 1),
			       "nest.depth=max kvm.tdp_mmu=0 nest.set=2,3:kvm.tdp_mmu=0"));
	assert_null(strstr(handed_down(&d, 3, 1), "cpu_at"));
	assert_null(strstr(handed_down(&d, 4, 1), "kvm"));
	cmdline_offer("svm", words, sizeof(words));
	assert_string_equal(words, "quiet nest.offered=svm");
	/* What does not fit is an error; nothing is silently left out. */
	d.set.count = SETTINGS_MAX;
	for (int i = 0; i < SETTINGS_MAX; i++)
		format(d.set.item[i], SETTING_SIZE, "all:kvm.x=%080d", i);
	assert_int_equal(cmdline_make(&d, 3, 1, "quiet", line), -1);
}

/* Ticks use little of the CPU at any depth, and keep their rate where they are cheap. */
static void test_tick(void **state)
{
	double classic_s = 20e-6;

	for (int level = 2; level < 10; level++, classic_s *= 3.6) {
		int n = cmdline_tick_jiffies(classic_s, level, false);

		assert_in_range(n, 1, 40); /* 2 s */
		assert_true(level > 3 || n == 1);
		assert_true(n == 40 || 10 * 3.6 * classic_s < n * 0.05 / 10);
	}
	for (int level = 2; level <= 255; level++)
		assert_in_range(cmdline_tick_jiffies(13e-6, level, true), 1, 10);
	assert_int_equal(cmdline_tick_jiffies(13e-6, 5, true), 1);
	assert_true(cmdline_tick_jiffies(13e-6, 30, true) >= 7);
}

RUN(T(test_settings), T(test_tick), T(test_full), T(test_whole), T(test_own_words),
    T(test_prefixes), T(test_handed_down))
