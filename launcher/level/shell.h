/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shell in this level, for the user at the outermost console. */
#pragma once

#include <termios.h>

#include "lib/system.h"

#define SHELL_REPORT "/run/report.json" /* the report so far, for `supernest status` */

struct shell {
	const struct appliance *appliance;
	int level;
	const char *tty;
	const char *control; /* channel of the user's terminal, remote.h; NULL: it is ours */
	double start_s;	     /* how long to wait for that, at most */
	double deadline_s;   /* when the shell is ended, on now_s(); 0: never */
	double heartbeat_s;  /* interval of on_heartbeat() while it runs */
	void (*on_heartbeat)(void *context);
	void *context;
	int tty_fd, control_fd; /* set by shell_open() */
	struct termios as_found;
};

/* Opens the shell's terminal, so that no input is echoed or lost.  -1 (printed) on failure. */
int shell_open(struct shell *s);
/*
 * Runs the shell until it ends, and closes its files.  Returns its wait status; -1 if it was ended from
 * outside.
 */
int shell_run(struct shell *s);
