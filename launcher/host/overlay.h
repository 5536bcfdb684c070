/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On a host: a kernel of the user's own, with its modules, behind an initramfs; the names in it are
 * those that a person would give who appends them by hand (docs/own-kernel.md).
 */
#ifndef SUPERNEST_OVERLAY_H
#define SUPERNEST_OVERLAY_H

#include "lib/options.h"
#include "report/lines.h"

struct overlay {
	const char *kernel;    /* the kernel under test */
	const char *modules;   /* where its modules are; NULL: this machine's own of that release */
	const char *config;    /* its .config; NULL: it is looked for */
	const char *initramfs; /* what it goes behind */
	const char *virt;      /* svm or vmx: the CPU's */
	bool enlightened;      /* --enlightened */
	struct levels levels;  /* those that run it; none: all */
	const struct lines *lines; /* what is missing is said there */
};

/* Whether a level runs it. */
bool overlay_has_level(const struct overlay *o, int level);
/*
 * Checks kernel and configuration, says what is missing by option name, and makes the initramfs with
 * the kernel for the levels below OUTERMOST and the modules.  PATH is where QEMU finds it as long as
 * this process lives.  -1 (printed): a file is not what it should be, or KVM's modules are missing.
 */
int overlay_make(const struct overlay *o, int outermost, char *path, size_t size);

#endif
