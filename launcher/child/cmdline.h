/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel command line of a child: what its kernel needs, and what tells it its place in the
 * chain.
 */
#ifndef SUPERNEST_CMDLINE_H
#define SUPERNEST_CMDLINE_H

#include "lib/options.h"

#define CMDLINE_SIZE 2048 /* COMMAND_LINE_SIZE, arch/x86/include/asm/setup.h: with the NUL */
#define CMDLINE_OWN \
	160 /* what our kernel (CONFIG_CMDLINE in kernel-config) and vm.c add, at the most */

/*
 * Whether it is so long that a loader or the kernel may have cut it: neither says so, and a line of
 * just this length is not written on purpose. A UTF-8 character of up to 4 bytes is cut off whole
 * (drivers/firmware/efi/libstub).
 */
bool cmdline_is_full(const char *cmdline);

/*
 * Joins the lines of a file but for its comments and for those behind "svm:", "vmx:", "own:" or "any:" that
 * are for another CPU than VIRT or another kernel than KERNEL.  -1 (printed) if it cannot be read as a whole.
 */
int cmdline_read(const char *path, const char *virt, const char *kernel, char *parameters,
		 size_t size);
/* Adds to PARAMETERS that our KVM offers VIRT, svm or vmx, to its guests. */
void cmdline_offer(const char *virt, char *parameters, size_t size);
/*
 * How many jiffies there are to a tick of LEVEL's kernel, tick_jiffies= of our own: EXIT_S is what an exit of its
 * parent costs.
 */
int cmdline_tick_jiffies(double exit_s, int level, bool recursive);
/*
 * PARAMETERS, and those that tell LEVEL what it is part of.  PACE_S is how long our own boot took: of the time
 * budget so much is kept to end in order.  -1 (printed) if they are too many for its kernel.
 */
int cmdline_make(const struct decided *d, int level, double pace_s, const char *parameters,
		 char buf[CMDLINE_SIZE]);

#endif
