// SPDX-License-Identifier: GPL-2.0-or-later
#include "child/firmware.h"
#include "lib/base.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* qboot ends at 1 MiB.  Its middle is empty, and the kernel looks for an RSDP there. */
#define ROM_SIZE 0x10000
#define ROM_BASE (0x100000 - ROM_SIZE)

/* ACPI Specification 6.5, chapter 5.2 */
struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct tables {
	struct {
		char signature[8];
		uint8_t checksum;
		char oem[6];
		uint8_t revision;
		uint32_t rsdt, length;
		uint64_t xsdt;
		uint8_t extended_checksum, reserved[3];
	} __attribute__((packed)) rsdp;
	uint8_t padding[12];
	struct {
		struct header header;
		uint64_t table[2];
	} __attribute__((packed)) xsdt;
	struct {
		struct header header;
		uint32_t firmware_ctrl, dsdt;
		uint8_t rest[65];
		uint16_t boot_arch;
		uint8_t reserved;
		uint32_t flags;
		uint8_t reset[15];
		uint8_t minor;
		uint64_t x_firmware_ctrl, x_dsdt;
		uint8_t blocks[128];
	} __attribute__((packed)) fadt;
	struct {
		struct header header;
		uint32_t apic, flags;
		struct {
			uint8_t type, length, id, reserved;
			uint32_t address, first;
		} __attribute__((packed)) io_apic;
		struct {
			uint8_t type, length, processor, id;
			uint32_t flags;
		} __attribute__((packed)) cpu[SMP_MAX];
	} __attribute__((packed)) madt;
	struct header dsdt;
} __attribute__((packed));

_Static_assert(offsetof(struct tables, fadt.flags) - offsetof(struct tables, fadt) == 112, "FADT");
_Static_assert(sizeof(((struct tables *)0)->fadt) == 276, "FADT");

#define NO_VGA (1 << 2)
#define NO_MSI (1 << 3)
#define NO_ASPM (1 << 4)
#define NO_RTC (1 << 5)
#define WBINVD (1 << 0)
#define NO_POWER_BUTTON (1 << 4)
#define NO_SLEEP_BUTTON (1 << 5)
#define HARDWARE_REDUCED (1 << 20)

static uint8_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (len--)
		sum -= *p++;
	return sum;
}

static void finish(struct header *h, const char *signature, uint8_t revision, size_t length)
{
	memcpy(h->signature, signature, 4);
	memcpy(h->oem, "SNEST ", 6);
	memcpy(h->oem_table, "SUPRNEST", 8);
	memcpy(h->creator, "SNST", 4);
	h->oem_revision = h->creator_revision = 1;
	h->revision = revision;
	h->length = length;
	h->checksum = checksum(h, length);
}

static void make_tables(struct tables *t, uint32_t at, int vcpus)
{
#define ADDRESS(member) (at + (uint32_t)offsetof(struct tables, member))
	memset(t, 0, sizeof(*t));
	t->rsdp.revision = 2;
	t->rsdp.length = sizeof(t->rsdp);
	t->rsdp.xsdt = ADDRESS(xsdt);
	t->xsdt.table[0] = ADDRESS(fadt);
	t->xsdt.table[1] = ADDRESS(madt);
	t->fadt.dsdt = t->fadt.x_dsdt = ADDRESS(dsdt);
	t->fadt.minor = 1;
	t->fadt.boot_arch = NO_VGA | NO_MSI | NO_ASPM | NO_RTC;
	t->fadt.flags = WBINVD | NO_POWER_BUTTON | NO_SLEEP_BUTTON | HARDWARE_REDUCED;
	t->madt.apic = 0xfee00000;
	for (int i = 0; i < vcpus; i++) {
		t->madt.cpu[i].length = sizeof(t->madt.cpu[i]);
		t->madt.cpu[i].processor = t->madt.cpu[i].id = i;
		t->madt.cpu[i].flags = 1; /* enabled */
	}
	t->madt.io_apic.type = 1;
	t->madt.io_apic.length = sizeof(t->madt.io_apic);
	t->madt.io_apic.address = 0xfec00000;
#undef ADDRESS
	memcpy(t->rsdp.signature, "RSD PTR ", 8);
	memcpy(t->rsdp.oem, "SNEST ", 6);
	t->rsdp.checksum = checksum(&t->rsdp, offsetof(struct tables, rsdp.length));
	t->rsdp.extended_checksum = checksum(&t->rsdp, sizeof(t->rsdp));
	finish(&t->dsdt, "DSDT", 2, sizeof(t->dsdt));
	finish(&t->fadt.header, "FACP", 6, sizeof(t->fadt));
	finish(&t->madt.header, "APIC", 3,
	       offsetof(struct tables, madt.cpu[vcpus]) - offsetof(struct tables, madt));
	finish(&t->xsdt.header, "XSDT", 1, sizeof(t->xsdt));
}

/*
 * The middle of the longest run of zeros, at an address where the kernel looks for an RSDP.  Not the
 * first: qboot's variables follow its code.  0 if there is no room.
 */
static size_t find_room(const uint8_t *rom, size_t size)
{
	size_t zeros = 0, longest = 0, end = 0;

	for (size_t i = 0; i < ROM_SIZE; i++) {
		zeros = rom[i] ? 0 : zeros + 1;
		if (zeros <= longest)
			continue;
		longest = zeros;
		end = i + 1;
	}
	return longest < 3 * size ? 0 : (end - longest / 2) & ~(size_t)15;
}

int firmware_write(const char *qboot, const char *path, int vcpus)
{
	uint8_t rom[ROM_SIZE];
	struct tables tables;
	int in = open(qboot, O_RDONLY | O_CLOEXEC), out, err;
	bool whole = in >= 0 && read(in, rom, sizeof(rom)) == sizeof(rom);
	size_t at;

	if (in >= 0)
		close(in);
	at = whole ? find_room(rom, sizeof(tables)) : 0;
	if (!at)
		return fail("%s: not a firmware of %d bytes with room for ACPI tables, which a "
			    "kernel of your own needs",
			    qboot, ROM_SIZE);
	make_tables(&tables, ROM_BASE + at, vcpus);
	memcpy(rom + at, &tables, sizeof(tables));
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	err = out < 0 || write_all(out, rom, sizeof(rom)) ? fail("%s: %m", path) : 0;
	if (out >= 0)
		close(out);
	return err;
}
