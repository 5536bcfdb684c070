// SPDX-License-Identifier: GPL-2.0-or-later
/* One test of a suite: its verdict and the reason, as a line of TAP. */
#include "test.h"
#include "level/suite_test.h"

#include <fcntl.h>
#include <sys/stat.h>

/* The output for a program that is this shell script; CONDITION precedes the kind, or is NULL */
static const char *verdict(const char *script, char *limit_s, char *condition)
{
	static char text[2000];
	char path[200], *argv[] = { "3", "name", limit_s, condition, "program", path };
	int out = dup(STDOUT_FILENO), file = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600), status;

	assert_non_null(getcwd(path, sizeof(path) - 10));
	strcat(path, "/program");
	write_file("program", script);
	chmod("program", 0755);
	if (!condition)
		memmove(&argv[3], &argv[4], 2 * sizeof(*argv));
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	status = command_test(condition ? 6 : 5, argv);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	close(file);
	assert_int_equal(status, 0);
	assert_int_equal(read_whole("out", text, sizeof(text)), 0);
	return text;
}

static void test_program(void **state)
{
	assert_string_equal(verdict("#!/bin/sh\nprintf 'a\\r\\nb'; echo c >&2\n", "0", NULL),
			    "# a\n# bc\nok 3 - name");
	assert_string_equal(verdict("#!/bin/sh\nexit 3\n", "9", NULL),
			    "not ok 3 - name # exit status 3");
	assert_string_equal(verdict("#!/bin/sh\nkill -9 $$\n", "9", NULL),
			    "not ok 3 - name # killed by signal 9");
	assert_string_equal(verdict("#!/bin/sh\necho '1..0 # SKIP - no CPU'; exit 4\n", "9", NULL),
			    "# 1..0 # SKIP - no CPU\nok 3 - name # SKIP no CPU");
	assert_string_equal(verdict("#!/bin/sh\necho '==== Test Assertion Failure ===='; echo "
				    "x.c:1; exit 254\n",
				    "9", NULL),
			    "# ==== Test Assertion Failure ====\n# x.c:1\nnot ok 3 - name # x.c:1");
	assert_string_equal(
		strstr(verdict("#!/bin/sh\necho a; echo why >&2; exit 3\n", "9", NULL), "not ok"),
		"not ok 3 - name # exit status 3: why");
	assert_string_equal(
		strstr(verdict("#!/bin/sh\necho '# HUGETLB is not there'; exit 4\n", "9", NULL),
		       "\nok"),
		"\nok 3 - name # SKIP # HUGETLB is not there");
	assert_non_null(strstr(verdict("#!/nowhere\n", "9", NULL),
			       "\nnot ok 3 - name # exit status 127: /"));
}

/* The kernel's selftests: the message is better than the expression, and than the path. */
static void test_assertion(void **state)
{
	static const char script[] =
		"#!/bin/sh\n"
		"echo '==== Test Assertion Failure ===='\n"
		"echo '  lib/x86_64/processor.c:567: Unconditional guest failure'\n"
		"echo '  pid=37 tid=37 errno=4 - Interrupted system call'\n"
		"echo '  (stack trace empty)'\n"
		"%s\n"
		"exit 254\n";
	char text[1000];

	format(text, sizeof(text), script, "echo \"  Unhandled exception '0x3'\"");
	assert_string_equal(strstr(verdict(text, "9", NULL), "not ok"),
			    "not ok 3 - name # processor.c:567: Unhandled exception '0x3'");
	format(text, sizeof(text), script, "echo '# Totals: fail:1'");
	assert_string_equal(strstr(verdict(text, "9", NULL), "not ok"),
			    "not ok 3 - name # processor.c:567: Unconditional guest failure");
}

/* The process in `pid` has ended, which may take a killed one a moment on a busy machine. */
static bool is_gone(void)
{
	return !system("for i in $(seq 50); do\n"
		       "grep -q '^State:.[^ZX]' /proc/$(cat pid)/status 2>/dev/null || exit 0\n"
		       "sleep 0.1\n"
		       "done\n"
		       "exit 1");
}

/* Processes that it leaves behind are killed, so that the next test has the level for itself. */
static void test_left_behind(void **state)
{
	assert_string_equal(
		verdict("#!/bin/sh\nsleep 100 >/dev/null 2>&1 & echo $! >pid\n", "9", NULL),
		"ok 3 - name");
	assert_true(is_gone());
}

/* Processes that it started are killed with it. */
static void test_limit(void **state)
{
	assert_string_equal(verdict("#!/bin/sh\nsleep 100 & echo $! >pid; sleep 100\n", "1", NULL),
			    "not ok 3 - name # did not end within 1 s");
	assert_true(is_gone());
	setenv("NEST_LEVEL", "1", 1);
	assert_string_equal(verdict("#!/bin/sh\nsleep 2\n", "1", NULL), "ok 3 - name");
	unsetenv("NEST_LEVEL");
}

static void test_condition(void **state)
{
	char condition[300];

	write_file("parameter", "Y\n");
	assert_non_null(getcwd(condition, sizeof(condition) - 20));
	strcat(condition, "/parameter=Y");
	assert_string_equal(verdict("#!/bin/sh\n", "9", condition), "ok 3 - name");
	condition[strlen(condition) - 1] = 'N';
	assert_non_null(
		strstr(verdict("#!/bin/sh\nexit 1\n", "9", condition), "ok 3 - name # SKIP /"));
	assert_non_null(strstr(verdict("#!/bin/sh\nexit 1\n", "9", condition), "is not N"));
}

RUN(T(test_program), T(test_assertion), T(test_left_behind), T(test_limit), T(test_condition))
