/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the tests of matrices and cases read one. */
#pragma once

#include "host/series.h"
#include "test.h"

static struct series s;

static inline int read_matrix(const char *text)
{
	write_file("matrix", text);
	s = (struct series){ .repeat = 1 };
	return series_read(&s, "matrix");
}

/* "--a 1 --b 2" */
static inline const char *options_of(int combination)
{
	static char text[400];
	char *word[SERIES_ARGS];
	int count = series_options(&s, combination, word);

	text[0] = '\0';
	for (int i = 0; i < count; i++)
		format(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
		       word[i]);
	return text;
}
