/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks of two levels against one another, and the frequency that an emulated CPU takes from its host.
 */
#ifndef SUPERNEST_CLOCK_H
#define SUPERNEST_CLOCK_H

#include "lib/base.h"

/* What the TSC of this machine counts in a millisecond, measured; takes a twentieth of a second. */
int64_t clock_measure_tsc_khz(void);

/*
 * A level says that its kernel ran for CHILD_S; its parent had started its machine PARENT_S ago.
 * Delays on the way only make PARENT_S larger: a child that counted more has a clock that is too
 * fast. False, with the reason in WHY, if so.
 */
bool clock_is_sane(double child_s, double parent_s, char *why, size_t size);

#endif
