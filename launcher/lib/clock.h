/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares the clocks of two levels, and measures the TSC frequency. */
#ifndef SUPERNEST_CLOCK_H
#define SUPERNEST_CLOCK_H

#include "lib/base.h"

/* The TSC frequency in kHz, measured, which takes 50 ms. */
int64_t clock_measure_tsc_khz(void);

/*
 * Whether the clock of a child is sane.  The child says that its kernel has run for CHILD_S seconds; its
 * parent started its machine PARENT_S seconds ago.  Delays only make PARENT_S larger, so a child that
 * counted more has a clock that runs too fast.  If not sane, WHY gets the reason.
 */
bool clock_is_sane(double child_s, double parent_s, char *why, size_t size);

#endif
