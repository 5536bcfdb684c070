/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What KVM needs of the level that it runs in and does not ask for: without it KVM loads, and its guest
 * never runs.  And what a program may use of the CPU.  Decided by the text of /proc/cpuinfo.
 */
#ifndef SUPERNEST_NEEDS_H
#define SUPERNEST_NEEDS_H

#include "lib/base.h"

/* The value of the first "KEY : value" of CPUINFO, up to its newline; "" if there is none. */
void cpuinfo_value(const char *cpuinfo, const char *key, char *buf, size_t size);

/* The TSC's frequency by this kernel; 0: it does not know it. */
double needs_tsc_khz(const char *cpuinfo);
/* Names what is missing, and what may have removed it. False if nothing is missing. */
bool needs_missing(const char *cpuinfo, int level, char *why, size_t size);

/* The CPU has AVX, and an operating system with this XCR0 keeps its registers; 0: XGETBV is not there. */
bool needs_avx(const char *flags, uint64_t xcr0);

/*
 * The TSC counted so many cycles in so many seconds of this kernel's clock.  False, with words, if that is
 * not its frequency; a span that is too short to tell passes.
 */
bool needs_pace_is_sane(double tsc_khz, uint64_t cycles, double s, char *why, size_t size);

#endif
