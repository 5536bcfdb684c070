/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this level's own programs print, above all its hook, on its way to the reader: as lines of
 * bounded length, and not more of them than a bound.
 */
#ifndef SUPERNEST_OWN_LINES_H
#define SUPERNEST_OWN_LINES_H

#include "lib/base.h"

#define OWN_LINE_SIZE 160 /* characters of a line that are kept */
#define LINES_S 50.0	  /* lines that may pass in a second, */
#define LINES_BURST 200.0

/* Lets so many pass, and counts the others. */
struct throttle {
	double credit, credit_s;
	int64_t dropped;
};

bool throttle_pass(struct throttle *t);

/* Cuts a line, removes the blanks at its end, and sanitizes it (base.h). Room for LEN + 1. */
void clean_line(char *line, size_t len, size_t most);

struct own_lines {
	int in, out; /* the ends of a pipe; -1: there is none */
	void (*pass)(void *context, const char *line);
	void *context;
	struct throttle throttle;
	size_t len;
	char line[OWN_LINE_SIZE + 1];
};

/* A pipe for programs to write to at w->out.  -1 (printed) if there is none to be had. */
int own_lines_open(struct own_lines *w, void (*pass)(void *context, const char *line),
		   void *context);
/* Passes a line on, if it may. */
void own_lines_say(struct own_lines *w, const char *line);
/* Passes on what is in the pipe by now; never waits. */
void own_lines_take(struct own_lines *w);
/* The same of a line that was not ended, and says how many were left out. */
void own_lines_finish(struct own_lines *w);

#endif
