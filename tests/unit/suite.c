// SPDX-License-Identifier: GPL-2.0-or-later
/* Which suite an argument names, and which files it consists of. */
#include "test.h"
#include "host/suite.h"

#include <sys/stat.h>

static struct suite s;

static int begin(void **state)
{
	mkdir("tree", 0755);
	mkdir("tree/x86", 0755);
	mkdir("My Tests", 0755);
	write_file("tree/x86/" SUITE_CONFIG,
		   "# [not] one\nfile = no.flat\n\n[a]\nfile = a.flat\n"
		   "groups = svm nodefault\n[b]\nfile=b.flat\ngroups = svm\n"
		   "[c]\nfile = ../c.flat\n[d]\nsmp = 2\n[e]\nfile = e.flat");
	return setenv("KVM_UNIT_TESTS", "tree", 1);
}

static int end(void **state)
{
	suite_close(&s);
	return 0;
}

/* The files of the wanted tests, each followed by a blank */
static const char *files(const char *asked)
{
	static char text[200];
	struct suite_test t;
	size_t at = 0;

	suite_close(&s);
	assert_int_equal(suite_open(&s, asked, "svm"), 0);
	text[0] = '\0';
	while (suite_next(&s, &at, &t))
		format(text + strlen(text), sizeof(text) - strlen(text), "%s ", t.file);
	return text;
}

/* The script of a suite without its frame, or what failed */
static const char *script(const char *asked, int count)
{
	static char text[2000];
	char *made;
	size_t len;

	suite_close(&s);
	assert_int_equal(suite_open(&s, asked, "svm"), 0);
	assert_int_equal(suite_script(&s, "/d", &made), count);
	format(text, sizeof(text), "%s", made);
	free(made);
	assert_int_equal(strncmp(text, "#!/bin/sh\necho TAP version 13\n", 30), 0);
	len = strlen(text) - strlen("echo 1..0\n");
	assert_int_equal(strncmp(text + len, "echo 1..", 8), 0);
	text[len] = '\0';
	return text + 30;
}

static void test_files(void **state)
{
	assert_string_equal(files("kvm-unit-tests"), "b.flat ../c.flat  e.flat ");
	assert_string_equal(s.name, "kvm_unit_tests");
	assert_string_equal(s.dir, "tree/x86");
	assert_string_equal(files("kvm-unit-tests:svm"), "a.flat b.flat ");
	assert_string_equal(s.words, "svm");
	assert_string_equal(files("tree/x86/:e,b"), "b.flat e.flat ");
	assert_string_equal(s.name, "x86");
	assert_string_equal(files("kvm-unit-tests:nothing"), "");
}

static void test_script(void **state)
{
	write_file("tree/x86/a.flat", "");
	write_file("c.flat", "");
	write_file("tree/x86/" SUITE_CONFIG,
		   "[it's]\nfile = a.flat\nsmp = 2\ntimeout = 5s\ncheck = /a=1 /b=2\n"
		   "test_args = \"x 'y z'\"\nextra_params = -cpu max,-vmx -m 64\n"
		   "[i386]\nfile = a.flat\narch = i386\n[tcg]\nfile = a.flat\naccel = "
		   "tcg,thread=multi\n"
		   "[kvm]\nfile = a.flat\naccel = kvm\ntimeout = long\n[c]\nfile = ../../c.flat\n"
		   "[pc]\nfile = a.flat\nmachine = pc\n");
	assert_string_equal(
		script("kvm-unit-tests", 6),
		"/init test 1 'it'\\''s' 5 /a=1 /b=2 guest /d/a.flat -smp 2 -cpu max,-vmx -m 64 "
		"-append \"x 'y z'\"\n"
		"/init test 2 i386 skip 'i386 only'\n"
		"/init test 3 tcg skip 'tcg,thread=multi only'\n"
		"/init test 4 kvm 90  guest /d/a.flat -smp 1  \n"
		"/init test 5 c skip '../../c.flat is not there'\n"
		"/init test 6 pc skip 'pc only'\n");

	write_file("My Tests/b.flat", "");
	write_file("My Tests/data", "");
	write_file("My Tests/a b", "");
	chmod("My Tests/a b", 0755);
	assert_string_equal(script("My Tests", 2), "/init test 1 'a b' 90 program '/d/a b'\n"
						   "/init test 2 b 90 guest /d/b.flat\n");
	assert_string_equal(script("My Tests:b", 1), "/init test 1 b 90 guest /d/b.flat\n");
	assert_string_equal(script("My Tests:c", 0), "");
}

static void test_which(void **state)
{
	char list[SUITE_WORDS + 20];

	assert_int_equal(suite_open(&s, "My Tests", "svm"), 0);
	assert_string_equal(s.name, "my_tests");
	assert_null(s.config);
	assert_true(suite_needs(&s, "vmx_test"));
	assert_int_equal(suite_open(&s, "kvm-selftests", "svm"), -1);
	assert_non_null(strstr(last_error(), "make kvm-selftests"));
	/* Tests for another CPU, and unwanted ones, are not packed. */
	s = (struct suite){ .foreign = "vmx_", .words = "smm_test" };
	assert_true(suite_needs(&s, "smm_test") && suite_needs(&s, "lib/libc.so.6"));
	assert_false(suite_needs(&s, "vmx_test") || suite_needs(&s, "state_test"));
	assert_int_equal(suite_open(&s, "bogus", "svm"), -1);
	assert_non_null(
		strstr(last_error(),
		       "--suite bogus: neither kvm-unit-tests nor kvm-selftests nor a directory"));
	assert_int_equal(suite_open(&s, "My Tests:$(reboot)", "svm"), -1);
	assert_non_null(strstr(last_error(), "is not a list of tests"));
	/* A list that is too long is refused, not cut. */
	format(list, sizeof(list), "My Tests:%0*d", SUITE_WORDS - 1, 0);
	assert_int_equal(suite_open(&s, list, "svm"), 0);
	format(list, sizeof(list), "My Tests:%0*d", SUITE_WORDS, 0);
	assert_int_equal(suite_open(&s, list, "svm"), -1);
	assert_non_null(strstr(last_error(), "a list of more than"));
	setenv("KVM_UNIT_TESTS", "/nowhere", 1);
	assert_int_equal(suite_open(&s, "kvm-unit-tests", "svm"), -1);
	assert_non_null(strstr(last_error(), "/nowhere/x86/unittests.cfg: No such file"));
	unsetenv("KVM_UNIT_TESTS");
	assert_int_equal(suite_open(&s, "kvm-unit-tests", "svm"), -1);
	assert_non_null(strstr(last_error(), "the variable KVM_UNIT_TESTS must name a built tree"));
}

#define S(test) cmocka_unit_test_setup_teardown(test, begin, end)
RUN(S(test_files), S(test_script), S(test_which))
