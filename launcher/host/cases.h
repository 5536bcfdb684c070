/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of a matrix: runs with options of their own, and the expected and the actual outcome of each. */
#pragma once

#include "report/report.h"

#define CASES_MAX 96
#define CASE_ARGS 16
#define CASE_DEPTH 2 /* if no depth is asked for */

struct matrix_case {
	const char *name;
	int level;	  /* that should be reached; CASE_ALL: the depth that was asked for */
	enum stop stop;	  /* why it should end; STOP_NONE: because that depth was reached */
	const char *only; /* machines that it is for: svm, vmx, kvm, tcg or recursive; NULL: all */
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

/* The outcome of a run. */
struct outcome {
	int status; /* enum status, or 128 + the signal that ended it */
	int requested, reached;
	enum stop stop;
	bool sound; /* no check failed except those for virtualization */
};

/* The text of a matrix that is built in; NULL if there is none with this name. */
const char *cases_shipped(const char *name);
/*
 * Reads a case from WORD[]: "NAME EXPECTED [ONLY] --OPTION…", where EXPECTED is all, L1 or L1:no-virt.  -1
 * (printed, with WHERE in front) if it is malformed.
 */
int case_read(struct matrix_case *c, char *const word[], int count, const char *where);
/* Writes what is expected, "L1:no-virt". */
void case_expected(const struct matrix_case *c, int requested, char *buf, size_t size);
enum judgement case_judge(const struct matrix_case *c, const struct outcome *o);
