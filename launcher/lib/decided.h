/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run decides from its options, and tells its levels. */
#pragma once

#include "lib/options.h"

/* It is handed down from level to level. */
struct decided {
	int depth; /* a level, or DEPTH_MAX */
	int shell; /* a level, or SHELL_NONE */
	int nesting;
	bool enlightened;
	int smp;	   /* vCPUs of each level below */
	int save_restore;  /* round trips of the state of each level below */
	double deadline_s; /* on now_s(); 0: none */
	char run_id[17];
	char checks[CHECKS_SIZE];
	struct exec exec;
	int hook_timeout_s;
	struct settings set, cpus;
	char seed[65]; /* the levels' seeds are derived from it */
};

/*
 * Checks that nothing is asked for at a level deeper than the run goes, where it would silently not be done.
 * -1 (printed) if something is.  PARAMETERS: the message names kernel parameters instead of options.
 */
int options_check_depth(const struct options *o, bool parameters);
/*
 * Decides what the levels are told.  A shell ends a run at its level, and so does the last level with a
 * program, unless the user asked for more depth.
 */
void options_decide(const struct options *o, int shell, struct decided *d);
/* Whether no level follows LEVEL, because none was asked for. */
bool decided_is_last(const struct decided *d, int level);
