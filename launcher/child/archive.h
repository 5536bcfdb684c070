/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical archive: written anew from the files that this level was unpacked from.  It has the same
 * bytes at every level and in build/; initramfs/files has the rule.
 */
#pragma once

#include "lib/base.h"

/* File names, without the first '/'. */
struct names {
	char *text;
	char **name; /* sorted */
	size_t count;
};

/*
 * The known checksums of an archive and of the first kernel in it.  An archive with the same tag has the same
 * bytes, so its checksums need not be computed again.
 */
struct archive_sums {
	char tag[33];
	char sha256[65], kernel_sha256[65];
};

struct archive {
	const struct names *without;	  /* names to leave out; NULL: none */
	const struct archive_sums *known; /* what it should be; NULL: not known */
	const char *key;		  /* of the tag, see lib/poly1305.h; NULL: no tag */
	int64_t bytes;
	char tag[33];
	char sha256[65];
	/* Two files whose checksums are wanted; "" if a file is not there */
	struct {
		char path[64]; /* without the first '/' */
		char sha256[65];
	} sum[2];
};

/* An entry to add: a file, a link (DATA is its target) or a directory. */
struct archive_entry {
	const char *name;
	mode_t mode;
	const void *data;
	size_t size;
};

/* Which files deeper levels do not need; host/pack.c writes it. */
#define UNTIL_PATH "/etc/supernest/until"
/*
 * Reads the file PATH, which lists files that only levels up to a number need: first the number, then a
 * name on each line.  N stays empty if LEVEL's child still needs these files.  -1 (printed) if PATH is
 * malformed.
 */
int names_read(struct names *n, const char *path, int level);
void names_free(struct names *n);

/* Estimates the archive's size without reading file contents; 0 on failure. */
int64_t archive_estimate_kib(const char *root, const struct names *without);
/*
 * Writes the tree below ROOT, without what is mounted on it, to FD; FD -1 only measures it.  Sets
 * everything in A but its paths, `without`, `known` and `key`.  -1 (printed) on failure.
 */
int archive_write(const char *root, int fd, struct archive *a);
/*
 * Makes a copy of an initramfs in memory, followed by an archive of these entries, in which a directory
 * must precede its contents.  PATH becomes its name, valid while this process lives.  -1 (printed) on
 * failure.
 */
int archive_extend(const char *initramfs, const struct archive_entry *entries, int count,
		   char *path, size_t size);
/* The same, followed by the archive file MORE. */
int archive_join(const char *initramfs, const char *more, char *path, size_t size);
