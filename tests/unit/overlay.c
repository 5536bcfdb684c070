// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel under test behind an initramfs: which levels boot it, with which modules, and what it lacks. */
#define _GNU_SOURCE /* memmem */
#include "packed.h"
#include "host/overlay.h"

#include <sys/stat.h>

#define INITRAMFS "0707-files" /* ten bytes: two are missing to a boundary */

static void write_kernel(const char *path)
{
	char image[0x400] = {
		[0x1f1] = 1
	}; /* a sector of setup behind the boot sector, and nothing else */
	FILE *f = fopen(path, "w");

	memcpy(image + 0x202, "HdrS", 4);
	image[0x20f] = 0x01;
	strcpy(image + 0x300, "6.1.0-mine (me)");
	assert_non_null(f);
	assert_int_equal(fwrite(image, 1, sizeof(image), f), sizeof(image));
	fclose(f);
}

static void write_module(const char *path, const char *depends)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "ELF%cdepends=%s%c", 0, depends, 0);
	fclose(f);
}

static int begin(void **state)
{
	write_kernel("bzImage");
	write_file("initramfs", INITRAMFS);
	write_file("config", "CONFIG_X86_64=y\nCONFIG_KVM=y\nCONFIG_KVM_AMD=y\n");
	write_file("modular", "CONFIG_X86_64=y\nCONFIG_KVM=m\nCONFIG_KVM_AMD=m\n");
	mkdir("modules", 0755);
	mkdir("modules/6.1.0-mine", 0755);
	write_module("modules/6.1.0-mine/kvm.ko", "");
	write_module("modules/6.1.0-mine/kvm-amd.ko", "kvm");
	return 0;
}

static int make_overlay(void *what, FILE *out, char *path, size_t size)
{
	struct overlay *o = what;
	struct lines lines = { .out = out };

	o->lines = &lines;
	return overlay_make(o, 0, path, size);
}

static int make(struct overlay *o)
{
	return packed_by(make_overlay, o);
}

/* The mode of a name in the archive behind the initramfs (newc: 14 digits in); 0: there is none. */
static int mode_of(const char *name)
{
	char digits[9] = "";

	for (size_t i = sizeof(INITRAMFS) + 1; i + 110 < packed_size; i++)
		if (!memcmp(packed + i, "070701", 6) && !strcmp(packed + i + 110, name))
			return strtol(memcpy(digits, packed + i + 14, 8), NULL, 16);
	return 0;
}

static void all_levels_boot_it(void **state)
{
	struct overlay o = {
		.kernel = "bzImage", .config = "config", .initramfs = "initramfs", .virt = "svm"
	};

	assert_int_equal(make(&o), 0);
	assert_memory_equal(packed,
			    INITRAMFS "\0\0"
				      "070701",
			    18);
	assert_int_equal(mode_of("boot/bzImage"), S_IFREG | 0644);
	assert_int_equal(mode_of("lib/modules"), 0);
	assert_non_null(strstr(said, "Linux 6.1.0-mine lacks CONFIG_HIGH_RES_TIMERS: "));
	assert_null(strstr(said, "CONFIG_KVM_INTEL"));
	assert_true(overlay_has_level(&o, 7));
}

/* The archive has one copy of the kernel, and links for the other levels. */
static void only_the_levels_named_boot_it(void **state)
{
	struct overlay o = {
		.kernel = "bzImage", .config = "config", .initramfs = "initramfs", .virt = "svm"
	};

	levels_add(&o.levels, 1);
	levels_add(&o.levels, 3);
	assert_int_equal(make(&o), 0);
	assert_int_equal(mode_of("boot/bzImage"), 0);
	assert_int_equal(mode_of("boot/bzImage-1"), S_IFREG | 0644);
	assert_int_equal(mode_of("boot/bzImage-2"), 0);
	assert_int_equal(mode_of("boot/bzImage-3"), S_IFLNK | 0777);
	assert_false(overlay_has_level(&o, 2));
}

static void kvm_as_a_module_comes_along(void **state)
{
	struct overlay o = { .kernel = "bzImage",
			     .config = "modular",
			     .modules = "modules",
			     .initramfs = "initramfs",
			     .virt = "svm" };

	assert_int_equal(make(&o), 0);
	assert_int_equal(mode_of("lib/modules/6.1.0-mine/kvm.ko"), S_IFREG | 0644);
	assert_int_equal(mode_of("lib/modules/6.1.0-mine/kvm-amd.ko"), S_IFREG | 0644);
	assert_non_null(memmem(packed, packed_size, "kvm-amd.ko: kvm.ko\n", 19));
	o.virt = "vmx";
	assert_int_equal(make(&o), 2);
	assert_non_null(strstr(said, "no kvm-intel.ko is in modules/6.1.0-mine"));
}

static void what_is_no_kernel_is_refused(void **state)
{
	struct overlay o = { .kernel = "config", .initramfs = "initramfs", .virt = "svm" };

	assert_int_equal(make(&o), 2);
	assert_non_null(strstr(said, "--kernel config: not a bzImage"));
	assert_int_equal(truncate("bzImage", 0x3e0), 0);
	o.kernel = "bzImage";
	assert_int_equal(make(&o), 2);
	assert_non_null(strstr(said, "--kernel bzImage: cut off: it has 992 of 1024 bytes"));
	write_kernel("bzImage");
	o.config = "initramfs";
	assert_int_equal(make(&o), 2);
	assert_non_null(strstr(said, "initramfs: not the configuration"));
}

#define O(test) cmocka_unit_test_setup(test, begin)
RUN(O(all_levels_boot_it), O(only_the_levels_named_boot_it), O(kvm_as_a_module_comes_along),
    O(what_is_no_kernel_is_refused))
