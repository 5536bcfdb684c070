/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child of a level, or of the host's command: its machine, what it sends, and how it ends. */
#ifndef SUPERNEST_CHILD_H
#define SUPERNEST_CHILD_H

#include "child/relay.h"
#include "child/remote.h"
#include "child/vm.h"
#include "report/run.h"

struct child {
	/* Set by whoever has it */
	int level;
	struct run *run;
	double pace_s; /* how long our own boot took; UNKNOWN on a host, where nothing was measured */
	double heartbeat_s;    /* interval of our own heartbeats; 0: none are needed */
	bool counts_chain;     /* our KVM's count is the whole chain's: we are the outermost */
	struct own_lines *own; /* of our own programs, to be passed on meanwhile; NULL: none */
	int64_t need_kib;      /* RAM that it needs to come up; 0: it surely has that */
	bool has_parent; /* the user's terminal is handed to us by the level above; else it is ours */
	const struct aside *aside; /* what is done meanwhile, or NULL */
	int input;		   /* the standard input of a program below, where one has it */
	/* Called when the child is ready, after all that it knows of itself has arrived. */
	void (*on_ready)(void *context, const struct level *child); /* or NULL */
	void *context;
	/* Its own */
	struct vm vm;
	struct relay relay;
	struct evidence evidence;
	int64_t program_exits; /* of its vCPU when its program started; UNKNOWN: not counted */
	pid_t feed;	       /* of the process that hands the input down; 0: none */
	struct remote remote;  /* while a level below has a shell */
};

/* What a level is for the terminal of the shell. */
enum vm_terminal child_terminal(const struct decided *d, int level);
/* Starts it, supervises it and tells why it ended.  -1: there is no QEMU (printed). */
int child_run(struct child *c, const struct vm_config *config);
/* Catches a person's wish to stop. */
void child_catch_signals(void);
/* Whether that is what ended the run, and not the escape of a shell. */
bool child_was_stopped(void);

#endif
