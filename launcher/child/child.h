/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child of a level, or of the command on a host: its machine, what it sends, and how it ends. */
#pragma once

#include "child/relay.h"
#include "child/remote.h"
#include "child/vm.h"
#include "report/run.h"

struct child {
	/* Set by the caller */
	int level;
	struct run *run;
	double pace_s;	    /* seconds that our own boot took; UNKNOWN on a host */
	double heartbeat_s; /* interval of our own heartbeats; 0: none */
	bool counts_chain;  /* we are the outermost: our KVM counts the exits of the whole chain */
	struct own_lines *own; /* output of our own programs to pass on; NULL: none */
	int64_t need_kib;      /* RAM that it needs to boot; 0: it certainly has it */
	bool has_parent; /* the user's terminal comes from the level above; otherwise it is ours */
	const char *no_save_restore; /* why its state is not saved and restored; NULL: it can be */
	const struct aside *aside;   /* what to do meanwhile, or NULL */
	int input;		     /* standard input for a program below, or -1 */
	/* Called when the child is ready, after all of its figures have arrived. */
	void (*on_ready)(void *context, const struct level *child); /* or NULL */
	void *context;
	/* Internal */
	struct vm vm;
	struct relay relay;
	struct evidence evidence;
	int clock_fd;	       /* of clock_watch(), while it runs */
	double lead_s;	       /* by which its time of day was ahead of ours when it was ready */
	int64_t program_exits; /* of its vCPUs when its program started; UNKNOWN: not counted */
	pid_t feed;	       /* the process that passes the input on; 0: none */
	struct remote remote;  /* while a level below has a shell */
};

/* What a level does with the terminal of the shell. */
enum vm_terminal child_terminal(const struct decided *d, int level);
/* Starts the child, supervises it and tells why it ended.  -1 (printed) if QEMU cannot be started. */
int child_run(struct child *c, const struct vm_config *config);
/* Catches the signals by which a user asks to stop. */
void child_catch_signals(void);
/* Whether such a signal, and not the escape of a shell, ended the run. */
bool child_was_stopped(void);
