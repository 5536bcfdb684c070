/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical archive: written afresh from the files that this level was unpacked from, the same
 * bytes at every level and in build/ (initramfs/files has the rule).
 */
#ifndef SUPERNEST_ARCHIVE_H
#define SUPERNEST_ARCHIVE_H

#include "lib/base.h"

/* Names of files, without the first '/'. */
struct names {
	char *text;
	char **name; /* sorted */
	size_t count;
};

/*
 * An archive that somebody has summed up already, and its first kernel.  One with the same tag has the same bytes, and so
 * the same checksums, which need not be computed again.
 */
struct archive_sums {
	char tag[33];
	char sha256[65], kernel_sha256[65];
};

struct archive {
	const struct names *without;	  /* these are left out; NULL: none */
	const struct archive_sums *known; /* what it should be; NULL: not known */
	const char *key; /* of its tag, see lib/poly1305.h; NULL: no tag is wanted */
	int64_t bytes;
	char tag[33];
	char sha256[65];
	/* Two files of it whose checksums are wanted; "" if one is not there */
	struct {
		char path[64]; /* without the first '/' */
		char sha256[65];
	} sum[2];
};

/* A made-up file, link (DATA is its target) or directory. */
struct archive_entry {
	const char *name;
	mode_t mode;
	const void *data;
	size_t size;
};

/*
 * Reads the file that says which files only levels down to some number have: that on its first line, then a name on each.
 * Nothing if LEVEL's child is still to have them.  -1 (printed): it is not as it should be.
 */
int names_read(struct names *n, const char *path, int level);
void names_free(struct names *n);

/* About how large it will be, without reading a file; 0 if it can't be told. */
int64_t archive_estimate_kib(const char *root, const struct names *without);
/*
 * Sets all of A but its paths, WITHOUT, KNOWN and KEY.  Writes the tree below ROOT, without what is mounted on it, to FD, or to nowhere if FD is -1:
 * then it is only measured.  -1 if it can't (the error is printed).
 */
int archive_write(const char *root, int fd, struct archive *a);
/*
 * Makes a copy of an initramfs in memory, with an archive of these entries behind it, a directory before
 * what is in it.  PATH is where it is found as long as this process lives.  -1 if it can't (printed).
 */
int archive_extend(const char *initramfs, const struct archive_entry *entries, int count,
		   char *path, size_t size);
/* The same with another archive, a file, behind it. */
int archive_join(const char *initramfs, const char *more, char *path, size_t size);

#endif
