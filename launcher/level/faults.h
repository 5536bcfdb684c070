/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of faults that it found in itself: warnings, oopses, KASAN, lockdep, UBSAN. */
#pragma once

#include <stddef.h>

/*
 * How many such messages LOG, a kernel's log as klogctl() returns it, has from SINCE_S on, in seconds of its time stamps.
 * FIRST gets what the first one says.
 */
int faults_in_log(const char *log, double since_s, char *first, size_t size);
