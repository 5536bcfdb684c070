/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who tells: a level, or the command on a host, keeps the report and says what is new in records.  Each
 * record that the report takes in is passed to all listeners: the way up, a person's lines, the view.
 */
#ifndef SUPERNEST_TELLER_H
#define SUPERNEST_TELLER_H

#include "report/report.h"

#define HOST_LEVEL (-1) /* the host as a sender of records: it is no level */
#define LISTENERS_MAX 4

struct listener {
	void (*hear)(void *context, const struct record *rec);
	void *context;
};

struct teller {
	int from;	    /* our level as a sender of records, or HOST_LEVEL */
	struct level *self; /* in the report; NULL on a host */
	struct level told;  /* what has been told of us by now */
	unsigned int seq;
	struct listener listeners[LISTENERS_MAX];
	int listener_count;
	struct report report;
};

/* Starts the report of a run; REQUESTED as in report.h. */
void teller_init(struct teller *t, int from, int outermost, int requested);
void teller_listen(struct teller *t, void (*hear)(void *context, const struct record *rec),
		   void *context);
/* A record of a level below, which the report has taken in. */
void teller_pass_on(struct teller *t, const struct record *rec);

/* Tells a record of our own. */
void tell(struct teller *t, struct record *rec);
/* What is new of our own level, in as many records as it takes; the last one is of the KIND. */
void tell_level(struct teller *t, const char *kind);
/* A record of one field; of none if KEY is NULL or the value is negative. */
void tell_text(struct teller *t, int about, const char *kind, const char *key, const char *text);
void tell_number(struct teller *t, int about, const char *kind, const char *key, double value);
void tell_check(struct teller *t, int about, const struct check *k);
void tell_stop(struct teller *t, int about, const struct reason *why);
void tell_evidence(struct teller *t, int about, const struct evidence *e);

#endif
