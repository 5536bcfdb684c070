/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On a host: what a run refuses before it starts, because it would not do what was asked for. */
#pragma once

#include "host/host.h"
#include "lib/decided.h"

/* Options that contradict each other.  -1 (printed) if there are any. */
int refuse_contradictions(const struct options *asked, const struct decided *d);
/* Levels that are asked for, but are above the OUTERMOST one.  -1 (printed) if there are any. */
int refuse_levels(const struct options *asked, const struct decided *d, int outermost);
/*
 * What this machine lacks.  STATUS_SKIPPED (printed) if it cannot do what was asked for, -1 (printed) if it
 * needs another QEMU.  OUT: where people read.
 */
int refuse_host(const struct options *asked, const struct host *h, FILE *out);
