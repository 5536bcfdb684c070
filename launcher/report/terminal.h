/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paints a few lines on the user's terminal, again and again in the same place.  It needs only what every
 * terminal has: cursor up, erase, colours.  It changes no settings of the terminal, and the cursor always
 * waits below the lines, so nothing has to be restored however we end.
 */
#pragma once

#include "lib/base.h"

#define TERMINAL_ROWS 48     /* lines of a frame, at most */
#define TERMINAL_COLUMNS 120 /* wider lines are hard to read */

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_CYAN };

struct line {
	char text[1024];
	size_t len;
	int width; /* columns */
};

/* One picture.  The size and the style are given; the painter adds the lines. */
struct frame {
	int columns, rows; /* the size of the frame */
	bool color, utf8;
	struct line lines[TERMINAL_ROWS];
	int count;
};

/* Bytes for the terminal, written by one write() so that they appear at once. */
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
 * Whether lines can be painted on FD: a terminal that can do more than print (TERM), and that is ours
 * now.  NO_COLOR and the locale decide on the style.
 */
bool terminal_open(struct terminal *t, int fd);
/* Returns an empty frame, t->next, for the current size of the window. */
struct frame *terminal_frame(struct terminal *t);
/* Shows t->next; writes only what differs from what is shown. */
void terminal_show(struct terminal *t);
/* Erases the lines so that others can print; the next terminal_show() paints below that. */
void terminal_hide(struct terminal *t);
/* Leaves the lines as they are; later output goes below them. */
void terminal_leave(struct terminal *t);

/* The next line of a frame; NULL if the frame is full. */
struct line *frame_line(struct frame *f);
/* Adds text to a line.  Text beyond the frame's width is cut, and control characters become '?'. */
void line_add(const struct frame *f, struct line *l, enum style style, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* Adds COUNT times GLYPH, a character of one column in UTF-8. */
void line_repeat(const struct frame *f, struct line *l, enum style style, const char *glyph,
		 int count);
/* Adds blanks up to a column. */
void line_tab(const struct frame *f, struct line *l, int column);
