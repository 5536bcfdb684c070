/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathers evidence while a child runs; it is told only if the child fails.
 */
#ifndef SUPERNEST_GATHER_H
#define SUPERNEST_GATHER_H

#include "report/evidence.h"

/* Keeps a line that QEMU printed if it belongs to its register dump. */
void gather_registers(struct evidence *e, const char *line);
/* What our own kernel logged about KVM, and its warnings, since SINCE_S on now_s(). */
void gather_kvm(struct evidence *e, double since_s);
/* Replaces the console's lines by the log of our own kernel, where that is to blame. */
void gather_own_log(struct evidence *e);
/*
 * Replaces the console's lines by the whole log of the child's kernel, from the RAM of a QEMU that
 * still lives. Changes nothing if it is not found there.
 */
void gather_guest(struct evidence *e, int qemu_pid);

#endif
