/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a level needs of its kernel's .config.  One table, in kconfig.c. */
#pragma once

#include "lib/base.h"

/*
 * Finds the configuration of KERNEL, whose release is RELEASE, where builds and distributions put it:
 * beside the kernel, in its tree, or in MODULES (may be NULL).  Returns a path that the caller frees; NULL
 * if there is none.
 */
char *kconfig_find(const char *kernel, const char *release, const char *modules);
/* The value of OPTION (without CONFIG_): 'y', 'm' or 'n'.  -1 with errno set if PATH cannot be read. */
int kconfig_value(const char *path, const char *option);
/*
 * Calls MISSING for each option that the kernel lacks and that a level with VIRT (svm or vmx) needs.  -1
 * (printed) if PATH is not a configuration.
 */
int kconfig_check(const char *path, const char *virt, bool enlightened,
		  void (*missing)(void *context, const char *option, const char *why),
		  void *context);
