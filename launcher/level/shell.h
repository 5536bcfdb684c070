/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shell in this level, for the user of the outermost console. */
#ifndef SUPERNEST_SHELL_H
#define SUPERNEST_SHELL_H

#include <termios.h>

#include "lib/system.h"

#define SHELL_REPORT "/run/report.json" /* the report so far, for `supernest status` */

struct shell {
	const struct appliance *appliance;
	int level;
	const char *tty;
	const char *control; /* what is told of the person's terminal, remote.h; NULL: it is ours */
	double start_s;	     /* how long to wait for that, at the most */
	double deadline_s;   /* on now_s(): the shell is ended then; 0: never */
	double heartbeat_s;  /* call on_heartbeat as often while it runs */
	void (*on_heartbeat)(void *context);
	void *context;
	int tty_fd, control_fd; /* set by shell_open() */
	struct termios as_found;
};

/* Opens what the shell runs on, so that nothing of what is typed is echoed or lost.  -1: printed. */
int shell_open(struct shell *s);
/* Runs the shell until it ends, and closes it.  Returns its wait status; -1: it was ended from outside. */
int shell_run(struct shell *s);

#endif
