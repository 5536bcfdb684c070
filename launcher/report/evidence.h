/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence of a failure: the failing level's kernel log, QEMU's register dump, and messages of the KVM
 * above it.  child/gather.h collects it.
 */
#pragma once

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
/* Adds a line to a part, sanitized. */
void evidence_add(struct evidence *e, int part, const char *line);
