/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On a host: appends a kernel under test and its modules to an initramfs, under the names that they
 * have when a user appends them by hand (docs/own-kernel.md).
 */
#pragma once

#include "lib/options.h"
#include "report/lines.h"

struct overlay {
	const char *kernel;	   /* the kernel under test */
	const char *modules;	   /* folder of its modules; NULL: this machine's own for it */
	const char *config;	   /* its .config; NULL: it is searched for */
	const char *initramfs;	   /* to which it is appended */
	const char *virt;	   /* the CPU's, svm or vmx */
	bool enlightened;	   /* --enlightened */
	struct levels levels;	   /* levels that run it; none: all */
	const struct lines *lines; /* where missing options are reported */
};

/* Whether a level runs the kernel under test. */
bool overlay_has_level(const struct overlay *o, int level);
/*
 * Checks the kernel and its configuration, reports missing options by name, and makes the initramfs with
 * the modules, and with the kernel for the levels below OUTERMOST.  PATH becomes its name, valid while
 * this process lives.  -1 (printed) if a file is wrong or KVM's modules are missing.
 */
int overlay_make(const struct overlay *o, int outermost, char *path, size_t size);
