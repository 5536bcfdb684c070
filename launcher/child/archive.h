/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical archive: written afresh from the files that this level was unpacked from, the same
 * bytes at every level and in build/ (initramfs/files has the rule).
 */
#ifndef SUPERNEST_ARCHIVE_H
#define SUPERNEST_ARCHIVE_H

#include "lib/base.h"

struct archive {
	int64_t bytes;
	char sha256[65];
	/* Two files in it that are summed up on the way: "" if not there */
	struct {
		char path[64]; /* without the first '/' */
		char sha256[65];
	} sum[2];
};

/* A file, a link (DATA is where it leads) or a directory that is made up. */
struct archive_entry {
	const char *name;
	mode_t mode;
	const void *data;
	size_t size;
};

/* About how large it will be, without reading a file; 0 if it can't be told. */
int64_t archive_estimate_kib(const char *root);
/*
 * Sets all of A but its paths.  Writes the tree below ROOT, without what is mounted on it, to FD, or to nowhere if FD is -1:
 * then it is only measured.  -1 if it can't (the error is printed).
 */
int archive_write(const char *root, int fd, struct archive *a);
/*
 * Makes a copy of an initramfs in memory, with an archive of these entries behind it, a directory before
 * what is in it.  PATH is where it is found as long as this process lives.  -1 if it can't (printed).
 */
int archive_extend(const char *initramfs, const struct archive_entry *entries, int count,
		   char *path, size_t size);

#endif
