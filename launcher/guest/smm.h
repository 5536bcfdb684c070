/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System management mode of G1, for the cases that send SMIs. */
#pragma once

#include "guest/machine.h"

#include <stdbool.h>
#include <stdint.h>

/* In G1: puts the handler, which counts and returns, into the memory of that mode. */
void smm_prepare(void);
/* How often it has run since the last call. */
uint64_t smm_handled(void);
/* In the launcher: maps that memory.  -1 on failure. */
int smm_give(struct machine *m);
