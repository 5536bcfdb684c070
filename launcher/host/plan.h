/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Predicts from a report how deep a chain would go with other memory and time. */
#pragma once

#include <stdio.h>

#include "report/report.h"

#define PLAN_SCHEMA "supernest-plan/1"

struct plan_level {
	int64_t ram_kib, total_kib; /* its RAM, and its MemTotal */
	bool measured;		    /* its times and exits are the report's own */
	double port_s;		    /* cost of a port write; 0: unknown */
	double boot_s, ready_s;	    /* from the start of its QEMU, and from the start of the run */
	bool comes_up;		    /* its ticks leave it enough time to boot */
};

struct plan {
	int outermost;
	struct plan_level levels[MAX_LEVEL + 1];
	double time_s; /* time budget */

	/* Memory: what a level keeps of its RAM, by the deepest level whose child was measured. */
	int terms_level;
	int64_t need_kib;  /* the least RAM of a level; and of the first that does not fit */
	int64_t freed_kib; /* files that a level keeps until its child is ready */
	int memory_depth;  /* the deepest level that fits */

	/* Time: what every boot takes, and what each of its exits takes. */
	char no_time[160]; /* why there is no prediction of time, or "" */
	bool huge_files;   /* a child's RAM is a file of huge pages */
	bool recursive;	   /* exits and ticks cost the same at every level */
	int time_level;	   /* the deepest level that was measured */
	double own_s, boot_exits;
	double port_s, factor; /* cost of a port write in time_level, and that over its parent's */
	int time_depth; /* the deepest level that is ready in time; MAX_LEVEL: time is no limit */
};

/*
 * Makes the prediction.  MEMORY_KIB 0: as much as the report's run had.  -1 (printed) if the report lacks
 * figures.
 */
int plan_make(struct plan *p, const struct report *from, int64_t memory_kib, double time_s);
void plan_print(const struct plan *p, const struct report *from, FILE *out);
void plan_print_json(const struct plan *p, FILE *out);
