// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "child/kernel.h"

#include <errno.h>

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

	write_kernel("bzImage", HEADER_SIZE, "6.1.0-x (a@b) #1 SMP now", 57208 * 1024);
	assert_int_equal(kernel_read("bzImage", &k), 0);
	assert_string_equal(k.release, "6.1.0-x");
	assert_int_equal(k.init_kib, 57208);
	assert_int_equal(k.file_bytes, 5 * 512); /* without a number of sectors it is four */
	assert_true(k.smp);
	write_kernel("bzImage", HEADER_SIZE, "6.1.0-SMP (a@SMP) #1 PREEMPT now", 1024);
	assert_int_equal(kernel_read("bzImage", &k), 0);
	assert_false(k.smp);
	write_kernel("bzImage", HEADER_SIZE, "", 1024);
	assert_int_equal(kernel_read("bzImage", &k), 0);
	assert_string_equal(k.release, "");
}

static void test_no_header(void **state)
{
	struct kernel k;

	write_kernel("cut", 0x261, "6.1", 1024);
	assert_int_equal(kernel_read("cut", &k), -1);
	assert_int_equal(errno, 0);
	write_file("text", "not a kernel\n");
	assert_int_equal(kernel_read("text", &k), -1);
	assert_int_equal(errno, 0);
	assert_int_equal(kernel_read("nowhere", &k), -1);
	assert_int_equal(errno, ENOENT);
}

RUN(T(test_header), T(test_no_header))
