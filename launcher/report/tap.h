/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program prints as TAP 12 to 14 or as KTAP: which test came to what.
 */
#ifndef SUPERNEST_TAP_H
#define SUPERNEST_TAP_H

#include "report/report.h"

/* "TAP version 13", "KTAP version 1": what follows is such output. */
bool tap_begins(const char *line);
/* "not ok 3 - name # SKIP why", indented or not.  False: it is no result.  Sets the id, the result and the detail. */
bool tap_result(const char *line, struct subtest *t);
/* "1..3", not indented: how many results there are to be.  False: it is no plan, and *COUNT stays. */
bool tap_plan(const char *line, int *count);
/* "Bail out!": the program gives up. */
bool tap_bails(const char *line);

#endif
