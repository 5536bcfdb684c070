// SPDX-License-Identifier: GPL-2.0-or-later
/* Which suite is meant, and which files it consists of. */
#include "test.h"
#include "host/suite.h"

#include <sys/stat.h>

static struct suite s;

static int begin(void **state)
{
	(void)state;
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
	(void)state;
	suite_close(&s);
	return 0;
}

/* Those that come, with a blank behind each */
static const char *files(const char *asked)
{
	static char text[200];
	char file[60];
	size_t at = 0;

	suite_close(&s);
	assert_int_equal(suite_open(&s, asked, "svm"), 0);
	text[0] = '\0';
	while (suite_next_file(&s, &at, file, sizeof(file)))
		format(text + strlen(text), sizeof(text) - strlen(text), "%s ", file);
	return text;
}

static void test_files(void **state)
{
	(void)state;
	assert_string_equal(files("kvm-unit-tests"), "b.flat e.flat ");
	assert_string_equal(s.name, "kvm_unit_tests");
	assert_string_equal(s.dir, "tree/x86");
	assert_string_equal(files("kvm-unit-tests:svm"), "a.flat b.flat ");
	assert_string_equal(s.words, "svm");
	assert_string_equal(files("tree/x86/:e,b"), "b.flat e.flat ");
	assert_string_equal(s.name, "x86");
	assert_string_equal(files("kvm-unit-tests:nothing"), "");
}

static void test_which(void **state)
{
	(void)state;
	assert_int_equal(suite_open(&s, "My Tests", "svm"), 0);
	assert_string_equal(s.name, "my_tests");
	assert_null(s.config);
	assert_true(suite_needs(&s, "vmx_test"));
	assert_int_equal(suite_open(&s, "kvm-selftests", "svm"), -1);
	assert_non_null(strstr(last_error(), "make kvm-selftests"));
	/* Those of another CPU, and those that nobody wants, cost no level anything. */
	s = (struct suite){ .foreign = "vmx_", .words = "smm_test" };
	assert_true(suite_needs(&s, "smm_test") && suite_needs(&s, "lib/libc.so.6"));
	assert_false(suite_needs(&s, "vmx_test") || suite_needs(&s, "state_test"));
	assert_int_equal(suite_open(&s, "bogus", "svm"), -1);
	assert_non_null(
		strstr(last_error(),
		       "--suite bogus: neither kvm-unit-tests nor kvm-selftests nor a directory"));
	assert_int_equal(suite_open(&s, "My Tests:$(reboot)", "svm"), -1);
	assert_non_null(strstr(last_error(), "is no list of tests"));
	setenv("KVM_UNIT_TESTS", "/nowhere", 1);
	assert_int_equal(suite_open(&s, "kvm-unit-tests", "svm"), -1);
	assert_non_null(strstr(last_error(), "/nowhere/x86/unittests.cfg: No such file"));
	unsetenv("KVM_UNIT_TESTS");
	assert_int_equal(suite_open(&s, "kvm-unit-tests", "svm"), -1);
	assert_non_null(strstr(last_error(), "KVM_UNIT_TESTS names no tree"));
}

#define S(test) cmocka_unit_test_setup_teardown(test, begin, end)
RUN(S(test_files), S(test_which))
