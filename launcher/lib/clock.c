// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define MEASURE_US 50000
#define TRIES 20
#define PACE_OFF 0.1 /* the error that calibration may have */
#define START_S 0.5  /* the uncertainty of when either clock began */
#define LEAD_S 0.02
#define NEVER_S 0xffffffff /* in 2106 */

struct moment {
	uint64_t cycles;
	double s;
};

/*
 * Reads both clocks at one moment: of several tries it takes the one with the shortest time between two
 * TSC reads.
 */
static struct moment read_both(void)
{
	uint64_t least = UINT64_MAX;
	struct moment m = { 0 };

	for (int i = 0; i < TRIES; i++) {
		struct timespec ts;
		uint64_t before = __rdtsc(), after;

		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		after = __rdtsc();
		if (after - before >= least)
			continue;
		least = after - before;
		m.cycles = before + least / 2;
		m.s = ts.tv_sec + ts.tv_nsec / 1e9;
	}
	return m;
}

int64_t clock_measure_tsc_khz(void)
{
	struct moment a = read_both(), b;

	usleep(MEASURE_US);
	b = read_both();
	return b.s > a.s ? (b.cycles - a.cycles) / (b.s - a.s) / 1000 + 0.5 : 0;
}

double clock_lead_s(double child_s, double parent_s, double run_s)
{
	double lead_s = child_s - parent_s;

	return lead_s > LEAD_S + run_s * PACE_OFF ? lead_s : 0;
}

double clock_day_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int clock_watch(void)
{
	const struct itimerspec never = { .it_value.tv_sec = NEVER_S };
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd >= 0)
		timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
	return fd;
}

bool clock_was_set(int fd)
{
	uint64_t expirations;

	return fd < 0 || read(fd, &expirations, sizeof(expirations)) >= 0 || errno != EAGAIN;
}

bool clock_is_kvms(void)
{
	char clocks[200];

	return !read_text("/sys/devices/system/clocksource/clocksource0/available_clocksource",
			  clocks, sizeof(clocks)) &&
	       strstr(clocks, "kvm-clock");
}

bool clock_is_sane(double child_s, double parent_s, char *why, size_t size)
{
	if (child_s <= parent_s * (1 + PACE_OFF) + START_S)
		return true;
	format(why, size,
	       "its clock runs too fast: it counted %.1f s where the level above counted %.1f",
	       child_s, parent_s);
	return false;
}
