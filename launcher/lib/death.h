/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How kernels and launchers die: recognizes what they print, and reports a fatal signal of this process. */
#pragma once

#include "lib/base.h"

/* Our own launcher prints this when a fatal signal ends it; death_in() knows it. */
#define DEATH_OF_LAUNCHER "the launcher died of signal "

enum death {
	DEATH_NONE,
	DEATH_HINT,  /* a cause that may or may not kill it */
	DEATH_FINAL, /* it is dead */
};

/*
 * Looks for a death message in a console line.  *WORDS becomes the part that matters: the message with
 * what follows, or only what follows.
 */
enum death death_in(const char *line, const char **words);

/*
 * From now on a signal that reports a fault (SIGSEGV and the like) calls SAY with its name, address and
 * instruction, and then ends the process.
 */
void death_announce(void (*say)(void *context, const char *line), void *context);
