// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/needs.h"

#include <stdlib.h>
#include <string.h>

#define XCR0_SSE (1 << 1) /* Intel SDM volume 1, 13.3 */
#define XCR0_AVX (1 << 2)
#define PACE_OFF 0.2   /* the most that two clocks of one machine may differ */
#define PACE_S_MIN 0.1 /* the coarsest clock has ticks of 50 ms */

void cpuinfo_value(const char *cpuinfo, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);
	const char *p = cpuinfo;

	buf[0] = '\0';
	for (; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, key, len) || !strchr("\t ", p[len]))
			continue;
		p = strchr(p, ':');
		if (p && p[1] == ' ')
			format(buf, size, "%.*s", (int)strcspn(p + 2, "\n"), p + 2);
		return;
	}
}

double needs_tsc_khz(const char *cpuinfo)
{
	char mhz[32];

	cpuinfo_value(cpuinfo, "cpu MHz", mhz, sizeof(mhz));
	return strtod(mhz, NULL) * 1000;
}

bool needs_missing(const char *cpuinfo, int level, char *why, size_t size)
{
	char flags[4096];

	cpuinfo_value(cpuinfo, "flags", flags, sizeof(flags));
	if (!*flags) /* nothing is known */
		return false;
	if (!has_word(flags, "apic")) {
		format(why, size,
		       "L%d has no local APIC, and KVM needs one: the CPU lacks it (QEMU: -apic), "
		       "or "
		       "nolapic is on the kernel command line",
		       level);
		return true;
	}
	if (!has_word(flags, "tsc")) {
		format(why, size, "L%d has no time-stamp counter, and KVM needs one", level);
		return true;
	}
	if (needs_tsc_khz(cpuinfo) >= 1)
		return false;
	format(why, size,
	       "the kernel of L%d does not know the frequency of the TSC, so KVM cannot run a "
	       "guest: give it an HPET or a PM timer, or the kernel parameter tsc_early_khz=KHZ",
	       level);
	return true;
}

bool needs_avx(const char *flags, uint64_t xcr0)
{
	const uint64_t both = XCR0_SSE | XCR0_AVX;

	return has_word(flags, "avx") && has_word(flags, "xsave") && (xcr0 & both) == both;
}

bool needs_pace_is_sane(double tsc_khz, uint64_t cycles, double s, char *why, size_t size)
{
	double is_khz;

	if (s < PACE_S_MIN)
		return true;
	is_khz = cycles / s / 1000;
	if (is_khz > tsc_khz * (1 - PACE_OFF) && is_khz < tsc_khz * (1 + PACE_OFF))
		return true;
	format(why, size, "its kernel says that the TSC has %.0f kHz; by its clock it has %.0f",
	       tsc_khz, is_khz);
	return false;
}
