/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standard input of a program in a level below, handed down from level to level: in each a process copies it, and waits
 * for whoever reads it.
 */
#ifndef SUPERNEST_FEED_H
#define SUPERNEST_FEED_H

#include "lib/base.h"

/* Copies until the end of IN, then closes OUT.  Returns the process's id; -1 (printed): there is none. */
pid_t feed_start(int in, int out);
/* Ends it, if it still runs. */
void feed_stop(pid_t pid);

#endif
