/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's .config: what of it a level needs.  One table in kconfig.c.
 */
#ifndef SUPERNEST_KCONFIG_H
#define SUPERNEST_KCONFIG_H

#include "lib/base.h"

/*
 * The configuration of the kernel KERNEL of this RELEASE, where builds and distributions leave it:
 * beside it, in its tree, or in MODULES (or NULL).  A path to free, or NULL.
 */
char *kconfig_find(const char *kernel, const char *release, const char *modules);
/* 'y', 'm', or 'n' for an OPTION (without CONFIG_); -1 if PATH cannot be read (errno). */
int kconfig_value(const char *path, const char *option);
/*
 * Calls MISSING for each option that a level on a CPU with VIRT (svm, vmx) needs and the kernel has
 * not.  -1 if PATH is no configuration (printed).
 */
int kconfig_check(const char *path, const char *virt, bool enlightened,
		  void (*missing)(void *context, const char *option, const char *why),
		  void *context);

#endif
