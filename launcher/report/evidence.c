// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/evidence.h"

#include <string.h>

const char *const evidence_names[] = { "kernel_log", "registers", "kvm" };

void evidence_clear(struct evidence *e)
{
	memset(e->count, 0, sizeof(e->count));
}

void evidence_add(struct evidence *e, int part, const char *line)
{
	char *last;

	if (e->count[part] == EVIDENCE_LINES)
		memmove(e->line[part][0], e->line[part][1],
			(EVIDENCE_LINES - 1) * sizeof(e->line[part][0]));
	else
		e->count[part]++;
	last = e->line[part][e->count[part] - 1];
	format(last, EVIDENCE_LINE, "%s", line);
	sanitize(last);
}
