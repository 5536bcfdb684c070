// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/svg.h"
#include "lib/numbers.h"

#include <string.h>

/* ---- markup ------------------------------------------------------------------------------ */

struct escaped escape(const char *text)
{
	struct escaped e;
	size_t len = 0;

	for (; *text && len + 6 < sizeof(e.text); text++)
		if (*text < ' ' || *text > '~')
			e.text[len++] = '?';
		else if (strchr("&<>\"'", *text))
			len += sprintf(e.text + len, "&#%d;", *text);
		else
			e.text[len++] = *text;
	e.text[len] = '\0';
	return e;
}

/*
 * Colours that red-green colour-blind people can tell apart; tests/unit/html.c checks their contrast.
 * Paper uses the light palette.
 */
const char svg_style[] =
	":root{--bg:#fff;--ink:#1b1f24;--mute:#57606a;--line:#d0d7de;--ok:#00704f;--bad:#b42318;"
	"--c0:#0067a8;--c1:#b35900;--c2:#00775a;--c3:#8f3b9e}"
	"@media screen and (prefers-color-scheme:dark){:root{--bg:#0d1117;--ink:#e6edf3;"
	"--mute:#9198a1;--line:#30363d;--ok:#3fb98a;--bad:#ff8177;"
	"--c0:#58a6ff;--c1:#f0883e;--c2:#3fb98a;--c3:#d291e4}}"
	"svg{font:14px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
	"font-variant-numeric:tabular-nums}"
	"svg text{fill:var(--ink)}svg .m{fill:var(--mute)}svg .e{text-anchor:end}"
	"svg .h{font-weight:600}svg .x{fill:var(--bad)}svg .o{fill:var(--ok)}"
	".g{stroke:var(--line)}.l{fill:none;stroke-width:2}"
	".box{fill:var(--c0);stroke:var(--c0);stroke-opacity:.75}"
	".ghost{fill:none;stroke:var(--mute);stroke-dasharray:4 "
	"3}.ghost.x{fill:none;stroke:var(--bad)}"
	".c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}"
	".f{fill:var(--c)}.l{stroke:var(--c)}";

/* ---- the chain --------------------------------------------------------------------------- */

/* In the drawing's units, which are pixels at its natural size. */
struct frame {
	int width;
	int boxes;	   /* width for the boxes, from the left */
	int top;	   /* for the headings */
	int row;	   /* a level's own strip above the next box */
	int below;	   /* what shows of a box below the next one */
	double step;	   /* by how much a box is narrower than the one around it, at least */
	int64_t scale_kib; /* the RAM that is as wide as `boxes` */
};

#define BOX_MIN 34.0 /* the level's name has to fit */
#define TINT 0.4     /* opacity of the deepest box, at most: text on it needs contrast */

/* Whether to draw one more box, for a level that did not come up or was not tried. */
static bool has_ghost(const struct report *r)
{
	if (r->deepest < r->outermost)
		return true;
	if (r->stop == STOP_DEPTH || !r->levels[r->deepest].ready)
		return false;
	return r->stop_level > r->deepest ||
	       (r->stop_level == r->deepest && r->stop <= STOP_NO_KVM);
}

static int chain_first(const struct report *r)
{
	return r->deepest < r->outermost ? r->stop_level : r->outermost;
}

static int chain_last(const struct report *r)
{
	if (r->deepest < r->outermost)
		return r->stop_level;
	return r->deepest + has_ghost(r);
}

static struct frame frame_of(const struct report *r, bool wide, int64_t scale_kib)
{
	int rows = chain_last(r) - chain_first(r) + 1;
	struct frame f = {
		.width = 360, .boxes = 262, .row = 42, .below = 9, .scale_kib = scale_kib
	};

	if (wide) {
		f.width = 760;
		f.boxes = 300;
		f.top = 40;
	}
	f.step = (f.boxes - BOX_MIN) / rows;
	if (f.step > 2)
		f.step = 2;
	if (rows > 6) {
		f.row = rows > 12 ? 24 : 34;
		f.below = rows > 12 ? 3 : 6;
	}
	return f;
}

static int chain_height(const struct report *r, const struct frame *f)
{
	int rows = chain_last(r) - chain_first(r) + 1;

	return f->top + rows * f->row + (rows - 1) * f->below + 10;
}

/* A box is as wide as its RAM, but narrower than the one around it, and wide enough for those in it. */
static double box_width(const struct report *r, int level, const struct frame *f, double around)
{
	double least = BOX_MIN + f->step * (chain_last(r) - level), width = around - 10;

	if (level <= r->deepest && r->levels[level].total_kib >= 0 && f->scale_kib > 0)
		width = f->boxes * (double)r->levels[level].total_kib / f->scale_kib;
	if (width > around - f->step)
		width = around - f->step;
	return width < least ? least : width;
}

static struct escaped figure(const char *text, const char *unit)
{
	char figure[40];

	format(figure, sizeof(figure), "%s%s", text, *text ? unit : "");
	return escape(figure);
}

static struct escaped ram(const struct report *r, const struct level *lv)
{
	(void)r;
	return figure(number_mib(lv->total_kib).text, " MiB");
}

static struct escaped hypervisor(const struct report *r, const struct level *lv)
{
	char name[11];

	(void)r;
	format(name, sizeof(name), "%s", lv->hypervisor);
	return escape(name);
}

static struct escaped boot(const struct report *r, const struct level *lv)
{
	(void)r;
	return figure(number_seconds(level_boot_s(lv)).text, " s");
}

static struct escaped exits(const struct report *r, const struct level *lv)
{
	(void)r;
	return figure(number_si(lv->exits_chain).text, "");
}

static struct escaped cost(const struct report *r, const struct level *lv)
{
	(void)r;
	return figure(number_si(lv->cpuid_cycles).text, "");
}

static struct escaped factor(const struct report *r, const struct level *lv)
{
	return figure(number_times(report_factor(r, lv->level)).text, "");
}

/* Columns beside the boxes. */
static const struct column {
	const char *head[2];
	int narrow, wide; /* where it starts (the first) or ends (the others); 0: it is left out */
	struct escaped (*text)(const struct report *r, const struct level *lv);
} columns[] = {
	{ { "", "runs on" }, 0, 320, hypervisor },  { { "", "RAM" }, 360, 492, ram },
	{ { "", "boot" }, 0, 556, boot },	    { { "exits", "until ready" }, 0, 640, exits },
	{ { "an exit,", "cycles" }, 0, 706, cost }, { { "", "factor" }, 0, 760, factor },
};

static void draw_figures(FILE *out, const struct report *r, int level, int y, bool wide)
{
	bool blamed =
		r->stop != STOP_DEPTH && level == (has_ghost(r) ? chain_last(r) : r->stop_level);
	const struct level *lv = &r->levels[level];

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const struct column *c = &columns[i];
		int x = wide ? c->wide : c->narrow;

		if (!x || (blamed && i != 1))
			continue;
		fprintf(out, "<text class='%s%s' x='%d' y='%d'>%s</text>", i ? "e" : "m",
			!blamed			   ? ""
			: stop_is_failure(r->stop) ? " h x"
						   : " h",
			x, y, blamed ? stop_names[r->stop] : c->text(r, lv).text);
	}
}

static void draw_box(FILE *out, const struct report *r, int level, double x, int y, double w, int h)
{
	int rows = chain_last(r) - chain_first(r) + 1;
	bool there = level <= r->deepest && r->levels[level].ready;

	if (there)
		fprintf(out, "<rect class='box' fill-opacity='%.3f'", TINT / rows);
	else
		fprintf(out, "<rect class='ghost%s'", stop_is_failure(r->stop) ? " x" : "");
	fprintf(out, " x='%.1f' y='%d' width='%.1f' height='%d' rx='5'/>", x + .5, y, w - 1, h);
}

static void draw_heads(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		for (int line = 0; line < 2; line++)
			fprintf(out, "<text class='m%s' x='%d' y='%d'>%s</text>", i ? " e" : "",
				columns[i].wide, 10 + 16 * line, columns[i].head[line]);
}

static void draw_chain(FILE *out, const struct report *r, bool wide, int64_t scale_kib)
{
	struct frame f = frame_of(r, wide, scale_kib);
	int first = chain_first(r), last = chain_last(r), height = chain_height(r, &f);
	double w = f.boxes + f.step;

	if (wide)
		draw_heads(out);
	for (int i = first; i <= last; i++) {
		int row = i - first, y = f.top + row * f.row, text_y = y + f.row / 2 + 5;
		double x;

		w = box_width(r, i, &f, w);
		x = (f.boxes - w) / 2;
		draw_box(out, r, i, x, y, w, height - y - 1 - row * f.below);
		fprintf(out, "<path class='g' d='M%.1f %dH%d'/><text x='%.1f' y='%d'>", x + w,
			text_y - 5, f.boxes + 8, x + 9, text_y);
		fprintf(out, "<tspan class='h'>L%d</tspan>", i);
		if (w > 140 && i <= r->deepest)
			fprintf(out, " %s", escape(r->levels[i].role).text);
		fputs("</text>", out);
		draw_figures(out, r, i, text_y, wide);
	}
}

void svg_chain(FILE *out, const struct report *r, int64_t scale_kib)
{
	struct frame f = frame_of(r, false, scale_kib);
	char sentence[600];

	report_sentence(r, sentence, sizeof(sentence));
	fprintf(out, "<svg viewBox='0 -1 %d %d' role='img' aria-label='%s'>", f.width,
		chain_height(r, &f) + 1, escape(sentence).text);
	draw_chain(out, r, false, scale_kib);
	fputs("</svg>\n", out);
}

/* The outermost has the most RAM, unless the report is odd. */
int64_t chain_kib(const struct report *r)
{
	int64_t kib = 0;

	for (int i = r->outermost; i <= r->deepest; i++)
		if (r->levels[i].total_kib > kib)
			kib = r->levels[i].total_kib;
	return kib;
}

#define MARGIN 28

void svg_print(const struct report *r, FILE *out)
{
	struct frame f = frame_of(r, true, chain_kib(r));
	int width = f.width + 2 * MARGIN, height = chain_height(r, &f) + 62 + 2 * MARGIN;
	char sentence[600];

	report_sentence(r, sentence, sizeof(sentence));
	fprintf(out,
		"<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d "
		"%d'>"
		"<title>%s</title><style>",
		width, height, width, height, escape(sentence).text);
	fputs(svg_style, out);
	fprintf(out,
		"</style><rect x='.5' y='.5' width='%d' height='%d' rx='10' style='fill:var(--bg)' "
		"class='g'/>"
		"<g transform='translate(%d %d)'>",
		width - 1, height - 1, MARGIN, MARGIN);
	report_verdict(r, sentence, sizeof(sentence));
	fprintf(out,
		"<text y='16' style='font-size:20px' class='h'>%s</text>"
		"<text y='38' class='m'>Stopped by %s at L%d</text></g>"
		"<g transform='translate(%d %d)'>",
		escape(sentence).text, stop_names[r->stop], r->stop_level, MARGIN, MARGIN + 62);
	draw_chain(out, r, true, chain_kib(r));
	fputs("</g></svg>\n", out);
}
