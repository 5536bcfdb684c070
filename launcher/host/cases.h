/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases of a matrix: runs with options of their own, each with what it is expected to come to, and what it
 * came to.
 */
#ifndef SUPERNEST_CASES_H
#define SUPERNEST_CASES_H

#include "report/report.h"

#define CASES_MAX 96
#define CASE_ARGS 16
#define CASE_DEPTH 2 /* where none is asked for */

struct matrix_case {
	const char *name;
	int level;	/* that it is to reach; CASE_ALL: the depth that was asked for */
	enum stop stop; /* by what; STOP_NONE: by that depth */
	const char
		*only; /* svm, vmx, kvm, tcg or recursive: the machines that it is for; NULL: all */
	int argc;
	char *arg[CASE_ARGS];
};
#define CASE_ALL (-1)

enum judgement {
	CASE_SKIPPED,
	CASE_EXPECTED,
	CASE_BETTER,
	CASE_WORSE,
	CASE_BROKEN,
	CASE_JUDGEMENTS
};
extern const char *const judgement_names[];

/* What a run came to. */
struct outcome {
	int status; /* enum status, or 128 + the signal that ended it */
	int requested, reached;
	enum stop stop;
	bool sound; /* no check failed but those for virtualization */
};

/* The text of a matrix that is part of this program, or NULL. */
const char *cases_shipped(const char *name);
/*
 * "NAME EXPECTED [ONLY] --OPTION…" in WORD[]; EXPECTED is all, L1 or L1:no-virt.  -1: it is none of these; the
 * error is printed, with WHERE in front.
 */
int case_read(struct matrix_case *c, char *const word[], int count, const char *where);
/* "L1:no-virt" */
void case_expected(const struct matrix_case *c, int requested, char *buf, size_t size);
enum judgement case_judge(const struct matrix_case *c, const struct outcome *o);

#endif
