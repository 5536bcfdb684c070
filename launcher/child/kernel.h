/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel files: which one a level boots, and the header of a bzImage (Documentation/arch/x86/boot.rst). */
#pragma once

#include "lib/system.h"

#define KERNEL_DIR "/boot"
#define KERNEL_PATH KERNEL_DIR "/bzImage"

struct kernel {
	char release[72];   /* as `uname -r` prints it, "" if the header does not have it */
	bool smp;	    /* built with CONFIG_SMP, as `uname -v` says */
	int64_t init_kib;   /* RAM that it needs from its load address up until it runs */
	int64_t file_bytes; /* of the whole file, without what a signature appends */
};

/* Reads the header.  -1 with errno set, 0 if it is not a bzImage; nothing is printed. */
int kernel_read(const char *path, struct kernel *k);

/* In the appliance: the kernel that LEVEL boots, /boot/bzImage-LEVEL if it exists, otherwise /boot/bzImage. */
void kernel_of_level(int level, char *path, size_t size);

/* The size of all kernels in KERNEL_DIR; and frees them.  A process that has one mapped keeps a hole. */
int64_t kernel_all_kib(void);
void kernel_free_all(const struct appliance *a);

/*
 * Frees a file's memory in tmpfs and removes its name.  A process that has it mapped keeps a hole.  A
 * file that is being executed stays.
 */
void free_file(const struct appliance *a, const char *path);
/* How much memory that gives back: none if the file is not in memory. */
int64_t file_freed_kib(const char *path);
