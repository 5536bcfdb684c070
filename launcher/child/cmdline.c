// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* strsep */
#include "child/cmdline.h"
#include "lib/entropy.h"

#include <string.h>

#define CUT_MOST 4
#define TICK_HZ 20 /* kernel-config */

bool cmdline_is_full(const char *cmdline)
{
	return strlen(cmdline) >= CMDLINE_SIZE - CUT_MOST;
}

/* The parameters behind the prefixes of a line; NULL if a prefix is for another CPU or kernel. */
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
 * If a tick costs its whole period, there is no time for work.  With classic nesting a tick is about
 * ten exits, each up to four times as expensive as one of the parent.  With recursive SVM an exit is
 * cheap at any depth.  There the code of the tick is expensive, because it is never in the emulator's
 * caches, and all levels share one CPU.
 */
int cmdline_tick_jiffies(double exit_s, int level, bool recursive)
{
	double tick_s = recursive ? 50 * exit_s : 10 * 4 * exit_s;
	double share = recursive ? 1.0 / (20 * level) : 1.0 / 20; /* of the CPU, at most */
	double jiffies = tick_s / share * TICK_HZ;
	int most = recursive ? TICK_HZ / 2 : TICK_HZ * 2;

	return jiffies < 1 ? 1 : jiffies > most ? most : jiffies;
}

/*
 * The part of the time budget that is kept for an orderly end: the deepest level stops first, the
 * outermost last.  Ending takes a level a fraction of its boot time, and takes its child as long or
 * longer.
 */
static double reserve_s(double left_s, double pace_s, bool recursive)
{
	/* With recursion no level is slower than the one above, so many levels have to share the time. */
	double s = recursive ? left_s * 0.002 + 0.25 + pace_s / 4 : left_s * 0.02 + 1 + pace_s;

	return s > left_s / 4 ? left_s / 4 : s;
}

/* What a level must know of its programs; nothing if everything has its default. */
static void append_exec(const struct decided *d, int level, char *buf, size_t size)
{
	const struct exec *e = &d->exec;
	const char *between = " nest.exec_at=";

	for (int i = 0; i <= MAX_LEVEL; i++)
		if (levels_have(&e->at, i)) {
			append(buf, size, "%s%d", between, i);
			between = ",";
		}
	if (e->when != EXEC_FIRST)
		append(buf, size, " nest.exec_when=%s", exec_when_names[e->when]);
	if (e->timeout_s != EXEC_S)
		append(buf, size, " nest.exec_timeout=%d", e->timeout_s);
	if (d->hook_timeout_s != HOOK_S)
		append(buf, size, " nest.hook_timeout=%d", d->hook_timeout_s);
	if (e->input >= level)
		append(buf, size, " nest.input=%d", e->input);
	if (*e->command)
		append(buf, size, " nest.exec=%s", e->command);
}

void cmdline_offer(const char *virt, char *parameters, size_t size)
{
	char word[32];

	format(word, sizeof(word), "nest.offered=%s", virt);
	append_word(parameters, size, word);
}

/* Settings for this level and those below it.  The kernel itself takes the module parameters. */
static void append_settings(const struct decided *d, int level, char *buf, size_t size)
{
	const struct {
		const char *word;
		const struct settings *s;
	} kinds[] = { { "set", &d->set }, { "cpu_at", &d->cpus } };
	struct levels levels;
	const char *what;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (int i = 0; i < kinds[k].s->count; i++) {
			what = setting_get(kinds[k].s, i, &levels);
			if (kinds[k].s == &d->set && levels_have(&levels, level))
				append(buf, size, " %s", what);
			if (levels_last(&levels) >= level)
				append(buf, size, " nest.%s=%s", kinds[k].word,
				       kinds[k].s->item[i]);
		}
}

int cmdline_make(const struct decided *d, int level, double pace_s, const char *parameters,
		 char buf[CMDLINE_SIZE])
{
	double left_s = d->deadline_s - now_s();
	char seed[SEED_SIZE], own[CMDLINE_SIZE + 3 * SETTINGS_MAX * (SETTING_SIZE + 16)];

	entropy_derive(d->seed, level, seed);
	format(own, sizeof(own), "nest.level=%d nest.id=%s nest.seed=%s", level, d->run_id, seed);
	if (d->depth == DEPTH_MAX)
		append(own, sizeof(own), " nest.depth=max");
	else
		append(own, sizeof(own), " nest.depth=%d", d->depth);
	left_s -= reserve_s(left_s, pace_s, d->nesting == NESTING_RECURSIVE);
	if (d->deadline_s)
		append(own, sizeof(own), " nest.timeout=%d", left_s < 1 ? 1 : (int)left_s);
	if (d->shell >= level)
		append(own, sizeof(own), " nest.shell=%d", d->shell);
	if (strcmp(d->checks, "quick"))
		append(own, sizeof(own), " nest.checks=%s", d->checks);
	if (d->nesting == NESTING_RECURSIVE)
		append(own, sizeof(own), " nest.nesting=recursive");
	if (d->enlightened)
		append(own, sizeof(own), " nest.enlightened=on");
	if (d->smp > 1)
		append(own, sizeof(own), " nest.smp=%d", d->smp);
	if (d->save_restore)
		append(own, sizeof(own), " nest.save_restore=%d", d->save_restore);
	append_exec(d, level, own, sizeof(own));
	append_settings(d, level, own, sizeof(own));
	return format_whole("the next level's kernel command line", buf, CMDLINE_SIZE - CMDLINE_OWN,
			    "%s %s", parameters, own);
}
