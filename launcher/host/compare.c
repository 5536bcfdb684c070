// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/compare.h"
#include "lib/options.h"
#include "report/json.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

/* Tolerance for the RAM of a machine that this command did not start: MemTotal depends on the kernel. */
#define MEMORY_PERCENT 10

static const char *const verdict_names[] = { "same", "better", "worse" };

#define NOT_COMPARED (-1)

/* Smaller differences do not count, whatever the percentage. */
enum unit { EXITS, KIB, CYCLES, SECONDS };
static const struct {
	const char *name;
	double slack;
} units[] = {
	[EXITS] = { "exits", 3 },
	[KIB] = { "KiB", 64 },	      /* a few slabs and stacks */
	[CYCLES] = { "cycles", 100 }, /* TCG's counter goes in steps of 26 */
	[SECONDS] = { "s", 5 },
};

/*
 * By how many percent a figure must grow to be worse, or shrink to be better: at the level that the
 * outermost KVM counts, at deeper ones, and at any level with a deterministic clock.  Measured in 27 runs
 * of one build on two emulated CPUs, half of them on an idle machine.
 */
static const struct figure {
	const char *key, *name;
	enum unit unit;
	int first, deeper, counted;
} figures[] = {
	/* Memory repeats within tens of KiB once rounding is removed. */
	{ "overhead_kib", "overhead, KiB", KIB, 1, 1, 1 },
	/*
	 * 272 to 308; deeper 276 to 684, because a slow level has more ticks.  Deterministic: 1.4 %,
	 * caused by other kernel parameters alone.
	 */
	{ "boot", "exits to ready", EXITS, 30, 200, 3 },
	/* L2: 1182 to 1313 or 1377 to 2181; L3: 3607 to 4808.  The cause is ticks again. */
	{ "chain", "exits of the chain", EXITS, 30, 100, 3 },
	/* Within 6 %: ticks are few compared with the thousands of exits of the checks. */
	{ "total", "exits in all", EXITS, 30, 30, 3 },
	/* The counter of an emulated CPU is the host's time: 12922 to 22178 in L1. */
	{ "cpuid_cycles", "cycles, CPUID", CYCLES, 200, 200, 3 },
	{ "pio_cycles", "cycles, port I/O", CYCLES, 200, 200, 3 },
	/*
	 * Seconds depend on the machine's other work, but rarely by a factor of five.  Where the clock is
	 * deterministic the counts say more.
	 */
	{ "wall_s", "seconds to ready", SECONDS, 400, 400, NOT_COMPARED },
};

struct comparison {
	const struct report *old, *new;
	struct compare_limits limits;
	FILE *out;
	cJSON *figures; /* if not NULL, filled in instead of printing a table */
	int count, better, worse;
	char names[200]; /* of figures that are worse, or, if none is, better */
};

/* ---- whether the two can be compared ----------------------------------------------------- */

static int differs(const char *what, const char *old, const char *new)
{
	if (!strcmp(old, new))
		return 0;
	return fail("not comparable: %s: the old report has %s, the new one %s", what,
		    *old ? old : "none", *new ? new : "none");
}

static int number_differs(const char *what, int64_t old, int64_t new, const char *unit)
{
	char o[40], n[40];

	format(o, sizeof(o), "%lld%s", (long long)old, unit);
	format(n, sizeof(n), "%lld%s", (long long)new, unit);
	return differs(what, o, n);
}

static int memory_differs(const struct report *old, const struct report *new)
{
	int64_t a = old->setup.memory_kib, b = new->setup.memory_kib, tenth;

	if (a > 0 && b > 0)
		return number_differs("RAM of the outermost guest", a, b, " KiB");
	if (old->deepest < 0 || new->deepest < 0)
		return 0;
	a = old->levels[old->outermost].total_kib;
	b = new->levels[new->outermost].total_kib;
	tenth = a * MEMORY_PERCENT / 100;
	return a < 0 || b < 0 || (b >= a - tenth && b <= a + tenth)
		       ? 0
		       : number_differs("RAM of the outermost level", a, b, " KiB");
}

static int machine_differs(const struct report *old, const struct report *new)
{
	const struct level *a, *b;

	if (old->deepest < 0 ||
	    new->deepest < 0) /* nothing came up in one of them: it can only be better or worse */
		return 0;
	a = &old->levels[old->outermost];
	b = &new->levels[new->outermost];
	return number_differs("outermost level", a->level, b->level, "") ||
	       differs("hypervisor of the outermost level", a->hypervisor, b->hypervisor) ||
	       differs("CPU's vendor", a->cpu_vendor, b->cpu_vendor) ||
	       differs("CPU's model", a->cpu_model, b->cpu_model) ||
	       differs("CPU's virtualization", a->cpu_virt, b->cpu_virt);
}

static const char *clock_name(const struct report *r)
{
	return r->setup.deterministic ? "a deterministic clock" : "a real clock";
}

static const char *cpu_name(const struct report *r)
{
	return r->setup.strict ? "a strict CPU" : "a CPU that is not strict";
}

static const char *vmcs_name(const struct report *r)
{
	return r->setup.enlightened ? "an enlightened VMCS" : "none that is enlightened";
}

static void requested_name(const struct report *r, char *buf, size_t size)
{
	if (r->requested == DEPTH_OPEN)
		format(buf, size, "max");
	else
		format(buf, size, "L%d", r->requested);
}

int compare_possible(const struct report *old, const struct report *new)
{
	bool timed = old->stop == STOP_TIME || new->stop == STOP_TIME;
	char a[16], b[16];

	requested_name(old, a, sizeof(a));
	requested_name(new, b, sizeof(b));
	return differs("requested depth", a, b) || machine_differs(old, new) ||
			       memory_differs(old, new) ||
			       differs("nesting", nesting_names[old->setup.nesting],
				       nesting_names[new->setup.nesting]) ||
			       differs("VMCS", vmcs_name(old), vmcs_name(new)) ||
			       differs("strictness", cpu_name(old), cpu_name(new)) ||
			       number_differs("vCPUs of each level", old->setup.smp, new->setup.smp,
					      "") ||
			       differs("time", clock_name(old), clock_name(new)) ||
			       (timed &&
				number_differs("time budget, which was used up",
					       old->setup.timeout_s, new->setup.timeout_s, " s"))
		       ? -1
		       : 0;
}

/* ---- one row ----------------------------------------------------------------------------- */

#define WHOLE_RUN (-1)

static void level_name(int level, char *buf, size_t size)
{
	if (level == WHOLE_RUN)
		format(buf, size, "run");
	else
		format(buf, size, "L%d", level);
}

/* Keeps the names of what is worse; of what is better only while nothing is worse. */
static void count_row(struct comparison *c, int level, const char *what, enum verdict verdict)
{
	char name[16];
	size_t len;

	c->count++;
	if (verdict == VERDICT_SAME)
		return;
	if (verdict == VERDICT_WORSE && !c->worse)
		c->names[0] = '\0';
	c->better += verdict == VERDICT_BETTER;
	c->worse += verdict == VERDICT_WORSE;
	if (verdict == VERDICT_BETTER && c->worse)
		return;
	level_name(level, name, sizeof(name));
	len = strlen(c->names);
	if (len + strlen(name) + strlen(what) + sizeof(", ...") < sizeof(c->names) - 2)
		format(c->names + len, sizeof(c->names) - len, "%s%s %s", len ? ", " : "", name,
		       what);
	else if (!strstr(c->names, "..."))
		strcat(c->names, ", ...");
}

static cJSON *json_row(struct comparison *c, int level, const char *key, enum verdict verdict)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "level",
			      level == WHOLE_RUN ? cJSON_CreateNull() : cJSON_CreateNumber(level));
	cJSON_AddStringToObject(o, "figure", key);
	cJSON_AddStringToObject(o, "verdict", verdict_names[verdict]);
	cJSON_AddItemToArray(c->figures, o);
	return o;
}

static void table_row(struct comparison *c, int level, const char *what, const char *old,
		      const char *new, const char *change, const char *limit, enum verdict verdict)
{
	char name[16];

	level_name(level, name, sizeof(name));
	fprintf(c->out, "%-4s %-20s %12s %12s %9s %9s  %s\n", name, what, old, new, change, limit,
		verdict == VERDICT_WORSE ? "WORSE" : verdict_names[verdict]);
}

static void text_row(struct comparison *c, int level, const char *what, const char *old,
		     const char *new, enum verdict verdict)
{
	cJSON *o;

	count_row(c, level, what, verdict);
	if (!c->figures) {
		table_row(c, level, what, old, new, "", "", verdict);
		return;
	}
	o = json_row(c, level, what, verdict);
	cJSON_AddStringToObject(o, "old", old);
	cJSON_AddStringToObject(o, "new", new);
}

/*
 * A figure as in the report, but without the rounding of the child's RAM to 2 MiB, which hides changes of
 * the overhead or makes it jump.
 */
static double number(const struct level *lv, const char *key)
{
	char value[40];

	if (!strcmp(key, "overhead_kib") && lv->overhead_kib >= lv->rounding_kib &&
	    lv->rounding_kib >= 0)
		return lv->overhead_kib - lv->rounding_kib;
	level_get(lv, level_field(key), value, sizeof(value));
	return *value ? atof(value) : UNKNOWN;
}

static int limit_of(const struct comparison *c, const struct figure *f, int level)
{
	int chosen = f->unit == EXITS	 ? c->limits.exits
		     : f->unit == KIB	 ? c->limits.kib
		     : f->unit == CYCLES ? c->limits.cycles
					 : LIMIT_DEFAULT;

	if (chosen != LIMIT_DEFAULT)
		return chosen;
	return c->new->setup.deterministic	? f->counted
	       : level <= c->new->outermost + 1 ? f->first
						: f->deeper;
}

static enum verdict judge(double old, double new, int percent, double slack)
{
	double factor = 1 + percent / 100.0;

	if (new > old * factor + slack)
		return VERDICT_WORSE;
	return old > new *factor + slack ? VERDICT_BETTER : VERDICT_SAME;
}

static void number_row(struct comparison *c, int level, const struct figure *f)
{
	double old = number(&c->old->levels[level], f->key);
	double new = number(&c->new->levels[level], f->key);
	int percent = limit_of(c, f, level);
	char o[24], n[24], change[24] = "", limit[16];
	enum verdict verdict;
	cJSON *row;

	if (old < 0 || new < 0 || percent == NOT_COMPARED)
		return;
	verdict = judge(old, new, percent, units[f->unit].slack);
	count_row(c, level, f->name, verdict);
	if (c->figures) {
		row = json_row(c, level, f->key, verdict);
		cJSON_AddNumberToObject(row, "old", old);
		cJSON_AddNumberToObject(row, "new", new);
		cJSON_AddStringToObject(row, "unit", units[f->unit].name);
		cJSON_AddNumberToObject(row, "limit_percent", percent);
		return;
	}
	format(o, sizeof(o), f->unit == SECONDS ? "%.2f" : "%.0f", old);
	format(n, sizeof(n), f->unit == SECONDS ? "%.2f" : "%.0f", new);
	if (old > 0 && new / old < 10)
		format(change, sizeof(change), "%+.1f %%", (new / old - 1) * 100);
	else if (old > 0)
		format(change, sizeof(change), "x%.0f", new / old);
	format(limit, sizeof(limit), "%d %%", percent);
	table_row(c, level, f->name, o, n, change, limit, verdict);
}

/* ---- all rows ---------------------------------------------------------------------------- */

static enum verdict by_rank(int old, int new)
{
	return new < old ? VERDICT_WORSE : new > old ? VERDICT_BETTER : VERDICT_SAME;
}

static void compare_outcomes(struct comparison *c)
{
	const struct report *old = c->old, *new = c->new;
	char a[24], b[24];

	text_row(c, WHOLE_RUN, "outcome", old->ok ? "pass" : "fail", new->ok ? "pass" : "fail",
		 by_rank(old->ok, new->ok));
	format(a, sizeof(a), "L%d", old->reached);
	format(b, sizeof(b), "L%d", new->reached);
	text_row(c, WHOLE_RUN, "depth", a, b, by_rank(old->reached, new->reached));
	text_row(c, WHOLE_RUN, "stopped by", stop_names[old->stop], stop_names[new->stop],
		 by_rank(!stop_is_failure(old->stop), !stop_is_failure(new->stop)));
	format(a, sizeof(a), "%lld", (long long)old->lost_records);
	format(b, sizeof(b), "%lld", (long long)new->lost_records);
	if (old->lost_records || new->lost_records)
		text_row(c, WHOLE_RUN, "records lost", a, b,
			 by_rank(-!!old->lost_records, -!!new->lost_records));
}

/* Ranks a check: passed is best, then skipped or not run, then failed. */
static int check_rank(const struct check *k)
{
	return !k || k->result == RESULT_SKIP ? 1 : k->result == RESULT_PASS ? 2 : 0;
}

/* Whether such a check runs depends on the user or on the time that was left: it is no finding. */
static bool is_optional(const struct check *k)
{
	return !strcmp(k->id, "hook") ||
	       (!strcmp(k->unit, CHECK_FACTS) && k->result != RESULT_FAIL);
}

static void compare_check(struct comparison *c, int level, const char *id)
{
	const struct check *old = level_check(&c->old->levels[level], id);
	const struct check *new = level_check(&c->new->levels[level], id);
	char what[32];

	if (old && new && old->result == new->result)
		return;
	if ((!old || !new) && is_optional(old ? old : new))
		return;
	format(what, sizeof(what), "check %s", id);
	text_row(c, level, what, old ? result_names[old->result] : "-",
		 new ? result_names[new->result] : "-", by_rank(check_rank(old), check_rank(new)));
}

static void compare_checks(struct comparison *c, int level)
{
	const struct level *old = &c->old->levels[level], *new = &c->new->levels[level];

	for (int i = 0; i < old->check_count; i++)
		compare_check(c, level, old->checks[i].id);
	for (int i = 0; i < new->check_count; i++)
		if (!level_check(old, new->checks[i].id))
			compare_check(c, level, new->checks[i].id);
}

/* Reports each of FEATURES that is not in OTHERS. */
static void compare_features(struct comparison *c, int level, const char *features,
			     const char *others, bool lost)
{
	char list[256], what[64], *save, *word;

	format(list, sizeof(list), "%s", features);
	for (word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (has_word(others, word))
			continue;
		format(what, sizeof(what), "CPU's %s", word);
		text_row(c, level, what, lost ? "yes" : "no", lost ? "no" : "yes",
			 lost ? VERDICT_WORSE : VERDICT_BETTER);
	}
}

/* Total exits can be compared only if both runs were equally deep and took a similar time. */
static bool same_work(const struct comparison *c)
{
	return c->old->reached == c->new->reached && c->old->stop == c->new->stop &&
	       c->old->stop != STOP_TIME;
}

static void compare_level(struct comparison *c, int level)
{
	const struct level *old = &c->old->levels[level], *new = &c->new->levels[level];

	if (!old->ready || !new->ready)
		return;
	compare_checks(c, level);
	compare_features(c, level, old->cpu_features, new->cpu_features, true);
	compare_features(c, level, new->cpu_features, old->cpu_features, false);
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		if (strcmp(figures[i].key, "total") || same_work(c))
			number_row(c, level, &figures[i]);
}

/* ---- the whole --------------------------------------------------------------------------- */

static void print_side(const char *side, const struct report *r, FILE *out)
{
	char sentence[600], requested[16];
	const struct level *lv = r->deepest < 0 ? NULL : &r->levels[r->deepest];

	requested_name(r, requested, sizeof(requested));
	report_sentence(r, sentence, sizeof(sentence));
	fprintf(out, "%s: %s\n", side, sentence);
	if (lv)
		fprintf(out, "     kernel %s %.8s, initramfs %.8s, QEMU %s, %s\n", lv->kernel,
			lv->kernel_sha256, lv->archive_sha256,
			*r->setup.qemu ? r->setup.qemu : "unknown", clock_name(r));
}

static void print_table_head(const struct comparison *c)
{
	print_side("old", c->old, c->out);
	print_side("new", c->new, c->out);
	fprintf(c->out, "%-4s %-20s %12s %12s %9s %9s  %s\n", "", "", "old", "new", "change",
		"limit", "verdict");
}

static void print_json(const struct comparison *c, enum verdict verdict)
{
	cJSON *root = cJSON_CreateObject();

	cJSON_AddStringToObject(root, "schema", COMPARE_SCHEMA);
	cJSON_AddStringToObject(root, "verdict", verdict_names[verdict]);
	cJSON_AddNumberToObject(root, "better", c->better);
	cJSON_AddNumberToObject(root, "worse", c->worse);
	cJSON_AddItemToObject(root, "figures", c->figures);
	json_print(root, c->out);
}

static void print_verdict(const struct comparison *c, enum verdict verdict)
{
	if (verdict == VERDICT_SAME)
		fprintf(c->out, "SAME: %d figures, none beyond its limit\n", c->count);
	else if (verdict == VERDICT_BETTER)
		fprintf(c->out, "BETTER: %d of %d figures: %s\n", c->better, c->count, c->names);
	else
		fprintf(c->out, "WORSE: %d of %d figures, and %d better: %s\n", c->worse, c->count,
			c->better, c->names);
}

enum verdict compare_print(const struct report *old, const struct report *new,
			   const struct compare_limits *limits, bool json, FILE *out)
{
	struct comparison c = { .old = old, .new = new, .limits = *limits, .out = out };
	enum verdict verdict;

	c.figures = json ? cJSON_CreateArray() : NULL;
	if (!json)
		print_table_head(&c);
	compare_outcomes(&c);
	for (int i = new->outermost; i <= old->deepest &&i <= new->deepest; i++)
		compare_level(&c, i);
	verdict = c.worse ? VERDICT_WORSE : c.better ? VERDICT_BETTER : VERDICT_SAME;
	if (json)
		print_json(&c, verdict);
	else
		print_verdict(&c, verdict);
	return verdict;
}
