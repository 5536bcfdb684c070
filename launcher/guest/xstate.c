// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's XCR0, which differs from its host's: it survives exits, and controls what the guest can use. */
#include "guest/cases.h"
#include "guest/runtime.h"

#define ROUNDS 8
#define CR4_OSXSAVE (1ull << 18)
#define X87_SSE 3ull
#define X87_SSE_AVX 7ull

#define CPUID_OSXSAVE 27

/* The size that XSAVE needs now: it follows XCR0. */
static uint32_t xsave_bytes(void)
{
	uint32_t eax = 0xd, ebx, ecx = 0;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx)::"edx");
	return ebx;
}

static bool have(int bit)
{
	uint32_t eax = 1, ecx = 0;

	asm volatile("cpuid" : "+a"(eax), "+c"(ecx)::"ebx", "edx");
	return ecx >> bit & 1;
}

static uint64_t get_xcr0(void)
{
	uint32_t low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static void set_xcr0(uint64_t value)
{
	asm volatile("xsetbv" ::"c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* AVX works only while XCR0 enables it. */
static void try_xcr0(uint64_t value)
{
	set_xcr0(value);
	for (int i = 0; i < ROUNDS; i++) {
		expect("XCR0", get_xcr0(), value);
		expect("vzeroupper by XCR0", TRY("vzeroupper", 0, 0, 0),
		       value == X87_SSE_AVX ? VECTORS : 6);
		exit_once();
	}
}

void case_xstate(void)
{
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	if (have(26)) {
		expect("CPUID's OSXSAVE before it is set", have(CPUID_OSXSAVE), 0);
		asm volatile("mov %0, %%cr4" ::"r"(cr4 | CR4_OSXSAVE));
		expect("CPUID's OSXSAVE", have(CPUID_OSXSAVE), 1);
		set_xcr0(X87_SSE);
		expect("bytes of x87 and SSE", xsave_bytes(), 0x240);
		if (have(28)) {
			try_xcr0(X87_SSE_AVX);
			expect("bytes with AVX", xsave_bytes(), 0x340);
			try_xcr0(X87_SSE);
			expect("bytes without AVX", xsave_bytes(), 0x240);
			try_xcr0(X87_SSE_AVX);
		}
		expect("XCR0 without x87", TRY("xsetbv", 2, 0, 0), 13);
		expect("XCR0 with AVX alone", TRY("xsetbv", 5, 0, 0), 13);
		expect("XCR0 with what there is not", TRY("xsetbv", 3, 0, 1u << 30), 13);
		expect("XCR1", TRY("xsetbv", 3, 1, 0), 13);
		set_xcr0(X87_SSE);
		asm volatile("mov %0, %%cr4" ::"r"(cr4));
		expect("CPUID's OSXSAVE after it was cleared", have(CPUID_OSXSAVE), 0);
	}
	expect("xgetbv without OSXSAVE", TRY("xgetbv", 0, 0, 0), 6);
}
