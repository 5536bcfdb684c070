/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares the clocks of two levels, and measures the TSC frequency. */
#pragma once

#include "lib/base.h"

/* The TSC frequency in kHz, measured, which takes 50 ms. */
int64_t clock_measure_tsc_khz(void);

/*
 * Whether the clock of a child is sane.  The child says that its kernel has run for CHILD_S seconds; its
 * parent started its machine PARENT_S seconds ago.  Delays only make PARENT_S larger, so a child that
 * counted more has a clock that runs too fast.  If not sane, WHY gets the reason.
 */
bool clock_is_sane(double child_s, double parent_s, char *why, size_t size);
/*
 * How many seconds a child's time of day, CHILD_S, is ahead of its parent's, PARENT_S, which was read
 * later; 0 if that is no more than clocks may differ.  RUN_S: how long the child has run.
 */
double clock_lead_s(double child_s, double parent_s, double run_s);
/* The time of day, in seconds since 1970. */
double clock_day_s(void);
/*
 * Watches for changes of the time of day, for clock_was_set().  Returns a file descriptor, which the
 * caller closes; -1 if the kernel cannot do it.
 */
int clock_watch(void);
/* Whether the time of day was set since clock_watch(), or may have been because FD is -1. */
bool clock_was_set(int fd);
/* Whether KVM has given this level its time of day, by kvm-clock. */
bool clock_is_kvms(void);
