/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seeds for random numbers, so that no level waits for entropy.  On a CPU without RDRAND a kernel gathers
 * 256 bits from its timer, one bit a tick: at 20 Hz that takes 13 s, and every getrandom() waits for it.
 * So each level hands a seed down.
 */
#pragma once

#include "lib/base.h"

#define SEED_SIZE 65 /* SHA-256 in hex, and the NUL */

/* Makes a seed from the entropy that this kernel has now, which may be little.  Never waits. */
void entropy_find(char seed[SEED_SIZE]);
/* Derives the seed of the level below: it differs from level to level, and repeats for the same seed. */
void entropy_derive(const char *seed, int level, char child[SEED_SIZE]);
/* Adds the seed to this kernel's entropy and credits 256 bits.  -1 (printed) if the kernel refuses. */
int entropy_credit(const char *seed);
