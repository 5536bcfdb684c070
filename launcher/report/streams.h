/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output of programs in levels, as the outermost level or the host gets it: shown line by line or
 * copied as it is, and kept in files.
 */
#pragma once

#include "report/lines.h"
#include "report/report.h"

struct stream;

struct streams {
	/* Set by the caller */
	const struct lines *lines; /* where each line is shown, with its level in front */
	struct report *report;	   /* gets the tests that programs print as TAP */
	const char *dir;	   /* --artifacts, or NULL */
	bool raw; /* instead, output is copied to our own standard output and error */
	void (*on_closed)(void); /* called when our output has no reader any more */
	/* Internal */
	struct stream *stream;
	int count;
	bool started, ended; /* any program has */
	bool closed;
	int status; /* of the last program that failed, as in a shell */
	int err;    /* -1: a write failed (printed) */
};

/* Removes what an earlier run left in DIR. */
void streams_clear(const char *dir);
/* A teller's listener; CONTEXT is a struct streams. */
void streams_hear(void *context, const struct record *rec);
/* Shows an unfinished last line, and frees everything. */
void streams_close(struct streams *o);
