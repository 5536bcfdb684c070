// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bitmaps by which G1 chooses which MSRs and ports of G2 exit to it, changed from run to run: APM
 * volume 2, 15.10 and 15.11.
 */
#include "guest/cases.h"
#include "guest/runtime.h"

#include <string.h>

#define NO_BIT (~0u)

/*
 * MSRs that can be read and written back without harm.  KVM passes some of them through, and intercepts
 * others.
 */
static const uint32_t msrs[] = {
	0x174,	    0x175,	0x176,	    0x277,	0xc0000081,
	0xc0000082, 0xc0000083, 0xc0000084, 0xc0000102, 0xc0010117,
};

/* Outside of all three ranges: these always exit. */
static const uint32_t uncovered_msrs[] = { 0x2000, 0x4b564d00, 0xbfffffff, 0xc0002000, 0xc0012000 };

/* The map's bit for reads; the next one is for writes. */
static unsigned int msr_bit(uint32_t msr)
{
	static const uint32_t first[] = { 0, 0xc0000000, 0xc0010000 };

	for (unsigned int i = 0; i < 3; i++)
		if (msr - first[i] < 0x2000)
			return i * 0x4000 + 2 * (msr - first[i]);
	return NO_BIT;
}

static void set_bit(uint8_t *map, unsigned int bit, bool on)
{
	map[bit / 8] = (map[bit / 8] & ~(1 << bit % 8)) | on << bit % 8;
}

static struct vmcb *prepare_msr(uint32_t msr, bool write, uint64_t value, bool protect)
{
	struct vmcb *v = g2_init_bytes(0, write ? "\x0f\x30" : "\x0f\x32", 2);

	intercept(v, EXIT_MSR, protect);
	v->rax = (uint32_t)value;
	ARENA->g2.rcx = msr;
	ARENA->g2.rdx = value >> 32;
	return v;
}

static void expect_msr_exit(const char *what, uint32_t msr, bool write)
{
	struct vmcb *v = prepare_msr(msr, write, 0x1234, true);

	expect(what, g2_run(v), EXIT_MSR);
	expect("direction of an MSR's exit", v->exit_info_1, write);
	expect("RIP at an MSR's exit", v->rip, (uint64_t)ARENA->code);
}

/* G2 writes VALUE and G1 sees it, or G2 reads what G1 has set. */
static void expect_msr_alone(const char *what, uint32_t msr, bool write, uint64_t value,
			     bool protect)
{
	struct vmcb *v;

	if (!write)
		wrmsr(msr, value);
	v = prepare_msr(msr, write, value, protect);
	expect(what, g2_run(v), EXIT_VMMCALL);
	expect(what, write ? rdmsr(msr) : (ARENA->g2.rdx << 32 | (uint32_t)v->rax), value);
}

static void try_msr(uint32_t msr)
{
	uint8_t *map = ARENA->msrpm;
	unsigned int bit = msr_bit(msr);
	uint64_t before = rdmsr(msr), values[2];

	values[0] = before;
	values[1] = msr == 0x277 ? 0x0007010600070106 : before ^ 0x1000;
	for (int write = 0; write < 2; write++) {
		for (int round = 0; round < 2; round++) {
			memset(map, 0, sizeof(ARENA->msrpm));
			set_bit(map, bit + write, true);
			expect_msr_exit("an MSR whose bit alone is set", msr, write);
			memset(map, 0xff, sizeof(ARENA->msrpm));
			set_bit(map, bit + write, false);
			expect_msr_alone("an MSR whose bit alone is not set", msr, write,
					 values[round ^ 1], true);
		}
		expect_msr_alone("an MSR of a G2 without MSR intercept", msr, write, values[1],
				 false);
	}
	wrmsr(msr, before);
}

static void try_msrs(void)
{
	for (size_t i = 0; i < sizeof(msrs) / sizeof(*msrs); i++)
		try_msr(msrs[i]);
	memset(ARENA->msrpm, 0, sizeof(ARENA->msrpm));
	for (size_t i = 0; i < sizeof(uncovered_msrs) / sizeof(*uncovered_msrs); i++) {
		expect_msr_exit("read of an MSR that the map does not cover", uncovered_msrs[i],
				false);
		expect_msr_exit("write of an MSR that the map does not cover", uncovered_msrs[i],
				true);
	}
}

/* ---- ports ------------------------------------------------------------------------------- */

#define IO_IN 1
#define IO_STRING 4
#define IO_REP 8

/* By DX; EXITINFO1 tells the size too. */
static const struct {
	const char *code;
	uint8_t len, bytes;
	uint16_t info;
} accesses[] = {
	{ "\xec", 1, 1, 0x10 | IO_IN },
	{ "\xee", 1, 1, 0x10 },
	{ "\x66\xed", 2, 2, 0x20 | IO_IN },
	{ "\x66\xef", 2, 2, 0x20 },
	{ "\xed", 1, 4, 0x40 | IO_IN },
	{ "\xef", 1, 4, 0x40 },
	{ "\x6e", 1, 1, 0x10 | IO_STRING },
	{ "\xf3\x6e", 2, 1, 0x10 | IO_STRING | IO_REP },
	{ "\x6c", 1, 1, 0x10 | IO_STRING | IO_IN },
};

static struct vmcb *prepare_io(int i, uint16_t port)
{
	struct vmcb *v = g2_init_bytes(0, accesses[i].code, accesses[i].len);

	intercept(v, EXIT_IOIO, true);
	ARENA->g2.rdx = port;
	ARENA->g2.rcx = 2;
	ARENA->g2.rsi = ARENA->g2.rdi = (uint64_t)ARENA->scratch;
	return v;
}

static void expect_io_exit(const char *what, int i, uint16_t port)
{
	struct vmcb *v = prepare_io(i, port);

	expect(what, g2_run(v), EXIT_IOIO);
	expect("port of an exit", v->exit_info_1 >> 16, port);
	expect("size, direction and kind of an access to a port", v->exit_info_1 & 0x7d,
	       accesses[i].info);
	expect("next RIP of an access to a port", v->exit_info_2, v->rip + accesses[i].len);
}

/* The interrupt controller's mask register, which this level's KVM emulates: accessing it does no harm. */
#define PIC_MASK 0x21

static void try_io(void)
{
	uint8_t *map = ARENA->iopm;

	for (size_t i = 0; i < sizeof(accesses) / sizeof(*accesses); i++) {
		for (int b = 0; b < accesses[i].bytes; b++) {
			memset(map, 0, sizeof(ARENA->iopm));
			set_bit(map, 0x4f6 + b, true); /* across the end of a byte */
			expect_io_exit("a port with one bit of it set", i, 0x4f6);
		}
		memset(map, 0, sizeof(ARENA->iopm));
		set_bit(map, 0xffff, true);
		expect_io_exit("the last ports", i, 0x10000 - accesses[i].bytes);
	}
	for (int round = 0; round < 3; round++) {
		memset(map, 0xff, sizeof(ARENA->iopm));
		set_bit(map, PIC_MASK, false);
		expect("a port whose bit is not set", g2_run(prepare_io(0, PIC_MASK)),
		       EXIT_VMMCALL);
		set_bit(map, PIC_MASK, true);
		expect_io_exit("a port whose bit was set again", 0, PIC_MASK);
		ARENA->vmcb[0].rax = 0;
	}
}

void case_maps(void)
{
	try_msrs();
	try_io();
}
