/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs in levels print, as the outermost one hears of it: shown line by line, or as it is; and kept in files.
 */
#ifndef SUPERNEST_STREAMS_H
#define SUPERNEST_STREAMS_H

#include "report/lines.h"
#include "report/report.h"

struct stream;

struct streams {
	/* Set by the caller */
	const struct lines *lines; /* each line is shown there, with its level in front */
	struct report *report;	   /* has the tests that programs print as TAP */
	const char *dir;	   /* --artifacts, or NULL */
	bool raw; /* not shown so, but written to our own standard output and error */
	void (*on_closed)(void); /* nobody reads that any more */
	/* Its own */
	struct stream *stream;
	int count;
	bool started, ended; /* some program */
	bool closed;
	int status; /* of the last that ended with another one than 0, as a shell has it */
	int err;    /* -1: something could not be written (printed) */
};

/* Removes what an earlier run has left in DIR. */
void streams_clear(const char *dir);
/* CONTEXT is a struct streams. */
void streams_hear(void *context, const struct record *rec);
/* Shows what was not ended as a line, and frees all. */
void streams_close(struct streams *o);

#endif
