/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bochs as the outermost machine: it emulates VT-x, which no QEMU does.  It boots a CD, from a private folder.
 */
#ifndef SUPERNEST_BOCHS_H
#define SUPERNEST_BOCHS_H

#include "child/vm.h"

#define BOCHS_CPU "tigerlake" /* of the models in every Bochs since 2.7 the one with most of VT-x */
#define BOCHS_PROGRAM "bochs"

struct bochs {
	const char *cpu;	/* the model */
	const char *bios, *vga; /* firmware; NULL: not found */
	const char *isolinux, *ldlinux;
	bool debugger;	  /* it waits for a command of its debugger first */
	char folder[200]; /* "": none */
};

/*
 * Finds it, and what it boots with.  A status: 0; STATUS_SKIPPED (printed) if something is missing here, -1
 * (printed) if it has no such CPU model.
 */
int bochs_find(struct bochs *b, const char *cpu);
/* Makes the folder: CD, configuration; the machine starts with C, which names it.  -1 (printed). */
int bochs_prepare(struct bochs *b, struct vm_config *c);
/* Removes the folder. */
void bochs_clean(struct bochs *b);

#endif
