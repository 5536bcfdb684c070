// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/series.h"

#include <stdlib.h>
#include <string.h>

struct spread {
	int count;
	double least, median, most;
};

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

enum figure { FIGURE_EXITS, FIGURE_OVERHEAD, FIGURE_SECONDS };

/* The spread of a level's figure over the runs of a combination that have it. */
static struct spread spread_of(const struct series *s, int combination, enum figure what, int level)
{
	double *value = calloc(s->count + 1, sizeof(*value));
	struct spread spread = { 0 };

	for (int i = 0; value && i < s->count; i++) {
		const struct past_run *past = &s->runs[i];
		double v = what == FIGURE_EXITS	     ? past->exits[level]
			   : what == FIGURE_OVERHEAD ? past->overhead_kib[level]
						     : past->seconds;

		if (past->combination == combination && v >= 0)
			value[spread.count++] = v;
	}
	if (spread.count) {
		qsort(value, spread.count, sizeof(*value), compare_doubles);
		spread.least = value[0];
		spread.median = value[spread.count / 2];
		spread.most = value[spread.count - 1];
	}
	free(value);
	return spread;
}

static void print_spread(const struct series *s, int combination, enum figure what, int level,
			 const char *name, FILE *out)
{
	struct spread v = spread_of(s, combination, what, level);
	int digits = what == FIGURE_SECONDS;

	if (v.count)
		fprintf(out, "  %-20s %12.*f %12.*f %12.*f\n", name, digits, v.least, digits,
			v.median, digits, v.most);
}

/* Sums over all runs of a combination. */
struct sums {
	int runs, passed, skipped, least_reached, most_reached;
};

static struct sums sums_of(const struct series *s, int combination)
{
	struct sums n = { .least_reached = MAX_LEVEL };

	for (int i = 0; i < s->count; i++) {
		const struct past_run *past = &s->runs[i];

		if (past->combination != combination)
			continue;
		n.runs++;
		n.passed += past->status == STATUS_OK;
		n.skipped += past->status == STATUS_SKIPPED;
		if (past->reached < n.least_reached)
			n.least_reached = past->reached;
		if (past->reached > n.most_reached)
			n.most_reached = past->reached;
	}
	return n;
}

/* "L2 by depth: 198; L1 by hang: 2" */
static void print_ends(const struct series *s, int combination, FILE *out)
{
	const char *between = "  ";

	for (int level = MAX_LEVEL; level >= 0; level--)
		for (int stop = 0; stop < STOP_COUNT; stop++) {
			int n = 0;

			for (int i = 0; i < s->count; i++)
				n += s->runs[i].combination == combination &&
				     s->runs[i].status != STATUS_WRONG &&
				     s->runs[i].status != STATUS_SKIPPED &&
				     s->runs[i].reached == level && (int)s->runs[i].stop == stop;
			if (!n)
				continue;
			fprintf(out, "%sreached L%d, stopped by %s: %d", between, level,
				stop ? stop_names[stop] : "an unknown cause", n);
			between = "; ";
		}
	if (*between == ';')
		fputs("\n", out);
}

static void print_combination(const struct series *s, int combination, FILE *out)
{
	struct sums n = sums_of(s, combination);
	char name[200];

	if (!n.runs)
		return;
	series_name(s, combination, name, sizeof(name));
	fprintf(out, "%s%s%d run%s: %d passed, %d skipped\n", name, *name ? ": " : "", n.runs,
		n.runs == 1 ? "" : "s", n.passed, n.skipped);
	print_ends(s, combination, out);
	fprintf(out, "  %-20s %12s %12s %12s\n", "", "least", "median", "most");
	for (int level = 0; level <= MAX_LEVEL; level++) {
		format(name, sizeof(name), "exits to L%d", level);
		print_spread(s, combination, FIGURE_EXITS, level, name, out);
	}
	for (int level = 0; level <= MAX_LEVEL; level++) {
		format(name, sizeof(name), "overhead of L%d, KiB", level);
		print_spread(s, combination, FIGURE_OVERHEAD, level, name, out);
	}
	print_spread(s, combination, FIGURE_SECONDS, 0, "seconds", out);
}

static void print_cell(const struct series *s, int combination, enum figure what, int level,
		       int width, FILE *out)
{
	struct spread spread = spread_of(s, combination, what, level);

	if (spread.count)
		fprintf(out, " %*.*f", width, what == FIGURE_SECONDS, spread.median);
	else
		fprintf(out, " %*s", width, "-");
}

static void print_row(const struct series *s, int combination, int width, FILE *out)
{
	struct sums n = sums_of(s, combination);
	char name[200], reached[24];

	if (!n.runs)
		return;
	series_name(s, combination, name, sizeof(name));
	format(reached, sizeof(reached), n.least_reached == n.most_reached ? "L%d" : "L%d to L%d",
	       n.most_reached, n.least_reached);
	fprintf(out, "%-*s %6d %6d %6d %9s", width, name, n.runs, n.passed, n.skipped, reached);
	print_cell(s, combination, FIGURE_EXITS, n.most_reached, 12, out);
	print_cell(s, combination, FIGURE_OVERHEAD, 0, 16, out);
	print_cell(s, combination, FIGURE_SECONDS, 0, 12, out);
	fputs("\n", out);
}

static int names_width(const struct series *s)
{
	char name[200];
	int width = 0;

	for (int c = 0; c < s->combinations; c++) {
		series_name(s, c, name, sizeof(name));
		if ((int)strlen(name) > width)
			width = strlen(name);
	}
	return width;
}

/* A line for each combination, with its medians. */
static void print_matrix(const struct series *s, FILE *out)
{
	int width = names_width(s);

	fprintf(out, "%-*s %6s %6s %6s %9s %12s %16s %12s\n", width, "", "runs", "passed", "skip",
		"reached", "exits to it", "L0 overhead KiB", "seconds");
	for (int c = 0; c < s->combinations; c++)
		print_row(s, c, width, out);
}

/* ---- cases ------------------------------------------------------------------------------- */

/* Judges a case by the worst of its runs; CASE_SKIPPED if it has no run. */
static enum judgement judge(const struct series *s, int combination, const struct past_run **worst)
{
	enum judgement all = CASE_SKIPPED, one;

	*worst = NULL;
	for (int i = 0; i < s->count; i++) {
		const struct past_run *past = &s->runs[i];

		if (past->combination != combination)
			continue;
		one = series_judge(series_case(s, combination), past);
		if (!*worst || one > all)
			*worst = past;
		all = one > all ? one : all;
	}
	return all;
}

static void print_case(const struct series *s, int combination, int width, enum judgement judged,
		       const struct past_run *past, FILE *out)
{
	char name[200], expected[24], reached[16];

	series_name(s, combination, name, sizeof(name));
	case_expected(series_case(s, combination), past->requested, expected, sizeof(expected));
	format(reached, sizeof(reached), "L%d", past->reached);
	fprintf(out, "%-*s %-10s %-7s %-8s", width, name, expected, reached,
		past->stop ? stop_names[past->stop] : "-");
	print_cell(s, combination, FIGURE_EXITS, past->reached, 11, out);
	print_cell(s, combination, FIGURE_OVERHEAD, 0, 15, out);
	print_cell(s, combination, FIGURE_SECONDS, 0, 8, out);
	fprintf(out, "  %s%s%s\n", judgement_names[judged], judged >= CASE_WORSE ? ": " : "",
		judged < CASE_WORSE ? ""
		: past->sound	    ? past->detail
				    : "a check failed");
}

/* Prints all cases, with the expected and the actual outcome. */
static void print_cases(const struct series *s, FILE *out)
{
	int counts[CASE_JUDGEMENTS] = { s->cases_left_out }, width = names_width(s);
	const struct past_run *past;
	enum judgement judged;

	fprintf(out, "%-*s %-10s %-7s %-8s %11s %15s %8s\n", width, "case", "expected", "reached",
		"by", "exits to it", "L0 overhead KiB", "seconds");
	for (int c = 0; c < s->combinations; c++) {
		judged = judge(s, c, &past);
		if (!past)
			continue;
		counts[judged]++;
		print_case(s, c, width, judged, past, out);
	}
	for (int j = CASE_EXPECTED; j < CASE_JUDGEMENTS; j++)
		fprintf(out, "%d %s, ", counts[j], judgement_names[j]);
	fprintf(out, "%d %s\n", counts[CASE_SKIPPED], judgement_names[CASE_SKIPPED]);
}

void series_print(const struct series *s, FILE *out)
{
	if (s->case_count)
		print_cases(s, out);
	else if (s->axis_count && !s->quiet)
		print_matrix(s, out);
	if (s->repeat > 1)
		for (int c = 0; c < s->combinations; c++)
			print_combination(s, c, out);
}
