/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Round trips of a running child's state.  Its QEMU saves the state, resets the machine, loads the state
 * and lets the child run on (the command x-save-restore of our QEMU, scripts/patches/qemu/).  In some of
 * them it also tries the dirty log, on which a live migration of the child's RAM would rely.
 */
#pragma once

#include "report/level.h"

struct save_restore {
	/* Set by the caller */
	int wanted;   /* round trips; 0: none, and no monitor */
	int requests; /* QEMU's monitor, to write to */
	/* The child's guest runs, or it will have none.  Until then, half of the round trips are kept. */
	bool all;
	/* Internal */
	bool began, pending;
	bool logs; /* the one under way tries the dirty log too */
	int done, logged;
	double began_s, asked_s, next_s; /* on now_s() */
	double longest_s;		 /* the longest stop */
	double log_s;			 /* that those with the dirty log took */
	int64_t named;			 /* pages that the dirty log named */
	int64_t unnamed, address;	 /* others that changed, and where the first one is */
	char problem[96];		 /* why there are no more */
	bool lost;			 /* its state could not be restored */
};

/* Asks for the next round trip if it is due.  NOW_S is now_s(), here and below. */
void save_restore_step(struct save_restore *s, double now_s);
/* Takes a line that QEMU's monitor has sent. */
void save_restore_answer(struct save_restore *s, const char *line, double now_s);
/* Seconds until the next one is due; -1: none will be, or one is under way. */
double save_restore_wait_s(const struct save_restore *s, double now_s);
/*
 * The checks of a child that has ended: how many round trips it made, how long the longest took, and
 * whether the dirty log was complete.  One without an id was not made.  BROKEN: it did not end in order.
 */
struct save_restore_checks {
	struct check trips, downtime, dirty_log;
};
void save_restore_checks(const struct save_restore *s, bool broken, struct save_restore_checks *k);
