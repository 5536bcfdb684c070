// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/blame.h"
#include "child/child.h"
#include "host/files.h"
#include "host/outermost.h"
#include "lib/options.h"
#include "report/formats.h"
#include "report/json.h"
#include "report/run.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 1024

/* ---- the conclusion ---------------------------------------------------------------------- */

static bool is_better(const struct past_run *run, int deepest)
{
	return run->status == STATUS_OK || (run->status == STATUS_NOT && run->victim > deepest);
}

static void name_suspects(struct blame *b)
{
	format(b->sentence, sizeof(b->sentence), "L%d broke; with the appliance's own kernel at",
	       b->victim);
	for (int i = 0; i < b->count; i++)
		append(b->sentence, sizeof(b->sentence), "%s L%d", i ? " or" : "", b->suspects[i]);
	if (b->suspects[0] == b->victim)
		append(b->sentence, sizeof(b->sentence),
		       " it does not: the suspect is its own kernel");
	else
		append(b->sentence, sizeof(b->sentence),
		       " alone it does not: the suspect is the KVM of L%d", b->suspects[0]);
}

void blame_conclude(struct blame *b, const struct report *first, const struct past_run *runs,
		    const int *level, int count)
{
	int deepest; /* where the run as asked for broke */

	*b = (struct blame){ .victim = deepest = report_victim(first) };
	if (count && runs[0].victim > deepest)
		deepest = runs[0].victim;
	if (count && runs[0].status == STATUS_OK) {
		format(b->sentence, sizeof(b->sentence),
		       "L%d broke, but not when the same run was made again: see --repeat",
		       b->victim);
		return;
	}
	for (int i = 1; i < count && b->count < SUSPECTS_MAX; i++)
		if (is_better(&runs[i], deepest))
			b->suspects[b->count++] = level[i];
	if (b->count)
		name_suspects(b);
	else
		format(b->sentence, sizeof(b->sentence),
		       "L%d broke, and also breaks with the appliance's own kernel at any one "
		       "level: the "
		       "fault is in several levels or in none",
		       b->victim);
}

/* ---- the runs ---------------------------------------------------------------------------- */

struct runs {
	const struct options *asked;
	const char *text;
	struct series series;
	int level[AXIS_VALUES]; /* the one that ran the appliance's own kernel; -1: none */
	char list[AXIS_VALUES][LIST_MAX]; /* levels that ran the kernel under test */
};

/*
 * Lists the levels for --levels, but leaves one out; if none remains, lists a level that the run does
 * not reach.
 */
static void list_levels(const struct options *asked, int deepest, int without, char *list)
{
	*list = '\0';
	for (int i = 0; i <= deepest; i++)
		if (i != without && levels_choose(&asked->levels, i))
			append(list, LIST_MAX, "%s%d", *list ? "," : "", i);
	if (!*list && deepest < MAX_LEVEL)
		format(list, LIST_MAX, "%d", deepest + 1);
}

static void add_run(struct runs *runs, const struct report *first, int level)
{
	const struct options *asked = runs->asked;
	struct axis *axis = runs->series.axes;
	int deepest = asked->depth == DEPTH_MAX ? first->deepest + 1 : asked->depth;
	char *list;

	if (axis->count == AXIS_VALUES)
		return;
	if (level >= 0 && !levels_choose(&asked->levels, level))
		return; /* has the appliance's own kernel anyway */
	list = runs->list[axis->count];
	list_levels(asked, deepest, level, list);
	if (!*list)
		return;
	runs->level[axis->count] = level;
	axis->value[axis->count++] = list;
}

static int run_once(void *context, int argc, char **argv, struct report *r)
{
	const struct runs *runs = context;
	struct options asked = *runs->asked;
	int status;

	options_from_args(&asked, CMD_RUN, argc, argv);
	/* No level is left for the kernel under test. */
	if (asked.depth != DEPTH_MAX && levels_first(&asked.levels) > asked.depth) {
		asked.levels = (struct levels){ 0 };
		asked.kernel = asked.modules = asked.config = NULL;
	}
	asked.json_path = asked.artifacts = NULL; /* of the first run only */
	status = outermost_run(&asked, runs->text, r);
	return status < 0 ? STATUS_WRONG : status;
}

static int look_for_suspect(struct runs *runs, struct report *first)
{
	const struct options *asked = runs->asked;
	struct series *s = &runs->series;
	FILE *out = run_lines_file(asked);
	int victim = report_victim(first);

	s->axis_count = s->repeat = 1;
	s->quiet = true;
	s->axes[0].name = "levels";
	strcpy(s->axes[0].flag, "--levels");
	add_run(runs, first, -1);
	for (int i = first->outermost; i <= victim; i++)
		add_run(runs, first, i);
	s->combinations = s->axes[0].count;
	fprintf(out, "# supernest: blame: L%d broke; %d runs follow, to find whose KVM it is\n",
		victim, s->combinations);
	series_run(s, run_once, runs, &relay_stop_requested, out, NULL);
	if (relay_stop_requested)
		return 0;
	blame_conclude(&first->blame, first, s->runs, runs->level, s->count);
	free(s->runs);
	fprintf(out, "blame: %s\n", first->blame.sentence);
	return asked->json_path ? json_write_report(first, asked->json_path) : 0;
}

static int check(const struct options *asked)
{
	if (!files_is_foreign_kernel(asked->kernel, asked->smp))
		return fail("--blame needs --kernel: it names the level at which the KVM of a "
			    "kernel under test is at fault");
	if (asked->repeat > 1 || asked->matrix || asked->program || asked->shell != SHELL_NONE)
		return fail("--blame does not go with --repeat, --matrix, --shell or -- CMD");
	return 0;
}

int blame_command(const struct options *asked, const char *command)
{
	struct runs *runs;
	struct report *first;
	int status;

	if (check(asked))
		return -1;
	runs = calloc(1, sizeof(*runs));
	first = calloc(1, sizeof(*first));
	if (!runs || !first) {
		free(runs);
		free(first);
		return fail("out of memory");
	}
	runs->asked = asked;
	runs->text = command;
	status = outermost_run(asked, command, first);
	if (status == STATUS_NOT && !first->interrupted && look_for_suspect(runs, first))
		status = -1;
	if (first->stop != STOP_NONE) /* there was a report */
		formats_print_end(run_lines_file(asked));
	free(runs);
	free(first);
	return status;
}
