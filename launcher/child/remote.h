/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passes the terminal of the user at the outermost console down to the level that has a shell: in
 * every level between them, a process of its own passes the bytes on.
 *
 * Two channels lead down, one up.  What is typed and what is shown are raw bytes.  Everything else
 * that a shell must be told goes down the control channel, in lines:
 *
 *	report TEXT	a line of the report so far
 *	pipe		the input is not a terminal: no prompt, no echo
 *	size ROWS COLS	the size of the window, sent again whenever it changes
 *	start		the shell may start
 */
#pragma once

#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "lib/base.h"

/* The caller's files; they must stay open until remote_finish(). */
struct remote_ends {
	int person_in, person_out; /* towards the user */
	int control_in;		   /* from the level above; -1: the user's terminal is ours */
	int shell_in, shell_out, control_out; /* of the child's QEMU: to write, to read, to write */
};

struct remote {
	pid_t pid; /* the process that passes bytes on; 0: none */
	pid_t launcher;
	bool raw; /* the user's terminal is raw: a line has to end in "\r\n" */
	int person;
	struct termios saved;
};

/*
 * Starts to pass bytes on.  If the terminal is ours, it becomes raw, INTRODUCE (called in the other
 * process) writes the report so far, and the escape sends us SIGUSR1.  -1 (printed) on failure.
 */
int remote_start(struct remote *t, const struct remote_ends *ends,
		 void (*introduce)(void *context, FILE *report), void *context);
/* Passes on what is on its way up, ends the process, and restores the user's terminal.  Bounded in time. */
void remote_finish(struct remote *t);

/*
 * The size of a terminal's window: as the kernel knows it; on a serial line, as the terminal itself
 * answers; otherwise 24 by 80.  TYPED gets what the user typed meanwhile (*LEN bytes, less than SIZE).
 */
void remote_size(int in, int out, struct winsize *window, char *typed, size_t size, size_t *len);

/* Filters the user's input on its way to the shell: "~." at the start of a line leaves the shell. */
struct escape {
	bool mid_line, tilde; /* both false: at the start of a line */
	bool found;
};
/* Copies LEN bytes to OUT, which must hold LEN + 1, with "~~" as one '~'.  Returns the number of bytes. */
size_t escape_filter(struct escape *e, const char *in, size_t len, char *out);
