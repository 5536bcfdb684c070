// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/lines.h"

#include <stdarg.h>
#include <string.h>

void lines_say(const struct lines *l, const char *fmt, ...)
{
	char line[600];
	va_list args;

	if (!l->out)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	sanitize(line); /* it may contain a child's text */
	fprintf(l->out, "# supernest: %s%s\n", line, l->raw && *l->raw ? "\r" : "");
	fflush(l->out);
}

static void hear_shell(const struct lines *l, const struct record *rec)
{
	if (strcmp(record_get(rec, "state"), "on"))
		lines_say(l, "L%d: its shell has ended", rec->about);
	else if (rec->about == l->from)
		lines_say(l, "L%d: a shell; exit ends it", rec->about);
	else
		lines_say(l, "L%d: a shell; exit ends it, " SHELL_ESCAPE " ends the run",
			  rec->about);
}

void lines_hear(void *context, const struct record *rec)
{
	const struct lines *l = context;

	if (!strcmp(rec->kind, "ready"))
		lines_say(l, "L%d ready", rec->about);
	else if (!strcmp(rec->kind, "text"))
		lines_say(l, "L%d| %s", rec->about, record_get(rec, "line"));
	else if (!strcmp(rec->kind, "stop"))
		lines_say(l, "L%d: %s: %s", rec->about, record_get(rec, "reason"),
			  record_get(rec, "detail"));
	else if (!strcmp(rec->kind, "shell"))
		hear_shell(l, rec);
}
