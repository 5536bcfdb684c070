// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/view.h"
#include "lib/numbers.h"

#include <string.h>

#define BAR_MAX 48 /* columns */
#define FACTOR_MAX 100.0
#define REST_MAX_S (30 * 86400.0) /* longer predictions are not shown */
#define EXITS_MAX 1e15		  /* limits a number from a level that lies */

void view_start(struct view *v, int fd, const struct report *report, int64_t memory_kib,
		double deadline_s, const char *remark)
{
	if (!terminal_open(&v->terminal, fd))
		return;
	v->on = true;
	v->report = report;
	v->memory_kib = memory_kib;
	v->start_s = now_s();
	v->deadline_s = deadline_s;
	v->exits = UNKNOWN;
	v->text_level = -1;
	format(v->text, sizeof(v->text), "%s", remark);
}

/* Takes the number of the whole chain's exits so far. */
static void take_exits(struct view *v, int64_t exits, double now)
{
	v->exits = exits;
	v->exits_s = now;
}

/* A level reports these itself, and only after the level above it was ready. */
static void take_own(struct view *v, const struct record *rec, double now)
{
	int level = rec->from;

	if (!strcmp(rec->kind, "ready") && !v->ready_s[level])
		v->ready_s[level] = now;
	else if (!strcmp(rec->kind, "check"))
		v->busy[level] = v->ready_s[level] > 0;
	else if (!strcmp(rec->kind, "end"))
		v->ended[level] = true;
}

void view_record(struct view *v, const struct record *rec, double now)
{
	static const char *const counts[] = { "exits", "chain", "total" };
	double number;

	if (rec->from >= 0 && rec->from == rec->about)
		take_own(v, rec, now);
	if (!strcmp(rec->kind, "text") && rec->about >= v->text_level) {
		v->text_level = rec->about;
		format(v->text, sizeof(v->text), "%s", record_get(rec, "line"));
	}
	/* Every exit of the chain reaches the outermost KVM, so its count covers the whole chain. */
	for (size_t i = 0; i < ARRAY_SIZE(counts) && rec->from <= v->report->outermost; i++)
		if (!parse_number(record_get(rec, counts[i]), &number) && number >= 0)
			take_exits(v, number < EXITS_MAX ? number : EXITS_MAX, now);
}

/* ---- figures ------------------------------------------------------------------------------ */

static const struct level *level_of(const struct view *v, int level)
{
	return v->report->used[level] ? &v->report->levels[level] : NULL;
}

static bool is_ready(const struct view *v, int level)
{
	return level >= 0 && v->report->used[level] && v->ready_s[level] > 0;
}

/* The RAM of a level: as it says, or as the level above gives it.  UNKNOWN if neither is known. */
static int64_t ram_kib(const struct view *v, int level)
{
	const struct level *lv = level_of(v, level);

	if (lv && lv->total_kib > 0)
		return lv->total_kib;
	if (level == v->report->outermost)
		return v->memory_kib;
	lv = level_of(v, level - 1);
	return lv ? lv->child_kib : UNKNOWN;
}

/* The last level to draw: this may be one that was started and has not sent a record yet. */
static int last_shown(const struct view *v)
{
	const struct report *r = v->report;
	int last = r->deepest < r->outermost ? r->outermost : r->deepest;
	const struct level *lv = level_of(v, last);
	bool started = lv && is_ready(v, last) && last < MAX_LEVEL && lv->child_kib > 0;
	bool wanted = r->stop == STOP_NONE || r->stop_level > last;

	return started && wanted ? last + 1 : last;
}

static const char *state_of(const struct view *v, int level, enum style *style)
{
	const struct report *r = v->report;

	*style = STYLE_RED;
	if (stop_is_failure(r->stop) && r->stop_level == level)
		return stop_names[r->stop];
	*style = STYLE_DIM;
	if (v->ended[level] || !v->on)
		return "stopped";
	*style = STYLE_CYAN;
	if (!r->used[level] || !r->levels[level].seen)
		return "booting";
	if (!is_ready(v, level) || v->busy[level])
		return "measuring";
	*style = STYLE_GREEN;
	return "ready";
}

/* When the level above was ready: this level's time starts then. */
static double began_s(const struct view *v, int level)
{
	return level > v->report->outermost && is_ready(v, level - 1) ? v->ready_s[level - 1]
								      : v->start_s;
}

static double took_s(const struct view *v, int level, double now)
{
	return (is_ready(v, level) ? v->ready_s[level] : now) - began_s(v, level);
}

/* How many times longer a level takes than the one above, by the last two; 0 if not measured yet. */
static double factor(const struct view *v)
{
	int last = v->report->deepest;
	double factor;

	if (!is_ready(v, last))
		last--;
	if (last <= v->report->outermost || took_s(v, last - 1, 0) <= 0)
		return 0;
	factor = took_s(v, last, 0) / took_s(v, last - 1, 0);
	/* Only the first guest can be faster than its parent: it has no firmware. */
	return factor < 1 ? 1 : factor > FACTOR_MAX ? FACTOR_MAX : factor;
}

/* The expected boot time of the level that comes up: that of the one above, times the factor. */
static double expected_s(const struct view *v)
{
	return took_s(v, last_shown(v) - 1, 0) * factor(v);
}

/* The expected time until LEVEL is ready, which is the one that comes up or a deeper one. */
static double rest_s(const struct view *v, int level, double now)
{
	int coming = last_shown(v);
	double expected = expected_s(v), rest = expected - took_s(v, coming, now);

	if (rest < 0)
		rest = 0;
	for (int i = coming + 1; i <= level; i++) {
		expected *= factor(v);
		rest += expected;
	}
	return rest;
}

/* Exits a second of the whole chain while this level came up; UNKNOWN if nobody counts them. */
static double exits_per_s(const struct view *v, int level)
{
	const struct level *lv = level_of(v, level);
	const struct level *above = level > v->report->outermost ? level_of(v, level - 1) : NULL;
	double exits = v->exits, end_s = v->exits_s, began = began_s(v, level);

	if (lv && is_ready(v, level)) {
		exits = lv->exits_chain;
		end_s = v->ready_s[level];
	}
	if (exits < 0 || end_s - began < 0.05)
		return UNKNOWN;
	if (above && above->exits_chain > 0)
		exits -= above->exits_chain;
	return exits / (end_s - began);
}

/* ---- lines ------------------------------------------------------------------------------- */

/* The columns of the table depend on the window's width. */
struct layout {
	int bar, on; /* columns; 0: left out */
	bool rate;   /* show exits a second of each level */
	int width;
};

#define LEVEL_COLUMNS 4
#define ON_COLUMNS 7
#define STATE_COLUMNS 11
#define RAM_COLUMNS 7
#define TIME_COLUMNS 8
#define RATE_COLUMNS 9

static struct layout lay_out(int columns)
{
	struct layout l = { .on = columns >= 64 ? ON_COLUMNS : 0, .rate = columns >= 52 };
	int others = LEVEL_COLUMNS + l.on + STATE_COLUMNS + RAM_COLUMNS + TIME_COLUMNS +
		     (l.rate ? RATE_COLUMNS : 0);

	l.bar = columns - others;
	l.bar = l.bar < 4 ? 0 : l.bar > BAR_MAX ? BAR_MAX : l.bar;
	l.width = others + l.bar;
	return l;
}

/*
 * A level's RAM, on one scale for all: strong for what its child has, or for all if it has no child, weak
 * for what it keeps.  The bar grows by half columns.
 */
static void draw_bar(const struct view *v, int level, int columns, const struct frame *f,
		     struct line *l)
{
	int64_t scale = ram_kib(v, v->report->outermost), own = ram_kib(v, level);
	int64_t below = level < last_shown(v) ? ram_kib(v, level + 1) : own;
	bool up = v->report->used[level] && v->report->levels[level].seen;
	int end = l->width + columns, all, strong;

	if (scale <= 0 || own <= 0 || own > scale || below > own || columns <= 0) {
		line_tab(f, l, end);
		return;
	}
	all = (own * columns * 2 / scale + 1) / 2;
	strong = !up ? 0 : below == own ? all * 2 : below * columns * 2 / scale;
	line_repeat(f, l, STYLE_CYAN, f->utf8 ? "━" : "=", strong / 2);
	if (strong % 2 && strong / 2 < all && f->utf8) {
		line_repeat(f, l, STYLE_CYAN, "╾", 1);
		all--;
	}
	line_repeat(f, l, STYLE_DIM, f->utf8 ? "─" : "-", all - strong / 2);
	line_tab(f, l, end);
}

static void draw_level(const struct view *v, int level, double now, const struct layout *lay,
		       struct frame *f)
{
	const struct level *lv = level_of(v, level);
	struct line *l = frame_line(f);
	bool deepest = level == last_shown(v);
	char name[8];
	enum style style;
	const char *state = state_of(v, level, &style);

	if (!l)
		return;
	format(name, sizeof(name), "L%d", level);
	line_add(f, l, deepest ? STYLE_BOLD : STYLE_PLAIN, "%-*s", LEVEL_COLUMNS, name);
	if (lay->on)
		line_add(f, l, STYLE_DIM, "%-*.*s", lay->on, lay->on - 1, lv ? lv->hypervisor : "");
	line_add(f, l, style, "%-*s", STATE_COLUMNS, state);
	draw_bar(v, level, lay->bar, f, l);
	line_add(f, l, STYLE_PLAIN, "%*s%*s", RAM_COLUMNS,
		 ram_kib(v, level) > 0 ? number_whole(ram_kib(v, level) / KIB_PER_MIB).text : "-",
		 TIME_COLUMNS, number_span(took_s(v, level, now), !is_ready(v, level)).text);
	if (lay->rate)
		line_add(f, l, STYLE_PLAIN, "%*s", RATE_COLUMNS,
			 or_dash(number_short(exits_per_s(v, level)).text));
}

static void draw_titles(const struct layout *lay, struct frame *f)
{
	struct line *l = frame_line(f);

	if (!l)
		return;
	line_tab(f, l, LEVEL_COLUMNS);
	if (lay->on)
		line_add(f, l, STYLE_DIM, "%-*s", lay->on, "on");
	line_add(f, l, STYLE_DIM, "%-*s", STATE_COLUMNS, "state");
	line_add(f, l, STYLE_DIM, "%-*.*s%*s%*s", lay->bar, lay->bar, "memory", RAM_COLUMNS, "MiB",
		 TIME_COLUMNS, "time");
	if (lay->rate)
		line_add(f, l, STYLE_DIM, "%*s", RATE_COLUMNS, "exits/s");
}

/* What is going on, in short, with the clock at the right. */
static void draw_head(const struct view *v, double now, int width, struct frame *f)
{
	const struct report *r = v->report;
	int last = last_shown(v);
	char state[64], clock[80];
	struct number passed = number_clock(now - v->start_s);
	struct line *l = frame_line(f);
	enum style style;

	if (!l)
		return;
	if (r->stop)
		format(state, sizeof(state), "stopped by %s at L%d", stop_names[r->stop],
		       r->stop_level);
	else
		format(state, sizeof(state), "L%d is %s", last, state_of(v, last, &style));
	format(clock, sizeof(clock), "%s", passed.text);
	if (v->deadline_s)
		format(clock, sizeof(clock), "%s of %s", passed.text,
		       number_clock(v->deadline_s - v->start_s + 0.5).text);
	line_add(f, l, STYLE_BOLD, "supernest  ");
	line_add(f, l, stop_is_failure(r->stop) ? STYLE_RED : STYLE_PLAIN, "%s", state);
	if (l->width + 2 + (int)strlen(clock) > width)
		format(clock, sizeof(clock), "%s", passed.text);
	if (l->width + 2 + (int)strlen(clock) > width)
		return;
	line_tab(f, l, width - strlen(clock));
	line_add(f, l, STYLE_DIM, "%s", clock);
}

static void add_rest(const struct view *v, int level, double now, const struct frame *f,
		     struct line *l)
{
	double rest = rest_s(v, level, now);

	if (rest > REST_MAX_S)
		return;
	line_add(f, l, STYLE_PLAIN, "%sL%d %s%s", l->width ? ", " : "", level,
		 rest < 1 ? "soon" : "in ~", rest < 1 ? "" : number_span(rest + 0.5, true).text);
}

/* The totals of the chain: its exits, and the prediction. */
static void draw_sum(const struct view *v, double now, struct frame *f)
{
	const struct report *r = v->report;
	int coming = last_shown(v);
	struct line *l = frame_line(f);
	char times[32];

	if (!l)
		return;
	if (v->exits >= 0)
		line_add(f, l, STYLE_PLAIN, "%s exits", number_short(v->exits).text);
	if (r->stop || !factor(v) || is_ready(v, coming))
		return;
	if (took_s(v, coming, now) > 2 * expected_s(v) + 1) {
		line_add(f, l, STYLE_PLAIN, "%sL%d overdue", l->width ? ", " : "", coming);
		return;
	}
	add_rest(v, coming, now, f, l);
	if (r->requested > coming)
		add_rest(v, r->requested, now, f, l);
	format(times, sizeof(times), ", x%.1f a level", factor(v));
	if (l->width + (int)strlen(times) <= f->columns)
		line_add(f, l, STYLE_DIM, "%s", times);
}

/* A kernel's line without its time stamp, which is of another clock. */
static const char *without_time(const char *text)
{
	size_t len = *text == '[' ? 1 + strspn(text + 1, " .0123456789") : 0;

	return len && !strncmp(text + len, "] ", 2) ? text + len + 2 : text;
}

static void draw_text(const struct view *v, struct frame *f)
{
	struct line *l = frame_line(f);

	if (!l)
		return;
	if (v->text_level >= 0)
		line_add(f, l, STYLE_DIM, "L%d| ", v->text_level);
	line_add(f, l, STYLE_DIM, "%s", without_time(v->text));
}

/* If the window is too low for all levels: the first and the deepest ones. */
static void draw_levels(const struct view *v, double now, const struct layout *lay, int rows,
			struct frame *f)
{
	int first = v->report->outermost, last = last_shown(v);
	int left_out = last - first + 1 - rows;
	struct line *l;

	if (left_out <= 0) {
		for (int i = first; i <= last; i++)
			draw_level(v, i, now, lay, f);
		return;
	}
	if (rows >= 3) {
		draw_level(v, first, now, lay, f);
		l = frame_line(f);
		line_add(f, l, STYLE_DIM, "    %d more", left_out + 1);
		rows -= 2;
	}
	for (int i = last - rows + 1; i <= last; i++)
		draw_level(v, i, now, lay, f);
}

void view_draw(const struct view *v, double now, struct frame *f)
{
	struct layout lay = lay_out(f->columns);
	bool titles = f->rows >= 8, sum = f->rows >= 4, text = f->rows >= 5;
	int rows = f->rows - 1 - titles - sum - text;

	draw_head(v, now, lay.width < f->columns ? lay.width : f->columns, f);
	if (titles)
		draw_titles(&lay, f);
	draw_levels(v, now, &lay, rows, f);
	if (sum)
		draw_sum(v, now, f);
	if (text)
		draw_text(v, f);
}

static void show(struct view *v, double now)
{
	view_draw(v, now, terminal_frame(&v->terminal));
	terminal_show(&v->terminal);
}

void view_hear(void *context, const struct record *rec)
{
	view_record(context, rec, now_s());
	if (rec->from < 0 && !strcmp(rec->kind, "alive"))
		show(context, now_s());
}

void view_end(struct view *v, double now)
{
	if (!v->on)
		return;
	v->on = false;
	show(v, now);
	terminal_leave(&v->terminal);
}
