// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/plan.h"
#include "level/memory.h"
#include "lib/options.h"
#include "report/json.h"

#include <cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * The kernel keeps this share of RAM free: watermark_scale_factor 1 is 1/10,000 below the low watermark,
 * and one below the high one.
 */
#define WATERMARK_SHARE 5000
#define TICK_S 0.050 /* the kernel's tick, scripts/patches/linux/0002 */
/*
 * The costs of a boot's exit and of a tick, in port writes.  Measured on two emulated CPUs from L2 to L7:
 * 1.4 to 2.0, and, where ticks are noticeable, about 2.
 */
#define EXIT_PORTS 2
#define TICK_PORTS 2

/* ---- memory ------------------------------------------------------------------------------ */

/*
 * What a level keeps of its MemTotal whatever its child's RAM is: the kernel's data, reserve, files, QEMU,
 * margin, and the unexplained rest.  Without the parts that grow with the child's RAM, and without
 * rounding.
 */
static int64_t keeps_kib(const struct level *lv)
{
	return lv->total_kib - lv->child_kib - lv->page_tables_kib - lv->rmaps_kib -
	       lv->rounding_kib;
}

/* What a kernel takes of its RAM, without struct pages, before it counts the rest as MemTotal. */
static int64_t takes_kib(int64_t ram_kib, const struct level *lv)
{
	return ram_kib - memory_struct_page_kib(ram_kib) - lv->total_kib;
}

static bool has_terms(const struct level *lv)
{
	return lv->ready && lv->total_kib > 0 && lv->child_kib > 0 && lv->page_tables_kib >= 0 &&
	       lv->rmaps_kib >= 0 && lv->rounding_kib >= 0;
}

static double archive_kib(const struct level *lv)
{
	const struct check *k = level_check(lv, "archive");

	return k ? k->value / 1024 : UNKNOWN;
}

/*
 * Finds the levels of which the terms, and those of the child, are known.  A file may contain anything,
 * so the terms must add up.
 */
static int learn_terms(struct plan *p, const struct report *r)
{
	p->terms_level = -1;
	for (int i = r->outermost; i < r->deepest; i++) {
		const struct level *lv = &r->levels[i], *child = &r->levels[i + 1];

		if (!has_terms(lv) || !child->ready || child->total_kib <= 0)
			break;
		if (keeps_kib(lv) < 0 || takes_kib(lv->child_kib, child) < 0 ||
		    archive_kib(child) < 0)
			return fail("plan: the memory figures of L%d do not add up", i);
		p->terms_level = i;
		p->huge_files = lv->page_tables_kib < lv->child_kib / 1024;
		p->need_kib = memory_need_kib(OUR_KERNEL_KIB, archive_kib(child), r->setup.smp);
		p->freed_kib = OUR_KERNEL_FILE_KIB + OUR_BUSYBOX_KIB + archive_kib(child);
	}
	if (p->terms_level < 0)
		return fail(
			"plan: the report has no level that ran another: use one that reaches L1");
	return 0;
}

/* The child's budget, divided as the launcher of such a level would. */
static struct budget child_budget(const struct plan *p, const struct plan_level *l,
				  const struct level *like)
{
	int64_t marks = (l->total_kib - like->total_kib) / WATERMARK_SHARE;
	/* What it keeps includes QEMU and the margin, but not the files that are freed. */
	int64_t left_kib = l->total_kib - keeps_kib(like) - marks;
	int64_t margin_kib = memory_margin_kib(p->recursive);
	struct budget b = { .available_kib = left_kib + margin_kib - p->freed_kib,
			    .freed_kib = p->freed_kib,
			    /* A KVM that provides recursion shadows its guest's tables. */
			    .recurses = p->recursive &&
					!has_word(like->cpu_features, "recursion-by-kvm"),
			    .huge_files = p->huge_files,
			    .margin_kib = margin_kib,
			    .need_kib = p->need_kib };

	memory_divide(&b, 0);
	return b;
}

/* The RAM of a machine that the user booted is unknown: its kernel is assumed to be like its child's. */
static int64_t ram_of_report(const struct report *r, int64_t takes)
{
	int64_t rest = r->levels[r->outermost].total_kib + takes;

	/* The struct pages describe themselves too. */
	return r->setup.memory_kib > 0
		       ? r->setup.memory_kib
		       : rest + memory_struct_page_kib(rest + memory_struct_page_kib(rest));
}

/*
 * What a kernel takes and keeps depends a little on its RAM: use the measured level with the most similar
 * RAM.
 */
static int most_similar(const struct plan *p, const struct report *r, int64_t ram_kib)
{
	int best = p->terms_level;

	for (int i = best - 1; i > r->outermost; i--)
		if (llabs(r->levels[i - 1].child_kib - ram_kib) <
		    llabs(r->levels[best - 1].child_kib - ram_kib))
			best = i;
	return best;
}

static int plan_memory(struct plan *p, const struct report *r, int64_t memory_kib)
{
	const struct level *last = &r->levels[p->terms_level];
	int64_t takes = takes_kib(last->child_kib, last + 1), first_takes = takes;
	struct budget b;

	if (r->setup.memory_kib > 0)
		first_takes = takes_kib(r->setup.memory_kib, &r->levels[r->outermost]);
	if (first_takes < 0)
		return fail("plan: L%d has more memory than it was given", r->outermost);
	if (!memory_kib)
		memory_kib = ram_of_report(r, takes);
	if (memory_kib < p->need_kib)
		return fail("plan: %lld MiB is less than the %lld MiB that a level needs",
			    (long long)memory_kib / KIB_PER_MIB,
			    (long long)p->need_kib / KIB_PER_MIB);
	p->memory_depth = r->outermost - 1;
	for (int i = r->outermost; i <= MAX_LEVEL; i++) {
		struct plan_level *l = &p->levels[i];
		int like = i == r->outermost ? i : most_similar(p, r, memory_kib);

		l->ram_kib = memory_kib;
		if (i > r->outermost && !memory_fits(&b)) {
			p->need_kib = memory_needed_kib(&b);
			break;
		}
		p->memory_depth = i;
		if (like > r->outermost)
			takes = takes_kib(r->levels[like - 1].child_kib, &r->levels[like]);
		l->total_kib = memory_kib - memory_struct_page_kib(memory_kib) -
			       (i == r->outermost ? first_takes : takes);
		b = child_budget(p, l, &r->levels[like]);
		memory_kib = b.child_kib;
	}
	return 0;
}

/* ---- time -------------------------------------------------------------------------------- */

/* Whether a level's boot was measured from outside, and the cost of its exits from inside. */
static bool has_time(const struct report *r, int level)
{
	const struct level *lv = &r->levels[level];

	return level >= r->outermost && lv->ready && lv->wall_s > 0 && lv->exits_boot > 0 &&
	       lv->pio_cycles > 0;
}

static double port_s(const struct report *r, int level)
{
	return r->levels[level].pio_cycles / (r->setup.tsc_khz * 1000.0);
}

static void why_no_time(const struct plan *p, const struct report *r, char *why, size_t size)
{
	if (r->setup.deterministic)
		format(why, size, "its clock counted instructions (--deterministic)");
	else if (r->setup.tsc_khz <= 0)
		format(why, size, "it does not say how long a cycle takes");
	else if (p->recursive && p->time_level < 0)
		format(why, size, "it has no level with exits and cycles: use one that reaches L1");
	else if (p->recursive)
		return;
	else if (p->time_level <= r->outermost || !has_time(r, p->time_level - 1))
		format(why, size,
		       "it has no two levels with exits and cycles: use one that reaches L3");
	else if (port_s(r, p->time_level) <= port_s(r, p->time_level - 1))
		format(why, size,
		       "an exit of L%d costs no more than one of L%d, which can only be noise",
		       p->time_level, p->time_level - 1);
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static void learn_time(struct plan *p, const struct report *r)
{
	p->time_level = -1;
	for (int i = r->outermost; i <= r->deepest; i++)
		if (has_time(r, i))
			p->time_level = i;
	why_no_time(p, r, p->no_time, sizeof(p->no_time));
	if (*p->no_time)
		return;
	p->port_s = port_s(r, p->time_level);
	p->factor = p->recursive ? 1 : p->port_s / port_s(r, p->time_level - 1);
	/* Noise makes boots only longer and exits only more, so take the least. */
	p->own_s = p->boot_exits = INFINITY;
	for (int i = r->outermost; i <= p->time_level; i++) {
		if (!has_time(r, i))
			continue;
		p->own_s = least(p->own_s, r->levels[i].wall_s);
		p->boot_exits = least(p->boot_exits, r->levels[i].exits_boot);
	}
}

/*
 * A boot takes its time without exits, its exits, and its ticks.  The less time is left between two ticks,
 * the longer a boot takes; if none is left, it never ends.  With classic nesting a level also pays for the
 * ticks of the levels above; with recursion they just add up.
 */
static void plan_level_time(struct plan *p, const struct report *r, int level)
{
	struct plan_level *l = &p->levels[level];
	const struct level *lv = &r->levels[level];
	double busy;

	l->measured = level <= p->time_level;
	l->comes_up = true;
	if (l->measured) {
		/* The boot of a machine that the user booted was not timed from outside. */
		l->boot_s = lv->wall_s >= 0 ? lv->wall_s : lv->ready_s >= 0 ? lv->ready_s : 0;
		l->port_s = has_time(r, level) ? port_s(r, level) : 0;
		return;
	}
	l->port_s = p->levels[level - 1].port_s * p->factor;
	busy = TICK_PORTS * l->port_s / TICK_S * (p->recursive ? level : 1);
	l->comes_up = busy < 1;
	if (l->comes_up)
		l->boot_s = (p->own_s + EXIT_PORTS * l->port_s * p->boot_exits) / (1 - busy);
}

static void plan_time(struct plan *p, const struct report *r)
{
	double ready_s = 0;

	p->time_depth = r->outermost - 1;
	for (int i = r->outermost; i <= MAX_LEVEL; i++) {
		struct plan_level *l = &p->levels[i];

		plan_level_time(p, r, i);
		l->ready_s = ready_s += l->boot_s;
		if (!l->comes_up || ready_s > p->time_s)
			break;
		p->time_depth = i;
	}
}

int plan_make(struct plan *p, const struct report *from, int64_t memory_kib, double time_s)
{
	*p = (struct plan){ .outermost = from->outermost,
			    .time_s = time_s,
			    .recursive = from->setup.nesting == NESTING_RECURSIVE };
	if (learn_terms(p, from) || plan_memory(p, from, memory_kib))
		return -1;
	learn_time(p, from);
	if (!*p->no_time)
		plan_time(p, from);
	return 0;
}

/* ---- printing ---------------------------------------------------------------------------- */

static void print_term(const char *name, int64_t kib, const char *what, FILE *out)
{
	if (kib >= 0)
		fprintf(out, "  %-28s %8lld KiB  %s\n", name, (long long)kib, what);
}

static void print_terms(const struct plan *p, const struct report *r, FILE *out)
{
	const struct level *lv = &r->levels[p->terms_level], *child = lv + 1;
	int64_t margin = lv->margin_kib + (lv->qemu_anonymous_kib > 0 ? lv->qemu_anonymous_kib : 0);

	fprintf(out, "Memory: what a level costs, as L%d measured it:\n", p->terms_level);
	print_term("child's kernel image", child->kernel_image_kib, "", out);
	print_term("  rest of the child's kernel",
		   takes_kib(lv->child_kib, child) - child->kernel_image_kib, "", out);
	print_term("kernel's data", lv->kernel_data_kib, "", out);
	print_term("reserve", lv->reserve_kib, "and 0.02 % of its RAM: watermarks", out);
	print_term("rootfs", lv->rootfs_kib, "", out);
	print_term("qemu and margin", margin, "", out);
	print_term("unexplained",
		   keeps_kib(lv) - lv->kernel_data_kib - lv->reserve_kib - lv->rootfs_kib - margin,
		   "", out);
	print_term("together", keeps_kib(lv) + takes_kib(lv->child_kib, child), "", out);
	fprintf(out,
		"  and of the RAM it hands on     1.56 %% struct page (0.25 MiB for each 16 MiB "
		"begun),\n"
		"                                 %s %% page tables, %sand what 2 MiB does not "
		"divide\n",
		p->huge_files ? "0.01" : "0.20", p->recursive ? "" : "0.24 % rmaps, ");
}

static void print_time(const struct plan *p, FILE *out)
{
	if (*p->no_time) {
		fprintf(out, "Time: not predicted from this report: %s.\n", p->no_time);
		return;
	}
	fprintf(out,
		"Time: a boot takes %.2f s, and %.0f exits of %d port writes each; a tick, 20 a "
		"second, takes %d.\n",
		p->own_s, p->boot_exits, EXIT_PORTS, TICK_PORTS);
	if (p->recursive) {
		fprintf(out,
			"  Nesting is recursive: a port write takes %.3f ms at every level, and "
			"the "
			"ticks of all levels add up.\n",
			p->port_s * 1000);
		return;
	}
	fprintf(out,
		"  A port write takes %.3f ms at L%d, %.2f times that of L%d: from L%d on "
		"extrapolated "
		"by it.\n",
		p->port_s * 1000, p->time_level, p->factor, p->time_level - 1, p->time_level + 1);
	if (p->time_level == p->outermost + 2)
		fprintf(out,
			"  L%d is the first that is nested: a report of L%d or deeper has a "
			"better factor.\n",
			p->time_level, p->time_level + 1);
}

static void print_level(const struct plan *p, int level, FILE *out)
{
	const struct plan_level *l = &p->levels[level];
	const char *by = l->measured ? "measured" : "extrapolated";
	char port[16] = "-";

	fprintf(out, "L%-3d %10.1f %10.1f", level, l->ram_kib / 1024.0, l->total_kib / 1024.0);
	if (l->port_s > 0)
		format(port, sizeof(port), "%.3f", l->port_s * 1000);
	if (*p->no_time)
		fprintf(out, "\n");
	else if (l->comes_up)
		fprintf(out, " %14s %10.1f %10.1f  %s\n", port, l->boot_s, l->ready_s, by);
	else
		fprintf(out, " %14s %10s %10s  %s\n", port, "never", "-", by);
}

static void print_end(const struct plan *p, FILE *out)
{
	const struct plan_level *l = &p->levels[p->memory_depth + 1];

	if (p->memory_depth == MAX_LEVEL)
		fprintf(out, "By memory: L%d, the deepest that a chain can have.\n", MAX_LEVEL);
	else
		fprintf(out, "By memory: L%d. L%d would have %.1f MiB and needs %.1f.\n",
			p->memory_depth, p->memory_depth + 1, l->ram_kib / 1024.0,
			p->need_kib / 1024.0);
	if (*p->no_time) {
		fprintf(out, "PLAN: L%d, if there is enough time\n", p->memory_depth);
		return;
	}
	l = &p->levels[p->time_depth + 1];
	fprintf(out, "By time, in %.0f s: L%d", p->time_s, p->time_depth);
	if (p->time_depth == MAX_LEVEL)
		fprintf(out, ".\n");
	else if (l->comes_up)
		fprintf(out, ". L%d would be ready after %.0f s.\n", p->time_depth + 1, l->ready_s);
	else
		fprintf(out,
			". L%d would not come up: its ticks take longer than the "
			"50 ms between them.\n",
			p->time_depth + 1);
	fprintf(out, "PLAN: L%d, and then %s ends it\n",
		p->memory_depth < p->time_depth ? p->memory_depth : p->time_depth,
		p->memory_depth <= p->time_depth ? "memory" : "time");
}

/* The last level worth showing: the first one for which memory or time does not suffice. */
static int last_shown(const struct plan *p)
{
	bool timed = !*p->no_time && p->time_depth + 1 < p->memory_depth;

	return timed ? p->time_depth + 1 : p->memory_depth;
}

void plan_print(const struct plan *p, const struct report *from, FILE *out)
{
	print_terms(p, from, out);
	print_time(p, out);
	fprintf(out, "%-4s %10s %10s", "", "RAM MiB", "MemTotal");
	fprintf(out, *p->no_time ? "\n" : " %14s %10s %10s  seconds are\n", "port write ms",
		"boot s", "ready s");
	for (int i = p->outermost; i <= last_shown(p); i++)
		print_level(p, i, out);
	print_end(p, out);
}

static cJSON *level_to_json(const struct plan *p, int level)
{
	const struct plan_level *l = &p->levels[level];
	bool timed = !*p->no_time && l->comes_up;
	cJSON *o = cJSON_CreateObject();

	cJSON_AddNumberToObject(o, "level", level);
	cJSON_AddNumberToObject(o, "ram_kib", l->ram_kib);
	cJSON_AddNumberToObject(o, "total_kib", l->total_kib);
	cJSON_AddItemToObject(o, "port_write_s",
			      l->port_s > 0 ? cJSON_CreateNumber(l->port_s) : cJSON_CreateNull());
	cJSON_AddItemToObject(o, "boot_s",
			      timed ? cJSON_CreateNumber(l->boot_s) : cJSON_CreateNull());
	cJSON_AddItemToObject(o, "ready_s",
			      timed ? cJSON_CreateNumber(l->ready_s) : cJSON_CreateNull());
	cJSON_AddBoolToObject(o, "measured", l->measured);
	return o;
}

void plan_print_json(const struct plan *p, FILE *out)
{
	bool by_time = !*p->no_time && p->time_depth < p->memory_depth;
	cJSON *root = cJSON_CreateObject(), *levels;

	cJSON_AddStringToObject(root, "schema", PLAN_SCHEMA);
	cJSON_AddNumberToObject(root, "depth", by_time ? p->time_depth : p->memory_depth);
	cJSON_AddStringToObject(root, "stop", stop_names[by_time ? STOP_TIME : STOP_MEMORY]);
	cJSON_AddNumberToObject(root, "memory_depth", p->memory_depth);
	cJSON_AddItemToObject(root, "time_depth",
			      *p->no_time ? cJSON_CreateNull() : cJSON_CreateNumber(p->time_depth));
	cJSON_AddNumberToObject(root, "timeout_s", p->time_s);
	cJSON_AddStringToObject(root, "no_time", p->no_time);
	levels = cJSON_AddArrayToObject(root, "levels");
	for (int i = p->outermost; i <= last_shown(p); i++)
		cJSON_AddItemToArray(levels, level_to_json(p, i));
	json_print(root, out);
}
