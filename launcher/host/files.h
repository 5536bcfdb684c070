/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host boots and starts, where `make` or `make install` left it.
 */
#ifndef SUPERNEST_FILES_H
#define SUPERNEST_FILES_H

#include "lib/base.h"

/*
 * A file beside this command, by the name that `make` gives it or by the one that it is published under, or
 * where `make install` puts it, seen from PREFIX/bin.  A path to free; NULL if it is nowhere.
 */
char *files_kernel(int vcpus); /* for so many */
char *files_initramfs(void);
char *files_smp(void); /* the archive behind it for more than one vCPU */
char *files_emulator(void);
char *files_selftests(void); /* the folder kvm-selftests */

/* -1 (printed) if it cannot be read; --WHAT names another. */
int files_need(const char *path, const char *what);
/* Whether both have the same bytes. */
bool files_same(const char *a, const char *b);
/* Whether KERNEL, a path or NULL, is another than the appliance's own for so many vCPUs. */
bool files_is_foreign_kernel(const char *kernel, int vcpus);

#endif
