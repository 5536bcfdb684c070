/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report: what all records together say.  The outermost level (or the host) keeps one.
 */
#ifndef SUPERNEST_REPORT_H
#define SUPERNEST_REPORT_H

#include "report/evidence.h"
#include "report/level.h"
#include "report/record.h"

#define DEPTH_OPEN (-1) /* requested: as deep as it goes */
#define REPORT_LINES 12
#define REPORT_LINE 160
#define REPORT_SUMS 8 /* the last records of each sender, by which a repeated one is known */
#define COMMAND_MAX 1024

/* How the run was set up, as far as the owner of the report knows it. */
struct setup {
	int64_t memory_kib; /* RAM that the command gave to the outermost guest, or UNKNOWN */
	int timeout_s;	    /* 0: none */
	bool deterministic; /* --deterministic */
	int nesting;	    /* as asked for: enum nesting */
	bool enlightened;   /* --enlightened */
	bool strict;	    /* --strict */
	int smp;	    /* vCPUs of each level */
	int64_t tsc_khz;    /* cycles of all levels' costs in a millisecond, or UNKNOWN */
	char qemu[24];	    /* the version of the outermost QEMU, or "" */
	char accel[8];	    /* what the command's guest ran on, kvm or tcg, or "" */
	char kvm_why[360];  /* why that was not KVM, unless TCG was asked for; or "" */
};

/* A test of a program that is a check, as the program has printed it. */
struct subtest {
	int level;
	char check[CHECK_ID], id[64]; /* [a-z0-9_] */
	enum result result;
	char detail[80];
};
#define SUBTESTS_MAX 512
#define SUSPECTS_MAX 32

/* Whose KVM is at fault, as runs with another kernel at one level after the other have shown. */
struct blame {
	int victim; /* the level that broke */
	int count;
	int suspects[SUSPECTS_MAX]; /* levels */
	char sentence[300];	    /* "": nobody looked */
};

/* What a program, which is a check, has used up. */
struct program_use {
	int level;
	char check[CHECK_ID];
	int status;	 /* as a shell has it */
	double s, cpu_s; /* UNKNOWN: it has not ended */
	int64_t exits;	 /* of its level while it ran, counted by the KVM above, or UNKNOWN */
};
#define PROGRAMS_KEPT 256

struct report {
	struct setup setup;
	struct level levels[MAX_LEVEL + 1]; /* by level; set only where used[] */
	bool used[MAX_LEVEL + 1];
	/*
	 * Checks of deeper levels are judged, but not kept: a level that reports to another one needs
	 * its own and its child's alone.
	 */
	int keeps_checks_to;
	int outermost, deepest; /* of those seen; deepest < outermost: none */
	int requested;		/* a level, or DEPTH_OPEN */
	int reached;		/* the deepest that was ready, 0 if none */
	enum stop stop;
	int stop_level; /* the level that is to blame, or that could not come up */
	char detail[400];
	char console[REPORT_LINES][REPORT_LINE]; /* the last lines of stop_level's console */
	int console_count;
	struct evidence evidence; /* of stop_level, if it failed */
	struct blame blame;
	bool interrupted; /* by a person: nobody knows how deep it would have gone */
	bool ok;	  /* by verdict.h, nobody else's */
	int64_t lost_records;
	char command
		[COMMAND_MAX]; /* of the host that started it; "": it was booted by other means */
	unsigned int next_seq[MAX_LEVEL + 2];	   /* by sender + 1: the host is -1 */
	uint32_t sums[MAX_LEVEL + 2][REPORT_SUMS]; /* by number */
	struct subtest subtests[SUBTESTS_MAX];	   /* kept at the top alone */
	int subtest_count;
	struct program_use programs[PROGRAMS_KEPT]; /* the same */
	int program_count;
	int shell_level; /* the last that had a shell; -1: none */
	double began_s;	 /* on now_s(), when the counter of cycles was began_tsc */
	uint64_t began_tsc;
};

void report_init(struct report *r, int requested);
/* Measures the pace of the cycles from one to the other. */
void report_start_clock(struct report *r);
void report_stop_clock(struct report *r);
/* A level of the report, made if need be. */
struct level *report_level(struct report *r, int level);
/*
 * Takes a record in.  -1 if it says what its sender cannot know, comes out of order or is malformed:
 * then nothing of it is kept.  1 if it was seen before.
 */
int report_add(struct report *r, const struct record *rec);
/* Of a run that goes on: reached and roles, but no verdict (STOP_NONE). */
void report_so_far(struct report *r);
/* Draws the conclusion: reached, ok, roles.  Idempotent. */
void report_finish(struct report *r);
/*
 * Adds a test of a program's, or replaces the one of that name, unless that has failed.  -1: there is no room for it; there is for a
 * failure as long as something else has passed.
 */
int report_add_subtest(struct report *r, const struct subtest *t);
/* The program that is this check of this level, made if need be; NULL: there is no room for it. */
struct program_use *report_program(struct report *r, int level, const char *check);
bool report_came_up(const struct report *r); /* any level of it */
/* Of a run that failed: the level that broke, which is not the one whose KVM is at fault. */
int report_victim(const struct report *r);
/* What a person wants to read first: "Reached L2 of L3"; and all of it: "reached L2 of 3: panic at L3: ...". */
void report_verdict(const struct report *r, char *buf, size_t size);
void report_sentence(const struct report *r, char *buf, size_t size);
/* Seconds from its qemu's start, or, where that is unknown, its kernel's; negative if it was never ready. */
double level_boot_s(const struct level *lv);
/* Of an exit's cost: this level's over the one above it; negative if either is unknown. */
double report_factor(const struct report *r, int level);

#endif
