// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/faults.h"
#include "lib/base.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CUT_HERE "------------[ cut here ]" /* Linux's include/asm-generic/bug.h */

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Messages of Linux's kernel/panic.c, lib/bug.c, lib/ubsan.c, mm/kasan, lockdep.c and arch/x86/mm */
static bool is_fault(const char *text)
{
	static const char *const faults[] = { "WARNING: ",     "BUG: ",
					      "Oops: ",	       "UBSAN: ",
					      "kernel BUG at", "unchecked MSR access error: " };

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (begins(text, faults[i]))
			return true;
	return false;
}

/* "<4>[   15.275742] text" */
static const char *text_of(const char *line, double *stamp_s)
{
	const char *open = strchr(line, '['), *close = open ? strstr(open, "] ") : NULL;

	if (!close)
		return NULL;
	*stamp_s = strtod(open + 1, NULL);
	return close + 2;
}

int faults_in_log(const char *log, double since_s, char *first, size_t size)
{
	char *copy = strdup(log), *rest = copy, *line;
	const char *text, *said = NULL; /* what a warning says stands before it */
	bool cut = false;
	double stamp_s;
	int count = 0;

	while ((line = strsep(&rest, "\n"))) {
		text = text_of(line, &stamp_s);
		if (!text || stamp_s < since_s)
			continue;
		if (is_fault(text)) {
			if (!count++)
				format(first, size, "%s", said ? said : text);
			said = NULL;
		} else {
			said = cut ? text : NULL;
		}
		cut = begins(text, CUT_HERE);
	}
	free(copy);
	return count;
}
