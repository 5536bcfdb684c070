// SPDX-License-Identifier: GPL-2.0-or-later
/* Bochs as a machine: the error names what is missing, and no files are left behind. */
#include "test.h"
#include "host/bochs.h"

#include <sys/stat.h>

static void program(const char *name, const char *script)
{
	write_file(name, script);
	chmod(name, 0755);
}

static bool firmware_is_here(void)
{
	return !access("/usr/share/bochs/BIOS-bochs-latest", R_OK) &&
	       !access("/usr/lib/ISOLINUX/isolinux.bin", R_OK);
}

static int begin(void **state)
{
	char path[600], here[500];

	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", getcwd(here, sizeof(here)));
	setenv("PATH", path, 1);
	setenv("TMPDIR", here, 1);
	write_file("file", "a kernel, or an initramfs\n");
	program("bochs",
		"#!/bin/sh\nprintf ' -rc file\\npenryn\\nryzen\\ntigerlake\\nBochs 2.7' >&2\n");
	program("xorriso", "#!/bin/sh\necho xorriso 1.5; : >cd.iso\n");
	return 0;
}

static void test_missing(void **state)
{
	struct bochs b;

	program("bochs", "#!/bin/sh\necho no such file >&2; exit 127\n");
	assert_int_equal(bochs_find(&b, NULL), STATUS_SKIPPED);
	assert_non_null(strstr(last_error(), "bochs does not run"));
	assert_non_null(strstr(last_error(), "install bochs"));
}

static void test_model(void **state)
{
	struct bochs b;

	if (!firmware_is_here())
		skip();
	assert_int_equal(bochs_find(&b, "tiger"), -1);
	assert_non_null(strstr(last_error(), "--cpu tiger: this Bochs has no such model"));
	assert_int_equal(bochs_find(&b, NULL), 0);
	assert_string_equal(b.cpu, "tigerlake");
	assert_true(b.debugger);
}

static void test_folder(void **state)
{
	struct vm_config c = { .kernel = "file",
			       .initramfs = "file",
			       .cmdline = "console=ttyS0 nest.depth=2",
			       .memory_kib = 524288 };
	char path[256], text[4096];
	struct bochs b;

	if (!firmware_is_here())
		skip();
	assert_int_equal(bochs_find(&b, "penryn"), 0);
	assert_int_equal(bochs_prepare(&b, &c), 0);
	snprintf(path, sizeof(path), "%s/" VM_BOCHS_CONFIG, c.folder);
	assert_int_equal(read_whole(path, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "model=penryn"));
	assert_non_null(strstr(text, "megs: 512\n"));
	assert_null(strstr(text, "mwait_is_nop"));
	snprintf(path, sizeof(path), "%s/cd/isolinux/isolinux.cfg", c.folder);
	assert_int_equal(read_whole(path, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "APPEND console=ttyS0 nest.depth=2"));
	snprintf(path, sizeof(path), "%s", c.folder);
	bochs_clean(&b);
	assert_int_equal(access(path, F_OK), -1);

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	setenv("TMPDIR", path, 1);
	assert_int_equal(bochs_prepare(&b, &c), -1);
	assert_non_null(strstr(last_error(), "TMPDIR"));
}

static void test_mwait(void **state)
{
	struct vm_config c = { .kernel = "file", .initramfs = "file", .cmdline = "" };
	char path[256], text[4096];
	struct bochs b;

	if (!firmware_is_here())
		skip();
	assert_int_equal(bochs_find(&b, "ryzen"), 0);
	assert_int_equal(bochs_prepare(&b, &c), 0);
	snprintf(path, sizeof(path), "%s/" VM_BOCHS_CONFIG, c.folder);
	assert_int_equal(read_whole(path, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "model=ryzen, ips=50000000, mwait_is_nop=1\n"));
	bochs_clean(&b);
}

static void test_no_cd(void **state)
{
	struct vm_config c = { .kernel = "file", .initramfs = "file", .cmdline = "" };
	struct bochs b;

	if (!firmware_is_here())
		skip();
	assert_int_equal(bochs_find(&b, NULL), 0);
	program("xorriso", "#!/bin/sh\necho no space; exit 5\n");
	assert_int_equal(bochs_prepare(&b, &c), -1);
	assert_non_null(strstr(last_error(), "no space"));
	bochs_clean(&b);
}

#define B(test) cmocka_unit_test_setup(test, begin)
RUN(B(test_missing), B(test_model), B(test_folder), B(test_mwait), B(test_no_cd))
