/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as a page: one file that needs nothing else and no script, for a screen of any width, light or
 * dark, and for paper.
 */
#ifndef SUPERNEST_HTML_H
#define SUPERNEST_HTML_H

#include <stdio.h>

#include "report/plot.h"
#include "report/report.h"

/* One report, or up to PLOT_MAX over one another; NAME[] tells them apart and is their source. */
void html_print(const struct report *const r[], const char *const name[], int count, FILE *out);

#endif
