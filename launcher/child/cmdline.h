/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line of a child: what its kernel needs, and the child's place in the chain. */
#pragma once

#include "lib/decided.h"

#define CMDLINE_SIZE 2048 /* COMMAND_LINE_SIZE, arch/x86/include/asm/setup.h, with the NUL */
#define CMDLINE_OWN \
	160 /* what our kernel (CONFIG_CMDLINE in kernel-config) and vm.c add, at the most */

/*
 * Whether a command line is so long that a loader or the kernel may have cut it.  Neither reports that,
 * and nobody writes a line of exactly this length on purpose.  A UTF-8 character of up to 4 bytes is cut
 * off whole (drivers/firmware/efi/libstub).
 */
bool cmdline_is_full(const char *cmdline);

/*
 * Joins the lines of a file, without its comments.  Lines that begin with "svm:", "vmx:", "own:" or "any:"
 * count only if they fit the CPU, VIRT, and the kernel, KERNEL.  -1 (printed) if it cannot be read
 * completely.
 */
int cmdline_read(const char *path, const char *virt, const char *kernel, char *parameters,
		 size_t size);
/* Adds to PARAMETERS that our KVM offers VIRT (svm or vmx) to its guests. */
void cmdline_offer(const char *virt, char *parameters, size_t size);
/*
 * The value of our kernel's tick_jiffies=, the number of jiffies per tick, for LEVEL.  EXIT_S is the cost
 * of an exit of its parent.
 */
int cmdline_tick_jiffies(double exit_s, int level, bool recursive);
/*
 * Writes PARAMETERS and those that tell LEVEL its place in the chain.  PACE_S is how long our own boot
 * took; the time kept for an orderly end depends on it.  -1 (printed) if they are too long for its kernel.
 */
int cmdline_make(const struct decided *d, int level, double pace_s, const char *parameters,
		 char buf[CMDLINE_SIZE]);
