/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a level checks about itself.  Add a check by adding a line to the table in checks.c. */
#pragma once

#include "guest/machine.h"
#include "level/platform.h"

/*
 * When a check runs.  Depth costs exits, so before the child is started a check uses only a few.  Checks
 * that need many run in full after the child has ended, or at once if there will be no child.
 */
enum check_phase {
	CHECK_EARLY = 1,    /* before the level is ready */
	CHECK_LATE = 2,	    /* after the child has ended */
	CHECK_BRIEF = 4,    /* before the child, at L0: a thorough check with few rounds */
	CHECK_THOROUGH = 8, /* after the late ones, if asked for */
};

/* A case of launcher/guest, which runs in a guest of the level's KVM. */
struct guest_case {
	void (*entry)(void);
	bool svm; /* only on AMD-V */
	bool npt; /* and with nested paging */
	bool (*on_call)(struct machine *m,
			int reason); /* machine.h; NULL: the guest makes no calls */
	bool recursion;		     /* only on a CPU with recursive SVM */
	bool smm;		     /* only if KVM has system management mode */
	bool exact; /* needs breakpoints, STI; HLT and PAE as in a CPU, which most emulators lack */
};

struct check_context {
	struct level *self;
	const struct platform *platform;
	enum check_phase phase;
	bool need_virt;	    /* a next level was asked for: without virtualization the check fails */
	bool need_nested;   /* and one below that: guests must be able to nest */
	int vcpus;	    /* given by the level above; 0: unknown */
	double deadline_s;  /* late checks must end by then, on now_s(); 0: no limit */
	const char *wanted; /* thorough checks to run: "thorough", or names with commas */
	const struct guest_case *guest; /* of the running check */
	void (*alive)(void *context);	/* called now and then during a long check */
	void *alive_context;
	void *context;
	void (*done)(void *context, const struct check *k); /* called with each result */
};

/* Runs the checks of a phase.  Results go to self->checks and done(), costs to self->*_cycles. */
void checks_run(struct check_context *c);
/* Whether LIST is quick, thorough, or names of thorough checks.  Prints an error if not. */
bool checks_are_known(const char *list);
