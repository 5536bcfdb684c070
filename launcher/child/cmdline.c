// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* strsep */
#include "child/cmdline.h"
#include "lib/entropy.h"
#include "lib/whole.h"

#include <string.h>

#define CUT_MOST 4

bool cmdline_is_full(const char *cmdline)
{
	return strlen(cmdline) >= CMDLINE_SIZE - CUT_MOST;
}

/* The parameters behind a line's prefixes, or NULL if one of them is of another CPU or kernel. */
static char *parameters_for(char *line, const char *virt, const char *kernel)
{
	static const char *const kinds[] = { "svm:", "vmx:", "own:", "any:" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strncmp(line, kinds[i], 4))
			continue;
		if (strncmp(line, virt, 3) && strncmp(line, kernel, 3))
			return NULL;
		return parameters_for(line + 4, virt, kernel);
	}
	return line;
}

int cmdline_read(const char *path, const char *virt, const char *kernel, char *parameters,
		 size_t size)
{
	char text[4096], *line, *rest = text;
	size_t len = 0;

	parameters[0] = '\0';
	if (read_whole(path, text, sizeof(text)))
		return fail("%s: %m", path);
	while ((line = strsep(&rest, "\n"))) {
		if (*line == '#' || !*line || !(line = parameters_for(line, virt, kernel)))
			continue;
		if (format_whole(path, parameters + len, size - len, "%s%s", len ? " " : "", line))
			return -1;
		len = strlen(parameters);
	}
	return 0;
}

/*
 * What is kept of the time budget to end in order: the deepest stops first, the outermost last.  Ending
 * takes a level some part of the time that its boot took, and its child's is like its own or longer.
 */
static double reserve_s(double left_s, double pace_s)
{
	double s = left_s * 0.02 + 1 + pace_s;

	return s > left_s / 4 ? left_s / 4 : s;
}

static void append(char *buf, size_t size, const char *text)
{
	size_t len = strlen(buf);

	format(buf + len, size - len, "%s", text);
}

/* What a level has to know of its programs, unless all is as it is by default. */
static void add_exec(const struct decided *d, int level, char *buf, size_t size)
{
	const struct exec *e = &d->exec;
	char word[600], list[200] = "";

	for (int i = 0; i <= MAX_LEVEL; i++)
		if (levels_have(&e->at, i))
			format(list + strlen(list), sizeof(list) - strlen(list), "%s%d",
			       *list ? "," : "", i);
	buf[0] = '\0';
	if (*list) {
		format(word, sizeof(word), " nest.exec_at=%s", list);
		append(buf, size, word);
	}
	if (e->when != EXEC_FIRST) {
		format(word, sizeof(word), " nest.exec_when=%s", exec_when_names[e->when]);
		append(buf, size, word);
	}
	if (e->timeout_s != EXEC_S) {
		format(word, sizeof(word), " nest.exec_timeout=%d", e->timeout_s);
		append(buf, size, word);
	}
	if (d->hook_timeout_s != HOOK_S) {
		format(word, sizeof(word), " nest.hook_timeout=%d", d->hook_timeout_s);
		append(buf, size, word);
	}
	if (e->input >= level) {
		format(word, sizeof(word), " nest.input=%d", e->input);
		append(buf, size, word);
	}
	if (*e->command) {
		format(word, sizeof(word), " nest.exec=%s", e->command);
		append(buf, size, word);
	}
}

int cmdline_make(const struct decided *d, int level, double pace_s, const char *parameters,
		 char buf[CMDLINE_SIZE])
{
	double left_s = d->deadline_s ? d->deadline_s - now_s() : 0;
	char depth[16] = "max", timeout[40] = "", shell[24] = "", checks[CHECKS_SIZE + 16] = "",
	     seed[SEED_SIZE], exec[1000];
	const char *nesting = d->nesting == NESTING_RECURSIVE ? " nest.nesting=recursive" : "";

	add_exec(d, level, exec, sizeof(exec));
	entropy_derive(d->seed, level, seed);
	left_s -= reserve_s(left_s, pace_s);
	if (d->depth != DEPTH_MAX)
		format(depth, sizeof(depth), "%d", d->depth);
	if (d->deadline_s)
		format(timeout, sizeof(timeout), " nest.timeout=%d", left_s < 1 ? 1 : (int)left_s);
	if (d->shell >= level)
		format(shell, sizeof(shell), " nest.shell=%d", d->shell);
	if (strcmp(d->checks, "quick"))
		format(checks, sizeof(checks), " nest.checks=%s", d->checks);
	return format_whole("the next level's kernel command line", buf, CMDLINE_SIZE - CMDLINE_OWN,
			    "%s nest.level=%d nest.id=%s nest.seed=%s nest.depth=%s%s%s%s%s%s",
			    parameters, level, d->run_id, seed, depth, timeout, shell, checks,
			    nesting, exec);
}
