/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathers evidence while a child runs; it is told only if the child fails.
 */
#ifndef SUPERNEST_GATHER_H
#define SUPERNEST_GATHER_H

#include "report/evidence.h"

/* A line of QEMU's own: kept if it is one of its dump of registers. */
void gather_registers(struct evidence *e, const char *line);
/* What our own kernel has said of KVM, and its warnings, since SINCE_S on now_s(). */
void gather_kvm(struct evidence *e, double since_s);
/*
 * Instead of what its console said, the whole log of the child's kernel, out of the RAM of a QEMU that
 * still lives.  Nothing changes if it is not found there.
 */
void gather_guest(struct evidence *e, int qemu_pid);

#endif
