/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How deep a chain would go with more or less memory and time, from what a report has measured.
 */
#ifndef SUPERNEST_PLAN_H
#define SUPERNEST_PLAN_H

#include <stdio.h>

#include "report/report.h"

#define PLAN_SCHEMA "supernest-plan/1"

struct plan_level {
	int64_t ram_kib, total_kib; /* what it is given, and its MemTotal */
	bool measured;		    /* its seconds and exits are the report's own */
	double port_s;		    /* a port write of it; 0: unknown */
	double boot_s, ready_s;	    /* from its qemu's start, and from the start of the run */
	bool comes_up;		    /* its ticks leave it time to */
};

struct plan {
	int outermost;
	struct plan_level levels[MAX_LEVEL + 1];
	double time_s; /* that there are */

	/* Memory: what one level keeps of its RAM, at the deepest level whose child was measured. */
	int terms_level;
	int64_t need_kib;  /* the least RAM of a level; of the one that does not fit */
	int64_t freed_kib; /* files of a level that are there until its child is up */
	int memory_depth;  /* the deepest level that fits */

	/* Time: what a boot takes whatever its level, and what each of its exits does. */
	char no_time[160]; /* why there is no prediction of it, or "" */
	bool huge_files;   /* a child's RAM is one: memory_mount_huge() */
	bool recursive; /* an exit costs the same at every level, and so does each level's tick */
	int time_level; /* the deepest that was measured */
	double own_s, boot_exits;
	double port_s, factor; /* a port write of time_level, and that over its parent's */
	int time_depth; /* the deepest level that is ready in time; MAX_LEVEL: no end in sight */
};

/* -1 (printed) if the report has not what it takes.  MEMORY_KIB 0: as much as the report's run had. */
int plan_make(struct plan *p, const struct report *from, int64_t memory_kib, double time_s);
void plan_print(const struct plan *p, const struct report *from, FILE *out);
void plan_print_json(const struct plan *p, FILE *out);

#endif
