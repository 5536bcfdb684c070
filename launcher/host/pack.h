/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the user's, and the programs that levels run, as an archive behind an initramfs.
 */
#ifndef SUPERNEST_PACK_H
#define SUPERNEST_PACK_H

#include "lib/options.h"

/* What was packed */
struct pack {
	int programs, files;
	int64_t kib;	  /* of all of them, in each level */
	const char *virt; /* of the levels' CPUs, svm or vmx; set by the caller */
	int last; /* the deepest level that needs the files, or LEVEL_NONE: all do; set by the caller */
};

/* Whether there is something to pack. */
bool pack_is_asked(const struct options *o);
bool pack_has_programs(const struct options *o);
/*
 * Makes an initramfs that has it: INITRAMFS, and that behind it.  PATH is where QEMU finds it as long as this process lives.
 * -1 (printed): a file cannot be read, or a name is not right.
 */
int pack_make(struct pack *p, const struct options *o, const char *initramfs, char *path,
	      size_t size);

#endif
