/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this level's own programs print, above all its hook.  It is passed on as lines of bounded length
 * and in bounded number.
 */
#pragma once

#include "lib/base.h"

#define OWN_LINE_SIZE 160 /* characters kept of a line */
#define LINES_S 50.0	  /* lines that may pass in a second */
#define LINES_BURST 200.0

/* Limits the rate of lines, and counts those that it stops. */
struct throttle {
	double credit, credit_s;
	int64_t dropped;
};

bool throttle_pass(struct throttle *t);

/*
 * Cuts a line to MOST characters, removes blanks at its end, and sanitizes it (base.h).  LINE must hold
 * LEN + 1 bytes.
 */
void clean_line(char *line, size_t len, size_t most);

struct own_lines {
	int in, out; /* the ends of a pipe; -1: there is none */
	void (*pass)(void *context, const char *line);
	void *context;
	struct throttle throttle;
	size_t len;
	char line[OWN_LINE_SIZE + 1];
};

/* Opens a pipe; programs write to w->out, and PASS gets each line.  -1 (printed) on failure. */
int own_lines_open(struct own_lines *w, void (*pass)(void *context, const char *line),
		   void *context);
/* Passes a line on, unless it is over the limit. */
void own_lines_say(struct own_lines *w, const char *line);
/* Passes on what is in the pipe now.  Never waits. */
void own_lines_take(struct own_lines *w);
/* Does the same, with an unfinished last line too, and says how many lines were left out. */
void own_lines_finish(struct own_lines *w);
