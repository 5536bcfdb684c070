/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU features that KVM needs but does not check for: without them KVM loads, and its guest never runs.
 * Also whether programs may use AVX.  Decided by the text of /proc/cpuinfo.
 */
#pragma once

#include "lib/base.h"

/* The value of the first "KEY : value" in CPUINFO, up to its newline; "" if there is none. */
void cpuinfo_value(const char *cpuinfo, const char *key, char *buf, size_t size);

/* The TSC frequency that this kernel found; 0 if it does not know it. */
double needs_tsc_khz(const char *cpuinfo);
/* Whether something is missing.  WHY names it, and what may have removed it. */
bool needs_missing(const char *cpuinfo, int level, char *why, size_t size);

/* Whether the CPU has AVX and the operating system, by its XCR0, saves its registers.  XCR0 0: no XGETBV. */
bool needs_avx(const char *flags, uint64_t xcr0);

/*
 * Whether the TSC, which counted CYCLES in S seconds of this kernel's clock, has the frequency TSC_KHZ.
 * If not, WHY says so.  True if the time is too short to tell.
 */
bool needs_pace_is_sane(double tsc_khz, uint64_t cycles, double s, char *why, size_t size);
