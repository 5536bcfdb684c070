// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/faults.h"
#include "lib/system.h"

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

int faults_in_log(const char *log, double since_s, char *first, size_t size)
{
	char *copy = strdup(log), *rest = copy, *message;
	const char *text, *said = NULL; /* what a warning says stands before it */
	bool cut = false;
	int count = 0;

	while ((message = system_next_message(&rest, since_s))) {
		text = strstr(message, "] ");
		if (!text)
			continue;
		text += 2;
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
