/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report for KernelCI's database: KCIDB's schema, version 5.3. */
#pragma once

#include <stdio.h>

#include "report/report.h"

/*
 * Prints the tests of one run of the build BUILD_ID, as the submitter ORIGIN.  The same report gives the
 * same ids, so that it can be submitted again.  -1 (printed) if there is no memory.
 */
int kcidb_print(const struct report *r, const char *origin, const char *build_id, FILE *out);
