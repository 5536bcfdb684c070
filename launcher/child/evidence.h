/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a failure leaves behind: the failing level's kernel log, QEMU's dump of the registers, and what
 * the KVM above it said.  Gathered while a child runs, told only if it fails.
 */
#ifndef SUPERNEST_EVIDENCE_H
#define SUPERNEST_EVIDENCE_H

#include "lib/base.h"

#define EVIDENCE_LINE 160
#define EVIDENCE_LINES 128 /* of each part; the last ones are kept */

enum evidence_part { EVIDENCE_LOG, EVIDENCE_REGISTERS, EVIDENCE_KVM, EVIDENCE_PARTS };
extern const char *const evidence_names[]; /* "kernel_log", "registers", "kvm" */

struct evidence {
	int count[EVIDENCE_PARTS];
	char line[EVIDENCE_PARTS][EVIDENCE_LINES][EVIDENCE_LINE];
};

void evidence_clear(struct evidence *e);
/* Adds a line, made harmless. */
void evidence_add(struct evidence *e, int part, const char *line);
/* A line of QEMU's own: kept if it is one of its dump of registers. */
void evidence_add_words(struct evidence *e, const char *line);
/* What our own kernel has said of KVM, and its warnings, since SINCE_S on now_s(). */
void evidence_add_kvm(struct evidence *e, double since_s);
/*
 * Instead of what its console said, the whole log of the child's kernel, out of the RAM of a QEMU that
 * still lives.  Nothing changes if it is not found there.
 */
void evidence_read_guest(struct evidence *e, int qemu_pid);

#endif
