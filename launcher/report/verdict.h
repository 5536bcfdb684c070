/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place where a run is found to be a success: what was asked for was reached, and there is evidence for
 * each level on the way.
 */
#ifndef SUPERNEST_VERDICT_H
#define SUPERNEST_VERDICT_H

#include "report/report.h"

/* Of a report whose `reached` and `stop` are known. */
bool verdict_ok(const struct report *r);

#endif
