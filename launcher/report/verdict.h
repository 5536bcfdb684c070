/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only place that decides whether a run succeeded: what was asked for was reached, with evidence for
 * each level on the way.
 */
#pragma once

#include "report/report.h"

/* Whether it did.  The report's `reached` and `stop` must be set. */
bool verdict_ok(const struct report *r);
