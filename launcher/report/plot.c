// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/plot.h"
#include "lib/numbers.h"

#include <math.h>
#include <string.h>

#define WIDTH 340
#define TOP 26	     /* for the scale's numbers */
#define LEFT 42.0    /* where the plot begins */
#define RIGHT 268.0  /* and ends, with the values beside it */
#define RIGHTS 226.0 /* the end where values and factors are beside it */

struct axis {
	int lo, hi;	 /* decades */
	double right;	 /* x of the highest value */
	int first, last; /* levels */
	int lanes;	 /* in each row: one for each report */
	int pitch;	 /* from row to row */
};

/* Shapes tell the reports apart where colours do not. */
void plot_mark(FILE *out, int number, double x, double y)
{
	static const char *const shapes[] = { "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
					      "m-4.5-4.5h9v9h-9z", "m0-6l6 6-6 6-6-6z",
					      "m0-6l6 10.5h-12z" };

	fprintf(out, "<path class='%s c%d' d='M%.1f %.1f%s'/>", number < 4 ? "f" : "l hollow",
		number % 4, x, y, shapes[number % 4]);
}

static double value_of(const struct plot *p, const struct report *r, int level)
{
	bool there = level >= r->outermost && level <= r->deepest && r->levels[level].ready;

	return there ? p->value(r, level) : UNKNOWN;
}

static int learn_axis(struct axis *a, const struct plot *p, const struct report *const r[],
		      int count)
{
	double min = HUGE_VAL, max = 0;

	*a = (struct axis){ .first = MAX_LEVEL,
			    .lanes = count,
			    .right = count > 1 ? RIGHTS : RIGHT };
	for (int i = 0; i < count; i++)
		for (int l = r[i]->outermost; l <= r[i]->deepest; l++) {
			double v = value_of(p, r[i], l);

			a->first = l < a->first ? l : a->first;
			a->last = l > a->last ? l : a->last;
			if (v <= 0)
				continue;
			min = v < min ? v : min;
			max = v > max ? v : max;
		}
	if (max <= 0)
		return -1;
	a->lo = floor(log10(min));
	a->hi = ceil(log10(max));
	if (a->hi == a->lo)
		a->hi++;
	a->pitch = count > 1 ? 14 + 20 * count : 38;
	return 0;
}

static double x_of(const struct axis *a, double value)
{
	return LEFT + (log10(value) - a->lo) / (a->hi - a->lo) * (a->right - LEFT);
}

static int y_of(const struct axis *a, int level, int lane)
{
	return TOP + (level - a->first) * a->pitch + 18 + 20 * lane;
}

static void draw_axis(FILE *out, const struct axis *a)
{
	int bottom = y_of(a, a->last, a->lanes - 1) + 14, step = (a->hi - a->lo + 3) / 4;
	double value = 1;

	for (int d = 0; d < (a->lo < 0 ? -a->lo : a->lo); d++)
		value *= a->lo < 0 ? 0.1 : 10;
	for (int d = a->lo; d <= a->hi; d++, value *= 10) {
		fprintf(out, "<path class='g' d='M%.1f %dV%d'/>", x_of(a, value), TOP - 4, bottom);
		if ((d - a->lo) % step)
			continue;
		fprintf(out, "<text class='m c' x='%.1f' y='14'>%s</text>", x_of(a, value),
			number_si(value).text);
	}
	for (int l = a->first; l <= a->last; l++)
		fprintf(out, "<text class='h' y='%d'>L%d</text>",
			y_of(a, l, 0) + 5 + 10 * (a->lanes - 1), l);
}

/* A step: down from the level above, across by the factor, and down to this level. */
static void draw_step(FILE *out, const struct axis *a, int lane, int level, double from, double to)
{
	int y = y_of(a, level - 1, lane), turn = y_of(a, level, lane) - a->pitch / 2;
	double x0 = x_of(a, from), x1 = x_of(a, to);

	fprintf(out, "<path class='l c%d' d='M%.1f %dV%dH%.1fV%d'/>", lane % 4, x0, y, turn, x1,
		y_of(a, level, lane));
	if (a->lanes > 1)
		fprintf(out, "<text class='m e' x='%d' y='%d'>×%s</text>", WIDTH,
			y_of(a, level, lane) + 5, number_times(to / from).text);
	else
		fprintf(out, "<text class='m' x='%.1f' y='%d'>×%s</text>", (x0 > x1 ? x0 : x1) + 7,
			turn + 5, number_times(to / from).text);
}

static void draw_lane(FILE *out, const struct axis *a, const struct plot *p, const struct report *r,
		      int lane)
{
	for (int l = a->first + 1; l <= a->last; l++)
		if (value_of(p, r, l - 1) > 0 && value_of(p, r, l) > 0)
			draw_step(out, a, lane, l, value_of(p, r, l - 1), value_of(p, r, l));
	for (int l = a->first; l <= a->last; l++) {
		double v = value_of(p, r, l);

		if (v > 0)
			plot_mark(out, lane, x_of(a, v), y_of(a, l, lane));
		fprintf(out, "<text class='%s' x='%d' y='%d'>%s</text>", v < 0 ? "m e" : "e",
			a->lanes > 1 ? 288 : WIDTH, y_of(a, l, lane) + 5,
			or_dash(number_si(v).text));
	}
}

int plot_steps(FILE *out, const struct plot *p, const struct report *const r[], int count)
{
	struct axis a;

	if (learn_axis(&a, p, r, count))
		return -1;
	fprintf(out, "<svg viewBox='0 0 %d %d' role='img' aria-label='%s, %s, by level'>", WIDTH,
		y_of(&a, a.last, count - 1) + 16, p->title, p->unit);
	draw_axis(out, &a);
	for (int i = 0; i < count; i++)
		draw_lane(out, &a, p, r[i], i);
	fputs("</svg>\n", out);
	return 0;
}

void plot_bars(FILE *out, const char *title, const char *const label[], int rows,
	       const double value[][PLOT_ROWS], int count)
{
	int pitch = 10 + 16 * count;
	double max = 0;

	for (int i = 0; i < count; i++)
		for (int row = 0; row < rows; row++)
			max = value[i][row] > max ? value[i][row] : max;
	fprintf(out, "<svg viewBox='0 0 %d %d' role='img' aria-label='%s'>", WIDTH, rows * pitch,
		title);
	for (int row = 0; row < rows; row++) {
		fprintf(out, "<text y='%d'>%s</text>", row * pitch + 10 + 8 * count, label[row]);
		for (int i = 0; i < count; i++) {
			int y = row * pitch + 8 + 16 * i;

			if (value[i][row] < 0)
				continue;
			fprintf(out,
				"<rect class='f c%d' x='130' y='%d' width='%.1f' height='10'/>"
				"<text class='e' x='%d' y='%d'>%.1f</text>",
				i % 4, y, max > 0 ? value[i][row] / max * 150 : 0, WIDTH, y + 10,
				value[i][row]);
		}
	}
	fputs("</svg>\n", out);
}
