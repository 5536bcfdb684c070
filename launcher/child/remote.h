/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal of a person in front of the outermost console, handed down to the level that has a
 * shell: every level between them passes the bytes on, in a process of its own.
 *
 * Two ways lead down, one up.  What is typed and what is shown are bytes as they are.  What a shell
 * cannot be told by them goes down the control way, in lines:
 *
 *	report TEXT	a line of the report so far
 *	pipe		what is typed comes from no terminal: no prompt, no echo
 *	size ROWS COLS	of the window, also whenever it changes
 *	start		the shell may start
 */
#ifndef SUPERNEST_REMOTE_H
#define SUPERNEST_REMOTE_H

#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "lib/base.h"

/* Files that are the caller's; they stay open until remote_finish(). */
struct remote_ends {
	int person_in, person_out; /* towards the person */
	int control_in;		   /* from the level above; -1: the person's terminal is ours */
	int shell_in, shell_out, control_out; /* the child's QEMU: to write, to read, to write */
};

struct remote {
	pid_t pid; /* of the process that passes bytes on; 0: none */
	pid_t launcher;
	bool raw; /* the person's terminal is raw: a line has to end with "\r\n" */
	int person;
	struct termios saved;
};

/*
 * Starts to pass bytes on.  Where the terminal is ours it becomes raw, INTRODUCE writes the report so
 * far (it is called in the other process), and the escape sends us SIGUSR1.  -1 (printed) if it fails.
 */
int remote_start(struct remote *t, const struct remote_ends *ends,
		 void (*introduce)(void *context, FILE *report), void *context);
/* Passes on what is on its way up, ends, and leaves the person's terminal as it was.  Bounded. */
void remote_finish(struct remote *t);

/*
 * The size of a terminal's window: the kernel's word, or, on a serial line, the terminal's own answer,
 * or 24 by 80.  TYPED gets what a person typed meanwhile (*LEN bytes, less than SIZE).
 */
void remote_size(int in, int out, struct winsize *window, char *typed, size_t size, size_t *len);

/* What a person typed, on its way to the shell: "~." at the start of a line is the way out. */
struct escape {
	bool mid_line, tilde; /* false, false: at the start */
	bool found;
};
/* Copies LEN bytes to OUT (room for LEN + 1), "~~" as one; returns how many they are now. */
size_t escape_filter(struct escape *e, const char *in, size_t len, char *out);

#endif
