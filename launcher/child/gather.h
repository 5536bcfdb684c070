/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects evidence while a child runs.  It is reported only if the child fails. */
#pragma once

#include "report/evidence.h"

/* Keeps a line of QEMU's output if it is part of its register dump. */
void gather_registers(struct evidence *e, const char *line);
/* Collects what our own kernel has logged about KVM, and its warnings, since SINCE_S on now_s(). */
void gather_kvm(struct evidence *e, double since_s);
/* Replaces the console lines with our own kernel's log, if our kernel is to blame. */
void gather_own_log(struct evidence *e);
/*
 * Replaces the console lines with the log of the child's kernel, read from the RAM of a running QEMU.
 * Changes nothing if it is not found.
 */
void gather_guest(struct evidence *e, int qemu_pid);
