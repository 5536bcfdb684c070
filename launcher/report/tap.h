/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses the output of programs that print TAP 12 to 14 or KTAP. */
#pragma once

#include "report/report.h"

/* Whether TAP output begins: "TAP version 13", "KTAP version 1". */
bool tap_begins(const char *line);
/*
 * Parses a result, "not ok 3 - name # SKIP why", indented or not: its id, result and detail.  False if
 * LINE is none.
 */
bool tap_result(const char *line, struct subtest *t);
/* Parses a plan, "1..3", not indented.  False if LINE is none; *COUNT stays. */
bool tap_plan(const char *line, int *count);
/* Whether the program gives up: "Bail out!". */
bool tap_bails(const char *line);
