/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers without a wait.  A kernel on a CPU without RDRAND gathers 256 bits from its timer, one a
 * tick, which takes 13 s at 20 Hz, and every getrandom() waits for them; so each level hands a seed down.
 */
#ifndef SUPERNEST_ENTROPY_H
#define SUPERNEST_ENTROPY_H

#include "lib/base.h"

#define SEED_SIZE 65 /* SHA-256 in hex, and the NUL */

/* A seed of what this kernel has by now, which may be little; never waits. */
void entropy_find(char seed[SEED_SIZE]);
/* The seed of the level below: another one for each level and each run, the same for the same seed. */
void entropy_derive(const char *seed, int level, char child[SEED_SIZE]);
/* Gives the seed to this kernel and counts it as 256 bits.  -1 (printed) if it does not take it. */
int entropy_credit(const char *seed);

#endif
