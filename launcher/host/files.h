/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that a host boots, where `make` or `make install` put them. */
#pragma once

#include "lib/base.h"

/*
 * Finds a file: beside this command, under the name that `make` gives it or the one that it is published
 * under, or where `make install` puts it, relative to PREFIX/bin.  Returns a path that the caller frees;
 * NULL if it is not there.
 */
char *files_kernel(int vcpus); /* for this number of vCPUs */
char *files_initramfs(void);
char *files_smp(void); /* the archive to append for more than one vCPU */
char *files_emulator(void);
char *files_selftests(void); /* the folder of kvm-selftests */

/* -1 (printed, naming the option --WHAT) if PATH cannot be read. */
int files_need(const char *path, const char *what);
/* Whether KERNEL, a path or NULL, is not the appliance's own kernel for this number of vCPUs. */
bool files_is_foreign_kernel(const char *kernel, int vcpus);
