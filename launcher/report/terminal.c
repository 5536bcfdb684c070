// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* strcasestr */
#include "report/terminal.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define RESET "\033[m"
#define SGR_MAX 16 /* bytes that begin and end a style */

static const char *const style_begins[] = {
	[STYLE_PLAIN] = "",	    [STYLE_BOLD] = "\033[1m",	[STYLE_DIM] = "\033[2m",
	[STYLE_RED] = "\033[1;31m", [STYLE_GREEN] = "\033[32m", [STYLE_CYAN] = "\033[36m",
};

/* While we were stopped, others may have written below our lines. */
static volatile sig_atomic_t was_continued;

static void on_continue(int number)
{
	(void)number;
	was_continued = 1;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static bool locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = environment(names[i]);

		if (*value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

/* A job in the background does not own its terminal. */
static bool is_ours(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group <= 0 || group == getpgrp();
}

bool terminal_open(struct terminal *t, int fd)
{
	const char *term = environment("TERM");

	if (!isatty(fd) || !*term || !strcmp(term, "dumb") || !is_ours(fd))
		return false;
	t->fd = fd;
	t->color = !*environment("NO_COLOR");
	t->utf8 = locale_is_utf8();
	t->shown.count = t->columns = 0;
	signal(SIGCONT, on_continue);
	return true;
}

struct frame *terminal_frame(struct terminal *t)
{
	struct winsize size = { 0 };
	struct frame *f = &t->next;

	ioctl(t->fd, TIOCGWINSZ, &size);
	t->columns = size.ws_col ? size.ws_col : 80; /* a serial line does not know its width */
	f->rows = (size.ws_row ? size.ws_row : 24) - 1;
	/* The last column stays free: terminals differ in where the cursor is behind it. */
	f->columns = t->columns - 1 < TERMINAL_COLUMNS ? t->columns - 1 : TERMINAL_COLUMNS;
	f->rows = f->rows < TERMINAL_ROWS ? f->rows : TERMINAL_ROWS;
	f->color = t->color;
	f->utf8 = t->utf8;
	f->count = 0;
	return f;
}

/* ---- lines ------------------------------------------------------------------------------- */

struct line *frame_line(struct frame *f)
{
	struct line *l;

	if (f->count >= f->rows)
		return NULL;
	l = &f->lines[f->count++];
	l->text[0] = '\0';
	l->len = l->width = 0;
	return l;
}

static void put(struct line *l, const char *bytes, size_t len)
{
	memcpy(l->text + l->len, bytes, len);
	l->len += len;
	l->text[l->len] = '\0';
}

void line_repeat(const struct frame *f, struct line *l, enum style style, const char *glyph,
		 int count)
{
	const char *begin = f->color ? style_begins[style] : "";
	size_t len = strlen(glyph);

	if (count > f->columns - l->width)
		count = f->columns - l->width;
	if (count <= 0 || l->len + len + SGR_MAX >= sizeof(l->text))
		return;
	put(l, begin, strlen(begin));
	for (; count && l->len + len + SGR_MAX < sizeof(l->text); count--, l->width++)
		put(l, glyph, len);
	if (*begin)
		put(l, RESET, strlen(RESET));
}

void line_add(const struct frame *f, struct line *l, enum style style, const char *fmt, ...)
{
	const char *begin = f->color ? style_begins[style] : "";
	char text[TERMINAL_COLUMNS + 1];
	va_list args;
	int len;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	sanitize(text);
	len = strlen(text);
	if (len > f->columns - l->width)
		len = f->columns - l->width;
	if (len <= 0 || l->len + len + SGR_MAX >= sizeof(l->text))
		return;
	put(l, begin, strlen(begin));
	put(l, text, len);
	if (*begin)
		put(l, RESET, strlen(RESET));
	l->width += len;
}

void line_tab(const struct frame *f, struct line *l, int column)
{
	line_repeat(f, l, STYLE_PLAIN, " ", column - l->width);
}

/* ---- painting ---------------------------------------------------------------------------- */

static void add_output(struct output *o, const char *text)
{
	size_t len = strlen(text);

	if (o->len + len <= sizeof(o->data)) {
		memcpy(o->data + o->len, text, len);
		o->len += len;
	}
}

static void flush_output(struct terminal *t)
{
	write_all(t->fd, t->output.data, t->output.len);
	t->output.len = 0;
}

/* The rows that our lines take now: most terminals wrap them if the window became narrower. */
static int rows_shown(const struct terminal *t)
{
	int rows = 0;

	for (int i = 0; i < t->shown.count; i++) {
		int width = t->shown.lines[i].width;

		rows += width > t->columns ? (width + t->columns - 1) / t->columns : 1;
	}
	return rows;
}

/* Moves the cursor from below the lines to the first of them. */
static void go_up(struct terminal *t)
{
	char up[24];

	add_output(&t->output, "\r");
	if (t->shown.count) {
		format(up, sizeof(up), "\033[%dA", rows_shown(t));
		add_output(&t->output, up);
	}
}

/* A terminal that the user stopped (Ctrl-S) must not stop us. */
static bool can_write(const struct terminal *t)
{
	struct pollfd fd = { .fd = t->fd, .events = POLLOUT };

	return poll(&fd, 1, 0) == 1 && fd.revents & POLLOUT && is_ours(t->fd);
}

static bool same(const struct line *a, const struct line *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

static void paint(struct terminal *t, bool all)
{
	go_up(t);
	if (all)
		add_output(&t->output, "\033[J");
	for (int i = 0; i < t->next.count; i++) {
		if (all || i >= t->shown.count || !same(&t->next.lines[i], &t->shown.lines[i])) {
			add_output(&t->output, t->next.lines[i].text);
			add_output(&t->output, "\033[K");
		}
		add_output(&t->output, "\r\n");
	}
	if (t->next.count < t->shown.count)
		add_output(&t->output, "\033[J");
	flush_output(t);
}

void terminal_show(struct terminal *t)
{
	bool resized = t->next.columns != t->shown.columns || t->next.rows != t->shown.rows;
	bool changed = resized || t->next.count != t->shown.count || was_continued;

	for (int i = 0; !changed && i < t->next.count; i++)
		changed = !same(&t->next.lines[i], &t->shown.lines[i]);
	if (!changed || !can_write(t))
		return;
	if (was_continued)
		t->shown.count = was_continued = 0;
	paint(t, resized);
	t->shown = t->next;
}

void terminal_hide(struct terminal *t)
{
	if (!t->shown.count || !can_write(t))
		return;
	go_up(t);
	add_output(&t->output, "\033[J");
	flush_output(t);
	t->shown.count = 0;
}

/* The cursor stands behind what a pressed key printed, "^C". */
void terminal_leave(struct terminal *t)
{
	static const char erase[] = "\r\033[K\r\n";

	if (can_write(t))
		write_all(t->fd, erase, strlen(erase));
	t->shown.count = 0;
	signal(SIGCONT, SIG_DFL);
}
