/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON of a series: docs/schema/series.schema.json.  Each run is written when it has ended, so that
 * memory does not grow with the series.  Without a file, OUT is NULL and nothing is written.
 */
#pragma once

#include "host/series.h"

void series_json_begin(FILE *out);
/* PAST is one of the runs of S, and R its report. */
void series_json_run(FILE *out, const struct series *s, const struct past_run *past,
		     const struct report *r);
void series_json_end(FILE *out);
