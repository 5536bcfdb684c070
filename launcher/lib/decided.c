// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/decided.h"

#include <string.h>

static int too_deep(const struct options *o, bool parameters, const char *what, int level)
{
	return fail("%s: L%d is deeper than L%d, where the run ends: see %s", what, level, o->depth,
		    parameters ? "nest.depth" : "--depth");
}

static int check_settings_depth(const struct options *o, bool parameters, const char *name,
				const struct settings *s)
{
	char what[SETTING_SIZE + 20];
	struct levels levels;

	for (int i = 0; i < s->count; i++) {
		setting_get(s, i, &levels);
		if (!strncmp(s->item[i], "all:", 4) || levels_last(&levels) <= o->depth)
			continue;
		format(what, sizeof(what), "%s%c%s", name, parameters ? '=' : ' ', s->item[i]);
		return too_deep(o, parameters, what, levels_last(&levels));
	}
	return 0;
}

int options_check_depth(const struct options *o, bool parameters)
{
	const struct {
		const char *word, *flag;
		int last;
	} places[] = {
		{ "nest.shell", "--shell", o->shell },
		{ "nest.exec_at", "--at", levels_last(&o->exec.at) },
		{ NULL, "--levels", levels_first(&o->levels) }, /* others may be deeper */
	};

	if (o->depth == DEPTH_MAX)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i].last > o->depth)
			return too_deep(o, parameters, parameters ? places[i].word : places[i].flag,
					places[i].last);
	return check_settings_depth(o, parameters, parameters ? "nest.set" : "--set", &o->set) ||
			       check_settings_depth(o, parameters,
						    parameters ? "nest.cpu_at" : "--cpu-at",
						    &o->cpus)
		       ? -1
		       : 0;
}

void options_decide(const struct options *o, int shell, struct decided *d)
{
	int last = levels_last(&o->exec.at);

	*d = (struct decided){ .depth = o->depth,
			       .shell = shell,
			       .nesting = o->nesting,
			       .enlightened = o->enlightened,
			       .smp = o->smp,
			       .save_restore = o->save_restore,
			       .exec = o->exec,
			       .hook_timeout_s = o->hook_timeout_s };
	strcpy(d->run_id, o->run_id);
	strcpy(d->checks, o->checks);
	strcpy(d->seed, o->seed);
	if (!d->exec.timeout_s)
		d->exec.timeout_s = o->suites.count || o->guest ? SUITE_S : EXEC_S;
	d->set = o->set;
	d->cpus = o->cpus;
	if (d->depth == DEPTH_MAX && (shell != SHELL_NONE || last >= 0))
		d->depth = shell > last ? shell : last;
}

bool decided_is_last(const struct decided *d, int level)
{
	return level == MAX_LEVEL || (d->depth != DEPTH_MAX && level >= d->depth);
}
