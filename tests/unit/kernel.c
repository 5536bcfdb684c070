// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel of the user's own: its header, its configuration, its modules' names, its firmware. */
#include "test.h"
#include "child/firmware.h"
#include "host/kconfig.h"
#include "child/kernel.h"
#include "level/modules.h"

#include <errno.h>
#include <sys/stat.h>

#define HEADER_SIZE 0x400

static void write_kernel(const char *path, size_t size, const char *release, uint32_t init)
{
	unsigned char image[HEADER_SIZE] = { 0 };
	FILE *f = fopen(path, "w");

	memcpy(image + 0x202, "HdrS", 4);
	image[0x20f] = 0x01; /* 0x100, from 0x200 on */
	memcpy(image + 0x260, &init, sizeof(init));
	strcpy((char *)image + 0x300, release);
	assert_non_null(f);
	assert_int_equal(fwrite(image, 1, size, f), size);
	fclose(f);
}

static void test_header(void **state)
{
	struct kernel k;

	(void)state;
	write_kernel("bzImage", HEADER_SIZE, "6.1.0-x (a@b) #1 SMP now", 57208 * 1024);
	assert_int_equal(kernel_read("bzImage", &k), 0);
	assert_string_equal(k.release, "6.1.0-x");
	assert_int_equal(k.init_kib, 57208);
	write_kernel("bzImage", HEADER_SIZE, "", 1024);
	assert_int_equal(kernel_read("bzImage", &k), 0);
	assert_string_equal(k.release, "");
}

static void test_no_header(void **state)
{
	struct kernel k;

	(void)state;
	write_kernel("cut", 0x261, "6.1", 1024);
	assert_int_equal(kernel_read("cut", &k), -1);
	assert_int_equal(errno, 0);
	write_file("text", "not a kernel\n");
	assert_int_equal(kernel_read("text", &k), -1);
	assert_int_equal(errno, 0);
	assert_int_equal(kernel_read("nowhere", &k), -1);
	assert_int_equal(errno, ENOENT);
}

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
	assert_int_equal(kconfig_check("config", virt, note_missing, NULL), 0);
	assert_string_equal(missing, expected);
}

static void test_config(void **state)
{
	(void)state;
	check("CONFIG_KVM=m\nCONFIG_KVM_AMD=m\n", "svm", "");
	check("CONFIG_KVM=y\nCONFIG_KVM_AMD=y\n", "vmx", "KVM_INTEL ");
	check("CONFIG_KVM_AMD_SEV=y\n", "svm", "KVM KVM_AMD ");
	write_file("config", "CONFIG_X86_64=y\n");
	missing[0] = '\0';
	assert_int_equal(kconfig_check("config", "svm", note_missing, NULL), 0);
	assert_non_null(strstr(missing, "HIGH_RES_TIMERS "));
	assert_non_null(strstr(missing, "DEVTMPFS "));
	write_file("config", "hello\n");
	assert_int_equal(kconfig_check("config", "svm", note_missing, NULL), -1);
	assert_int_equal(kconfig_check("nowhere", "svm", note_missing, NULL), -1);
}

static void test_config_is_found(void **state)
{
	char *path;

	(void)state;
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

static void test_module_names(void **state)
{
	(void)state;
	assert_true(modules_is_file_of("kernel/arch/x86/kvm/kvm-amd.ko.xz", "kvm_amd"));
	assert_true(modules_is_file_of("kvm_amd.ko", "kvm-amd"));
	assert_true(modules_is_file_of("/a/kvm.ko.zst", "kvm"));
	assert_false(modules_is_file_of("/a/kvm-amd.ko", "kvm"));
	assert_false(modules_is_file_of("/a/kvm.ko", "kvm-amd"));
	assert_false(modules_is_file_of("/a/kvm.c", "kvm"));
	assert_false(modules_is_file_of("/a/k", "kvm"));
}

/* modprobe's work: a kernel leaves the parameters of its modules alone. */
static void test_module_parameters(void **state)
{
	static const char cmdline[] = "quiet kvm_amd.npt=0 kvm.tdp_mmu=0 kvm-amd.nested=1 kvm_amd= "
				      "kvm_amd.flag xkvm_amd.vgif=0\n";
	char parameters[100];

	(void)state;
	modules_parameters(cmdline, "kernel/arch/x86/kvm/kvm-amd.ko.xz", parameters,
			   sizeof(parameters));
	assert_string_equal(parameters, "npt=0 nested=1 flag");
	modules_parameters(cmdline, "kvm.ko", parameters, sizeof(parameters));
	assert_string_equal(parameters, "tdp_mmu=0");
	modules_parameters(cmdline, "irqbypass.ko", parameters, sizeof(parameters));
	assert_string_equal(parameters, "");
}

static uint8_t rom[0x10000];

static uint8_t sum_of(size_t at, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum += rom[at++];
	return sum;
}

/* The tables are where a kernel looks, and lead to one another, with right checksums. */
static void test_firmware(void **state)
{
	uint32_t xsdt, length;
	uint64_t table[2];
	size_t at;
	FILE *f = fopen("qboot", "w");

	(void)state;
	memset(rom, 0x90, 0x6000);
	memset(rom + 0xff00, 0x90, 0x100);
	assert_int_equal(fwrite(rom, 1, sizeof(rom), f), sizeof(rom));
	fclose(f);
	assert_int_equal(firmware_write("qboot", "rom"), 0);
	f = fopen("rom", "r");
	assert_int_equal(fread(rom, 1, sizeof(rom), f), sizeof(rom));
	fclose(f);
	for (at = 0; at < sizeof(rom) && memcmp(rom + at, "RSD PTR ", 8); at += 16)
		;
	assert_true(at < sizeof(rom));
	assert_int_equal(sum_of(at, 20), 0);
	assert_int_equal(sum_of(at, 36), 0);
	memcpy(&xsdt, rom + at + 24, sizeof(xsdt));
	xsdt -= 0xf0000;
	assert_memory_equal(rom + xsdt, "XSDT", 4);
	memcpy(table, rom + xsdt + 36, sizeof(table));
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(rom + table[i] - 0xf0000, i ? "APIC" : "FACP", 4);
		memcpy(&length, rom + table[i] - 0xf0000 + 4, sizeof(length));
		assert_int_equal(sum_of(table[i] - 0xf0000, length), 0);
	}
	write_file("qboot", "too short");
	assert_int_equal(firmware_write("qboot", "rom"), -1);
	memset(rom, 0x90, sizeof(rom));
	f = fopen("qboot", "w");
	fwrite(rom, 1, sizeof(rom), f);
	fclose(f);
	assert_int_equal(firmware_write("qboot", "rom"), -1);
}

RUN(T(test_header), T(test_no_header), T(test_config), T(test_config_is_found),
    T(test_module_names), T(test_module_parameters), T(test_firmware))
