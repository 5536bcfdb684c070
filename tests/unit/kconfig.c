// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "host/kconfig.h"

#include <sys/stat.h>

static char missing[400];

static void note_missing(void *context, const char *option, const char *why)
{
	(void)context;
	assert_true(*why);
	strcat(strcat(missing, option), " ");
}

static const char good[] =
	"CONFIG_X86_64=y\nCONFIG_BLK_DEV_INITRD=y\nCONFIG_RD_GZIP=y\nCONFIG_BINFMT_ELF=y\n"
	"CONFIG_PROC_FS=y\nCONFIG_SYSFS=y\nCONFIG_DEVTMPFS=y\nCONFIG_TMPFS=y\n"
	"CONFIG_SHMEM=y\nCONFIG_PRINTK=y\nCONFIG_SERIAL_8250_CONSOLE=y\n"
	"CONFIG_X86_IOPL_IOPERM=y\nCONFIG_HIGH_RES_TIMERS=y\nCONFIG_POSIX_TIMERS=y\n"
	"CONFIG_FUTEX=y\nCONFIG_EPOLL=y\nCONFIG_EVENTFD=y\nCONFIG_SIGNALFD=y\n"
	"CONFIG_TIMERFD=y\nCONFIG_ACPI=y\nCONFIG_KVM_GUEST=y\n"
	"CONFIG_TRANSPARENT_HUGEPAGE=y\n# CONFIG_KVM_INTEL is not set\n";

static void check(const char *more, const char *virt, const char *expected)
{
	char text[2000];

	format(text, sizeof(text), "%s%s", good, more);
	write_file("config", text);
	missing[0] = '\0';
	assert_int_equal(kconfig_check("config", virt, false, note_missing, NULL), 0);
	assert_string_equal(missing, expected);
}

static void test_config(void **state)
{
	check("CONFIG_KVM=m\nCONFIG_KVM_AMD=m\n", "svm", "");
	check("CONFIG_KVM=y\nCONFIG_KVM_AMD=y\n", "vmx", "KVM_INTEL ");
	check("CONFIG_KVM_AMD_SEV=y\n", "svm", "KVM KVM_AMD ");
	write_file("config", "CONFIG_X86_64=y\n");
	missing[0] = '\0';
	assert_int_equal(kconfig_check("config", "svm", false, note_missing, NULL), 0);
	assert_non_null(strstr(missing, "HIGH_RES_TIMERS "));
	assert_non_null(strstr(missing, "DEVTMPFS "));
	write_file("config", good);
	missing[0] = '\0';
	assert_int_equal(kconfig_check("config", "vmx", true, note_missing, NULL), 0);
	assert_string_equal(missing, "KVM KVM_INTEL HYPERV ");
	write_file("config", "hello\n");
	assert_int_equal(kconfig_check("config", "svm", false, note_missing, NULL), -1);
	assert_int_equal(kconfig_check("nowhere", "svm", false, note_missing, NULL), -1);
}

static void test_config_is_found(void **state)
{
	char *path;

	mkdir("boot", 0755);
	assert_null(kconfig_find("boot/vmlinuz", "6.1", NULL));
	write_file("boot/config-6.1", good);
	path = kconfig_find("boot/vmlinuz", "6.1", NULL);
	assert_string_equal(path, "boot/config-6.1");
	free(path);
	mkdir("modules", 0755);
	write_file("modules/config", good);
	path = kconfig_find("boot/vmlinuz", "6.2", "modules");
	assert_string_equal(path, "modules/config");
	free(path);
}

RUN(T(test_config), T(test_config_is_found))
