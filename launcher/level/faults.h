/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of faults that it found in itself: warnings, oopses, KASAN, lockdep, UBSAN. */
#pragma once

#include <stddef.h>

/*
 * The number of such messages in LOG, a kernel's log as klogctl() returns it, from SINCE_S on, by its
 * time stamps.  FIRST gets what the first one says.
 */
int faults_in_log(const char *log, double since_s, char *first, size_t size);
