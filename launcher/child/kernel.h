/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels as files: which one a level boots, and what the header of a bzImage says
 * (Documentation/arch/x86/boot.rst).
 */
#ifndef SUPERNEST_KERNEL_H
#define SUPERNEST_KERNEL_H

#include "lib/system.h"

#define KERNEL_DIR "/boot"
#define KERNEL_PATH KERNEL_DIR "/bzImage"

struct kernel {
	char release[72]; /* as uname -r gives it, "" if the header does not say */
	bool smp;	  /* built with CONFIG_SMP, as uname -v says it */
	int64_t init_kib; /* RAM that it needs from where it is loaded until it runs */
};

/* -1, with errno 0 if it is no bzImage; nothing is printed. */
int kernel_read(const char *path, struct kernel *k);

/* In the appliance: what LEVEL boots, /boot/bzImage-LEVEL if there is one, or else /boot/bzImage. */
void kernel_of_level(int level, char *path, size_t size);

/* The size of all that are in KERNEL_DIR, and its end: what a hole frees stays mapped where it was. */
int64_t kernel_all_kib(void);
void kernel_free_all(const struct appliance *a);

/*
 * Frees a file's memory in tmpfs, and its name; a process that has it mapped keeps a hole.  What is being executed
 * stays.
 */
void free_file(const struct appliance *a, const char *path);
/* How much that gives back: nothing unless the file is in memory. */
int64_t file_freed_kib(const char *path);

#endif
