/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The teller: a level, or the command on a host, keeps the report and sends what is new as records.  Each
 * record that the report accepts goes to all listeners: the uplink, the user's lines, the live view.
 */
#pragma once

#include "report/report.h"

#define HOST_LEVEL (-1) /* the host as a sender of records; it is not a level */
#define LISTENERS_MAX 4

struct listener {
	void (*hear)(void *context, const struct record *rec);
	void *context;
};

struct teller {
	int from;	    /* our level as a sender of records, or HOST_LEVEL */
	struct level *self; /* our level in the report; NULL on a host */
	struct level told;  /* what has been told of us so far */
	unsigned int seq;
	struct listener listeners[LISTENERS_MAX];
	int listener_count;
	void (*flush)(void *context); /* of the last listener; NULL: it holds nothing */
	struct report report;
};

/* Starts the report of a run.  REQUESTED is as in report.h. */
void teller_init(struct teller *t, int from, int outermost, int requested);
void teller_listen(struct teller *t, void (*hear)(void *context, const struct record *rec),
		   void *context);
/* The last listener holds some records, and FLUSH sends them. */
void teller_holds(struct teller *t, void (*flush)(void *context));
/* Passes on a record of a level below, which the report has accepted. */
void teller_pass_on(struct teller *t, const struct record *rec);
/* Sends what is held: when nothing more is at hand. */
void teller_flush(struct teller *t);

/* Sends a record of our own. */
void tell(struct teller *t, struct record *rec);
/* Sends what is new of our own level, in as many records as needed.  The last one has KIND. */
void tell_level(struct teller *t, const char *kind);
/* Send a record with one field; without a field if KEY is NULL or the value negative. */
void tell_text(struct teller *t, int about, const char *kind, const char *key, const char *text);
void tell_number(struct teller *t, int about, const char *kind, const char *key, double value);
void tell_check(struct teller *t, int about, const struct check *k);
void tell_stop(struct teller *t, int about, const struct reason *why);
void tell_evidence(struct teller *t, int about, const struct evidence *e);
