/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a kernel or a launcher dies: what it prints then, and what we print if a signal ends this
 * process.
 */
#ifndef SUPERNEST_DEATH_H
#define SUPERNEST_DEATH_H

#include "lib/base.h"

/* What our own launcher says as a signal ends it; one of the sentences below. */
#define DEATH_OF_LAUNCHER "the launcher died of signal "

enum death {
	DEATH_NONE,
	DEATH_HINT,  /* a cause that it may or may not die of */
	DEATH_FINAL, /* nothing more will come of it */
};

/*
 * Looks for a death sentence in a console line.  *WORDS is what matters in it: with the sentence, or only
 * what stands behind it.
 */
enum death death_in(const char *line, const char **words);

/*
 * From now on a signal that means a fault in this process ends it with its name, address and instruction
 * told by SAY.
 */
void death_announce(void (*say)(void *context, const char *line), void *context);

#endif
