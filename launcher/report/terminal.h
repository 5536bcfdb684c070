/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few lines on a person's terminal that are painted over where they stand.  Of the terminal it wants
 * what all of them know: cursor up, erase, colours.  Its settings and its cursor are left alone, and the
 * cursor always waits below the lines, so that nothing has to be put back however we end.
 */
#ifndef SUPERNEST_TERMINAL_H
#define SUPERNEST_TERMINAL_H

#include "lib/base.h"

#define TERMINAL_ROWS 48     /* lines of a frame at the most */
#define TERMINAL_COLUMNS 120 /* wider lines are hard to read */

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_CYAN };

struct line {
	char text[1024];
	size_t len;
	int width; /* columns that it takes */
};

/* One picture.  The size and what may be drawn are given, the lines are the painter's. */
struct frame {
	int columns, rows; /* a line may take so many columns, the frame so many lines */
	bool color, utf8;
	struct line lines[TERMINAL_ROWS];
	int count;
};

/* What goes to the terminal in one write(), so that it is seen at once. */
struct output {
	size_t len;
	char data[TERMINAL_ROWS * (sizeof(((struct line *)0)->text) + 8) + 64];
};

struct terminal {
	int fd, columns;
	bool color, utf8;
	struct frame next, shown;
	struct output output;
};

/*
 * Whether lines can be painted over there: a terminal that can do more than print (TERM), and that is
 * ours at the moment.  NO_COLOR and the locale say how.
 */
bool terminal_open(struct terminal *t, int fd);
/* An empty frame for the window as it is now, in t->next. */
struct frame *terminal_frame(struct terminal *t);
/* Makes the screen show t->next; what is there already is not written again. */
void terminal_show(struct terminal *t);
/* Takes the lines away, for somebody else to print; the next terminal_show() is below that. */
void terminal_hide(struct terminal *t);
/* Leaves the lines as they are; the caller goes on below them. */
void terminal_leave(struct terminal *t);

/* The next line of a frame; NULL if it has no more room. */
struct line *frame_line(struct frame *f);
/*
 * Adds to a line; what goes beyond the frame's width is cut, and what a terminal could obey becomes '?'.
 */
void line_add(const struct frame *f, struct line *l, enum style style, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* COUNT times a character of one column in UTF-8. */
void line_repeat(const struct frame *f, struct line *l, enum style style, const char *glyph,
		 int count);
/* Blanks up to a column. */
void line_tab(const struct frame *f, struct line *l, int column);

#endif
