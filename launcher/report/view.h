/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live view of a run on a person's terminal: the chain of levels as it grows.  It draws what the
 * report knows by then and what only passes by (console lines, beats), a few times a second.  On a host
 * alone: no level has one.
 */
#ifndef SUPERNEST_VIEW_H
#define SUPERNEST_VIEW_H

#include "report/report.h"
#include "report/terminal.h"

#define VIEW_HEARTBEAT_S 0.2 /* between two pictures */

struct view {
	bool on;
	const struct report *report;
	int64_t memory_kib;	       /* of the outermost guest */
	double start_s, deadline_s;    /* deadline 0: none */
	double ready_s[MAX_LEVEL + 1]; /* when its ready record came; 0: not yet */
	bool busy[MAX_LEVEL + 1];      /* its checks run again, after its child's end */
	bool ended[MAX_LEVEL + 1];
	int64_t exits; /* of the whole chain, counted by the outermost KVM; UNKNOWN: nobody has said */
	double exits_s; /* when that was */
	int text_level; /* whose console's last line is in text; -1: a remark of ours */
	char text[REPORT_LINE];
	struct terminal terminal;
};

/*
 * Starts it if FD is a terminal that lines can be painted over on; else all stays as it is and view->on
 * false.  The report is the caller's and must have been set up; REMARK stands where the deepest level's
 * console does until that has said something.
 */
void view_start(struct view *v, int fd, const struct report *report, int64_t memory_kib,
		double deadline_s, const char *remark);
/* Of a teller: CONTEXT is a view.  Each beat of the host's own shows how things stand. */
void view_hear(void *context, const struct record *rec);
/* A record that the report has taken in. */
void view_record(struct view *v, const struct record *rec, double now);
/* The whole chain's exits until now. */
void view_exits(struct view *v, int64_t exits, double now);
/* Shows how things stand. */
void view_show(struct view *v, double now);
/* Leaves the last picture where it is. */
void view_end(struct view *v, double now);

/* Draws into an empty frame. */
void view_draw(const struct view *v, double now, struct frame *f);

#endif
