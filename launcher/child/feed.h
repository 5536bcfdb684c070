/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passes the standard input of a program down from level to level: in each level a process copies it, and
 * waits for its reader.
 */
#pragma once

#include "lib/base.h"

/* Starts a process that copies IN to its end and closes OUT.  Returns its pid; -1 (printed) on failure. */
pid_t feed_start(int in, int out);
/* Ends the process, if it still runs. */
void feed_stop(pid_t pid);
