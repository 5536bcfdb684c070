/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a level proves about itself.  One table: one more check is one more line in checks.c.
 */
#ifndef SUPERNEST_CHECKS_H
#define SUPERNEST_CHECKS_H

#include "guest/machine.h"
#include "level/platform.h"

/*
 * When a check runs.  Exits are what depth costs, so before the child is started a check spends a
 * few; once the child has ended, or when there is none, those that need many are made in full.
 */
enum check_phase {
	CHECK_EARLY = 1,    /* before ready */
	CHECK_LATE = 2,	    /* after the child has ended */
	CHECK_BRIEF = 4,    /* before the child, at L0: a thorough check with few rounds */
	CHECK_THOROUGH = 8, /* after the late ones, if asked for */
};

/* A case of launcher/guest, which the level's KVM runs. */
struct guest_case {
	void (*entry)(void);
	bool svm; /* for AMD-V alone, */
	bool npt; /* with nested paging */
	bool (*on_call)(struct machine *m,
			int reason); /* machine.h; NULL: the guest calls nobody */
	bool recursion;		     /* for a CPU that has recursive SVM */
	bool exact; /* it needs breakpoints, STI; HLT and PAE as a CPU has them, not as most emulators do */
};

struct check_context {
	struct level *self;
	const struct platform *platform;
	enum check_phase phase;
	bool need_virt;	    /* a next level was asked for: without virtualization the check fails */
	bool need_nested;   /* and one below it: its guests must nest */
	int vcpus;	    /* that the level above gave it; 0: nobody says */
	double deadline_s;  /* on now_s(): late checks end by then */
	const char *wanted; /* of the thorough ones: "thorough", all, or names with commas */
	const struct guest_case *guest; /* of the check that runs */
	void (*alive)(void *context);	/* called now and then while a check takes long */
	void *alive_context;
	void *context;
	void (*done)(void *context, const struct check *k); /* called as each result is there */
};

/* Runs the checks of a phase; results go into self->checks and to done(), costs into self->*_cycles. */
void checks_run(struct check_context *c);
/* Whether LIST is quick, thorough, or names of thorough checks.  False (printed) if not. */
bool checks_are_known(const char *list);

#endif
