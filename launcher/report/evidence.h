/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a failure leaves behind: the failing level's kernel log, QEMU's dump of the registers, and what
 * the KVM above it said.  child/gather.h gathers it.
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
/* Adds a line, sanitized. */
void evidence_add(struct evidence *e, int part, const char *line);

#endif
