/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live view of a run on the user's terminal: the chain of levels as it grows.  Several times a second
 * it draws what the report knows, and what the report does not keep (console lines, heartbeats).  Only the
 * command on a host has one.
 */
#pragma once

#include "report/report.h"
#include "report/terminal.h"

#define VIEW_HEARTBEAT_S 0.2 /* the interval of pictures */

struct view {
	bool on;
	const struct report *report;
	int64_t memory_kib;	       /* of the outermost guest */
	double start_s, deadline_s;    /* on now_s(); deadline 0: none */
	double ready_s[MAX_LEVEL + 1]; /* when its ready record came; 0: not yet */
	bool busy[MAX_LEVEL + 1];      /* runs its late checks, after its child has ended */
	bool ended[MAX_LEVEL + 1];
	int64_t exits;	/* of the whole chain, counted by the outermost KVM; or UNKNOWN */
	double exits_s; /* when they were counted */
	int text_level; /* the level whose last console line is in text; -1: it is the remark */
	char text[REPORT_LINE];
	struct terminal terminal;
};

/*
 * Starts the view if FD is a terminal on which lines can be painted; otherwise view->on is false.  The
 * report is the caller's and must be initialized.  REMARK is shown until the deepest level's console says
 * something.
 */
void view_start(struct view *v, int fd, const struct report *report, int64_t memory_kib,
		double deadline_s, const char *remark);
/* A teller's listener; CONTEXT is a view.  Each heartbeat of the host draws a picture. */
void view_hear(void *context, const struct record *rec);
/* Takes a record that the report has accepted. */
void view_record(struct view *v, const struct record *rec, double now);
/* Ends the view; the last picture stays. */
void view_end(struct view *v, double now);

/* Draws into an empty frame. */
void view_draw(const struct view *v, double now, struct frame *f);
