// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "host/distribution.h"
#include "host/host.h"

#include <stdlib.h>
#include <sys/stat.h>

static void test_versions(void **state)
{
	static const struct {
		int version[3];
		bool nests;
	} table[] = {
		{ { 0, 0, 0 }, false },	 { { 6, 2, 0 }, false }, { { 7, 2, 0 }, false },
		{ { 7, 2, 14 }, false }, { { 7, 2, 15 }, true }, { { 7, 2, 22 }, true },
		{ { 8, 0, 0 }, false },	 { { 8, 2, 2 }, false }, { { 8, 2, 99 }, false },
		{ { 9, 0, 4 }, false },	 { { 9, 1, 1 }, false }, { { 9, 1, 2 }, true },
		{ { 9, 1, 50 }, true },	 { { 9, 2, 0 }, true },	 { { 10, 0, 0 }, true },
		{ { 10, 0, 2 }, true },	 { { 11, 2, 1 }, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (host_tcg_nests(table[i].version) != table[i].nests)
			wrong("%d.%d.%d", table[i].version[0], table[i].version[1],
			      table[i].version[2]);
}

static int learn(struct host *h, const char *script, int accel)
{
	struct options o;

	options_init(&o);
	o.qemu = "./qemu";
	o.accel = accel;
	unlink("qemu");
	if (script) {
		write_file("qemu", script);
		chmod("qemu", 0755);
	}
	return host_learn(h, &o, NULL);
}

static void test_qemu(void **state)
{
	struct host h;

	assert_int_equal(learn(&h, "#!/bin/sh\necho QEMU emulator version 8.2.2\n", ACCEL_TCG), 0);
	assert_int_equal(h.version[0], 8);
	assert_int_equal(h.version[2], 2);
	assert_false(h.usable);
	assert_non_null(strstr(h.tcg_why, "8.2.2"));
	assert_non_null(strstr(h.tcg_why, "7.2.15"));
	assert_non_null(strstr(h.tcg_why, "9.1.2"));

	assert_int_equal(learn(&h, "#!/bin/sh\necho 'QEMU emulator version 10.0.2'\n", ACCEL_TCG),
			 0);
	assert_true(h.usable);
	assert_int_equal(h.accel, ACCEL_TCG);
	assert_int_equal(h.version[0], 10);
	assert_int_equal(learn(&h, "#!/bin/sh\necho 'QEMU emulator version 9.2'\n", ACCEL_TCG), 0);
	assert_true(h.usable);

	assert_int_equal(learn(&h, NULL, ACCEL_TCG), -1);
	assert_non_null(strstr(last_error(), "./qemu"));
	assert_int_equal(learn(&h, "#!/bin/sh\necho 'bash, version 5'\n", ACCEL_TCG), -1);
	assert_non_null(strstr(last_error(), "bash, version 5"));
	assert_int_equal(learn(&h, "#!/bin/sh\nexit 1\n", ACCEL_TCG), -1);
}

/* The choice of QEMU: --qemu, then the emulator if it runs, then the machine's own. */
static void test_choice(void **state)
{
	static const char script[] = "#!/bin/sh\necho QEMU emulator version 10.0.2\n";
	struct options o;
	struct host h;

	options_init(&o);
	unlink("emulator");
	write_file("emulator", script);
	host_learn(&h, &o, "./emulator");
	assert_string_equal(h.qemu, "qemu-system-x86_64");
	assert_non_null(strstr(h.qemu_why, "make emulator builds"));

	unlink("emulator");
	write_file("emulator", "#!/bin/sh\nexit 127\n");
	chmod("emulator", 0755);
	host_learn(&h, &o, "./emulator");
	assert_string_equal(h.qemu, "qemu-system-x86_64");
	assert_non_null(strstr(h.qemu_why, "does not run"));

	unlink("emulator");
	write_file("emulator", script);
	chmod("emulator", 0755);
	assert_int_equal(host_learn(&h, &o, "./emulator"), 0);
	assert_string_equal(h.qemu, "./emulator");
	assert_non_null(strstr(h.qemu_why, "nesting"));
	assert_true(h.tcg_fits);

	unlink("qemu");
	write_file("qemu", script);
	chmod("qemu", 0755);
	o.qemu = "./qemu";
	assert_int_equal(host_learn(&h, &o, "./emulator"), 0);
	assert_string_equal(h.qemu, "./qemu");
	assert_non_null(strstr(h.qemu_why, "--qemu"));
}

/* The sandbox is tried out, only on the QEMU that will be used. */
static void test_sandbox(void **state)
{
	struct host h;

	assert_int_equal(learn(&h, "#!/bin/sh\necho QEMU emulator version 10.0.2\n", ACCEL_TCG), 0);
	assert_non_null(h.sandbox);
	assert_int_equal(learn(&h,
			       "#!/bin/sh\n[ $1 = -sandbox ] || exec echo QEMU emulator version "
			       "10.0.2\necho no such option >&2; exit 1\n",
			       ACCEL_TCG),
			 0);
	assert_true(h.usable);
	assert_null(h.sandbox);
	unlink("tried");
	assert_int_equal(learn(&h,
			       "#!/bin/sh\n[ $1 = --version ] || : >tried\n"
			       "echo QEMU emulator version 8.2.2\n",
			       ACCEL_TCG),
			 0);
	assert_null(h.sandbox);
	assert_int_equal(access("tried", F_OK), -1);
}

/* If the emulated CPU offers recursion, it provides it; otherwise KVM does. */
static void test_recursion(void **state)
{
	struct host h;

	assert_int_equal(learn(&h, "#!/bin/sh\necho QEMU emulator version 10.0.2\n", ACCEL_TCG), 0);
	assert_true(h.recursion_fits);
	assert_false(h.cpu_recurses);
	assert_false(h.strict_fits);
	assert_non_null(strstr(h.recursion_why, "make emulator"));
	assert_int_equal(learn(&h,
			       "#!/bin/sh\n[ $1 = -device ] || exec echo QEMU emulator version "
			       "10.0.2\necho \"$2 options:\"; echo '  svm-recursion=<bool>'\n",
			       ACCEL_TCG),
			 0);
	assert_true(h.recursion_fits);
	assert_true(h.cpu_recurses);
	assert_false(h.strict_fits);
	assert_int_equal(learn(&h,
			       "#!/bin/sh\n[ $1 = -device ] || exec echo QEMU emulator version "
			       "10.0.2\necho '  x-svm-strict=<bool>'\n",
			       ACCEL_TCG),
			 0);
	assert_true(h.strict_fits);
}

/* The names of Fedora and Red Hat are tried too; if there is no QEMU, the advice is the distribution's own. */
static void test_names(void **state)
{
	static const char script[] = "#!/bin/sh\necho QEMU emulator version 10.0.2\n";
	char *path = strdup(getenv("PATH"));
	struct options o;
	struct host h;

	options_init(&o);
	mkdir("bin", 0755);
	setenv("PATH", "./bin", 1);
	unlink("bin/qemu-kvm");
	write_file("bin/qemu-kvm", script);
	chmod("bin/qemu-kvm", 0755);
	assert_int_equal(host_learn(&h, &o, NULL), 0);
	assert_string_equal(h.qemu, "qemu-kvm");
	assert_int_equal(h.version[0], 10);
	unlink("bin/qemu-kvm");
	if (access("/usr/libexec/qemu-kvm", X_OK)) {
		assert_int_equal(host_learn(&h, &o, NULL), -1);
		assert_non_null(strstr(last_error(), distribution_this_qemu_advice()));
	}
	setenv("PATH", path, 1);
	free(path);
}

RUN(T(test_versions), T(test_qemu), T(test_choice), T(test_sandbox), T(test_recursion),
    T(test_names))
