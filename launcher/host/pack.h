/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user's files, and the programs that levels run, as an archive to append to an initramfs. */
#pragma once

#include "lib/options.h"

/* The result */
struct pack {
	int programs, files;
	int64_t kib;	  /* size of all of them, in each level */
	const char *virt; /* of the levels' CPUs, svm or vmx; set by the caller */
	int last; /* the deepest level that needs the files, LEVEL_NONE: all do; set by the caller */
};

/* Whether the options ask for anything to pack. */
bool pack_is_asked(const struct options *o);
bool pack_has_programs(const struct options *o);
/*
 * Makes an initramfs of INITRAMFS and an archive of these files.  PATH becomes its name, valid while
 * this process lives.  -1 (printed) if a file cannot be read or a name is not allowed.
 */
int pack_make(struct pack *p, const struct options *o, const char *initramfs, char *path,
	      size_t size);
