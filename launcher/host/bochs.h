/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bochs as the outermost machine, because no QEMU emulates VT-x.  It boots a CD, from a private folder. */
#pragma once

#include "child/vm.h"

#define BOCHS_CPU "tigerlake" /* the model with most of VT-x, of those in every Bochs since 2.7 */
#define BOCHS_PROGRAM "bochs"

struct bochs {
	const char *cpu;	/* model */
	const char *bios, *vga; /* firmware; NULL: not found */
	const char *isolinux, *ldlinux;
	bool debugger;	  /* it starts with a prompt of its debugger */
	char folder[200]; /* "": none */
};

/*
 * Finds Bochs and the files that it needs.  Returns 0; STATUS_SKIPPED (printed) if something is missing on
 * this machine; -1 (printed) if Bochs has no such CPU model.
 */
int bochs_find(struct bochs *b, const char *cpu);
/*
 * Makes the folder with CD and configuration; C, with which the machine starts, then names it.  -1
 * (printed) on failure.
 */
int bochs_prepare(struct bochs *b, struct vm_config *c);
/* Removes the folder. */
void bochs_clean(struct bochs *b);
