/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as an HTML page: one file without scripts or external resources, for screens of any width,
 * light or dark, and for paper.
 */
#pragma once

#include <stdio.h>

#include "report/plot.h"
#include "report/report.h"

/* Prints one report, or up to PLOT_MAX for comparison.  NAME[] names their sources. */
void html_print(const struct report *const r[], const char *const name[], int count, FILE *out);
