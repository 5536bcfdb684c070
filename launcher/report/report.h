/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report: the contents of all records together.  The outermost level, or the command on the host,
 * keeps it.
 */
#pragma once

#include "report/evidence.h"
#include "report/level.h"
#include "report/record.h"

#define DEPTH_OPEN (-1) /* requested: as deep as possible */
#define REPORT_LINES 12
#define REPORT_LINE 160
#define REPORT_SUMS 8 /* kept of each sender: they show that a record is repeated */
#define COMMAND_MAX 1024

/* How the run was set up, as far as is known. */
struct setup {
	int64_t memory_kib; /* RAM that the command gave to the outermost guest, or UNKNOWN */
	int timeout_s;	    /* 0: none */
	bool deterministic; /* --deterministic */
	int nesting;	    /* as asked for: enum nesting */
	bool enlightened;   /* --enlightened */
	bool strict;	    /* --strict */
	int smp;	    /* vCPUs of each level */
	int64_t tsc_khz;    /* the rate of the cycles in all levels' costs, or UNKNOWN */
	char qemu[24];	    /* version of the outermost QEMU, or "" */
	char accel[8];	    /* what the command's guest ran on, kvm or tcg; or "" */
	char kvm_why[360];  /* why that was not KVM, unless the user asked for TCG; or "" */
	double starved_share; /* of the run, in which the outermost QEMU waited for a CPU; or UNKNOWN */
};

/* One test that a program printed as TAP.  The program is the check. */
struct subtest {
	int level;
	char check[CHECK_ID], id[64]; /* [a-z0-9_] */
	enum result result;
	char detail[80];
};
#define SUBTESTS_MAX 512
#define SUSPECTS_MAX 32

/* Whose KVM is at fault, found by runs with another kernel at one level after the other. */
struct blame {
	int victim; /* the level that broke */
	int count;
	int suspects[SUSPECTS_MAX]; /* levels */
	char sentence[300];	    /* "": there were no such runs */
};

/* The resources that a program, which is a check, has used. */
struct program_use {
	int level;
	char check[CHECK_ID];
	int status;	 /* as in a shell */
	double s, cpu_s; /* UNKNOWN: it has not ended */
	int64_t exits;	 /* of its level while it ran, counted by the KVM above; or UNKNOWN */
};
#define PROGRAMS_KEPT 256

struct report {
	struct setup setup;
	struct level levels[MAX_LEVEL + 1]; /* by level; valid only where used[] */
	bool used[MAX_LEVEL + 1];
	/*
	 * Checks of deeper levels are judged but not kept: a level that has a parent needs only its own
	 * and its child's.
	 */
	int keeps_checks_to;
	int outermost, deepest; /* of the levels seen; deepest < outermost: none */
	int requested;		/* a level, or DEPTH_OPEN */
	int reached;		/* the deepest that was ready; 0 if none */
	enum stop stop;
	int stop_level; /* the level to blame, or that could not come up */
	char detail[400];
	char console[REPORT_LINES][REPORT_LINE]; /* the last console lines of stop_level */
	int console_count;
	struct evidence evidence; /* of stop_level, if it failed */
	struct blame blame;
	bool interrupted; /* by the user: how deep it would have gone is unknown */
	bool ok;	  /* set by verdict_ok() alone */
	int64_t lost_records;
	char command
		[COMMAND_MAX]; /* of the host that started the run; "": the appliance was booted otherwise */
	unsigned int next_seq[MAX_LEVEL + 2];	   /* by sender + 1: the host is -1 */
	uint32_t sums[MAX_LEVEL + 2][REPORT_SUMS]; /* by sequence number */
	struct subtest subtests[SUBTESTS_MAX];	   /* kept only by the outermost */
	int subtest_count;
	struct program_use programs[PROGRAMS_KEPT]; /* likewise */
	int program_count;
	int shell_level; /* the last level that had a shell; -1: none */
	double began_s;	 /* now_s() when the TSC was began_tsc */
	uint64_t began_tsc;
};

void report_init(struct report *r, int requested);
/* Start and stop the measurement of the TSC's rate. */
void report_start_clock(struct report *r);
void report_stop_clock(struct report *r);
/* A level of the report, initialized if needed. */
struct level *report_level(struct report *r, int level);
/*
 * Adds a record.  0 if it is new, 1 if it was seen before.  -1 if it says what its sender cannot know, is
 * out of order or malformed: then the report stays as it was.
 */
int report_add(struct report *r, const struct record *rec);
/* Whether this check of a level is its parent's to make. */
bool report_check_is_parents(const char *id);
/* Sets reached and roles of a run that goes on; there is no verdict yet (STOP_NONE). */
void report_so_far(struct report *r);
/* Sets reached, ok and roles.  Idempotent. */
void report_finish(struct report *r);
/*
 * Adds a test of a program, or replaces the one with the same name unless that failed.  -1 if there is no
 * room; a failure has room as long as it can replace a success.
 */
int report_add_subtest(struct report *r, const struct subtest *t);
/* The resources of this check of this level, added if needed; NULL if there is no room. */
struct program_use *report_program(struct report *r, int level, const char *check);
bool report_came_up(const struct report *r); /* whether any level came up */
/* The level that broke in a failed run.  The KVM at fault may be that of another level. */
int report_victim(const struct report *r);
/* The verdict in short, "Reached L2 of L3", and in full, "reached L2 of 3: panic at L3: ...". */
void report_verdict(const struct report *r, char *buf, size_t size);
void report_sentence(const struct report *r, char *buf, size_t size);
/*
 * Seconds until the level was ready, from the start of its QEMU, or of its kernel if that is unknown;
 * negative if never.
 */
double level_boot_s(const struct level *lv);
/* The cost of an exit over that of the level above; negative if either is unknown. */
double report_factor(const struct report *r, int level);
