/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical archive: written afresh from the files that this level was unpacked from, the same
 * bytes at every level and in build/ (initramfs/files has the rule).
 */
#ifndef SUPERNEST_ARCHIVE_H
#define SUPERNEST_ARCHIVE_H

#include "base.h"

struct archive {
	int64_t bytes;
	char sha256[65];
	char kernel_sha256[65]; /* of boot/bzImage in it, "" if it has none */
};

/* About how large it will be, without reading a file; 0 if it can't be told. */
int64_t archive_estimate_kib(const char *root);
/*
 * Writes the tree below ROOT, without what is mounted on it, to FD, or to nowhere if FD is -1:
 * then it is only measured.  -1 if it can't (the error is printed).
 */
int archive_write(const char *root, int fd, struct archive *a);

#endif
