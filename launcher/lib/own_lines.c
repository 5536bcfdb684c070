// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* pipe2 */
#include "lib/own_lines.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The most that one look takes: a program that writes without end must not hold us up. */
#define TAKE_MAX (1 << 18)

bool throttle_pass(struct throttle *t)
{
	double now = now_s();

	t->credit += (now - t->credit_s) * LINES_S;
	if (t->credit > LINES_BURST || !t->credit_s)
		t->credit = LINES_BURST;
	t->credit_s = now;
	if (t->credit < 1) {
		t->dropped++;
		return false;
	}
	t->credit--;
	return true;
}

void clean_line(char *line, size_t len, size_t most)
{
	size_t end = len < most ? len : most;

	while (end && (line[end - 1] == '\r' || line[end - 1] == ' '))
		end--;
	line[end] = '\0';
	for (size_t i = 0; i < end; i++)
		if (line[i] == '\t')
			line[i] = ' ';
		else if (!line[i])
			line[i] = '?';
	sanitize(line);
}

int own_lines_open(struct own_lines *w, void (*pass)(void *context, const char *line),
		   void *context)
{
	int ends[2];

	*w = (struct own_lines){ .in = -1, .out = -1, .pass = pass, .context = context };
	if (pipe2(ends, O_CLOEXEC))
		return fail("pipe for the output of this level's programs: %m");
	w->in = ends[0];
	w->out = ends[1];
	fcntl(w->in, F_SETFL, O_NONBLOCK);
	return 0;
}

void own_lines_say(struct own_lines *w, const char *line)
{
	if (*line && throttle_pass(&w->throttle))
		w->pass(w->context, line);
}

static void end_line(struct own_lines *w)
{
	clean_line(w->line, w->len, OWN_LINE_SIZE - 1);
	w->len = 0;
	own_lines_say(w, w->line);
}

void own_lines_take(struct own_lines *w)
{
	ssize_t n, total = 0;
	char data[4096];

	while (w->in >= 0 && total < TAKE_MAX && (n = read(w->in, data, sizeof(data))) > 0) {
		total += n;
		for (ssize_t i = 0; i < n; i++)
			if (data[i] == '\n')
				end_line(w);
			else if (w->len < OWN_LINE_SIZE)
				w->line[w->len++] = data[i];
	}
}

void own_lines_finish(struct own_lines *w)
{
	char line[80];

	own_lines_take(w);
	if (w->len)
		end_line(w);
	if (!w->throttle.dropped)
		return;
	format(line, sizeof(line), "%lld lines that this level's programs printed were left out",
	       (long long)w->throttle.dropped);
	w->throttle.dropped = 0;
	w->pass(w->context, line);
}
