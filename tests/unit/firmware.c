// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "child/firmware.h"

static uint8_t rom[0x10000];

static uint8_t sum_of(size_t at, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum += rom[at++];
	return sum;
}

/* The tables are where a kernel looks for them, refer to each other, and have the right checksums. */
static void test_firmware(void **state)
{
	uint32_t xsdt, length;
	uint64_t table[2];
	size_t at;
	FILE *f = fopen("qboot", "w");

	memset(rom, 0x90, 0x6000);
	memset(rom + 0xff00, 0x90, 0x100);
	assert_int_equal(fwrite(rom, 1, sizeof(rom), f), sizeof(rom));
	fclose(f);
	assert_int_equal(firmware_write("qboot", "rom", 2), 0);
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
	/* 44 bytes, an IOAPIC, and two CPUs: 0 and 1, both enabled. */
	assert_int_equal(length, 44 + 12 + 2 * 8);
	assert_memory_equal(rom + table[1] - 0xf0000 + 56, "\0\10\0\0\1\0\0\0\0\10\1\1\1\0\0\0",
			    16);
	write_file("qboot", "too short");
	assert_int_equal(firmware_write("qboot", "rom", 2), -1);
	memset(rom, 0x90, sizeof(rom));
	f = fopen("qboot", "w");
	fwrite(rom, 1, sizeof(rom), f);
	fclose(f);
	assert_int_equal(firmware_write("qboot", "rom", 2), -1);
}

RUN(T(test_firmware))
