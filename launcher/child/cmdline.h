/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel command line of a child: what its kernel needs, and what tells it what it is part of.
 */
#ifndef SUPERNEST_CMDLINE_H
#define SUPERNEST_CMDLINE_H

#include "lib/options.h"

/*
 * Joins the lines of a file but for its comments and for those behind "svm:", "vmx:", "own:" or "any:" that
 * are for another CPU than VIRT or another kernel than KERNEL.
 */
void cmdline_read(const char *path, const char *virt, const char *kernel, char *words, size_t size);
/*
 * WORDS, and those that tell LEVEL what it is part of.  PACE_S is how long our own boot took: of the time
 * budget so much is kept to end in order.
 */
void cmdline_make(const struct decided *d, int level, double pace_s, const char *words, char *buf,
		  size_t size);

#endif
