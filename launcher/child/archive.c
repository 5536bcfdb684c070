// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* FTW_PHYS, memfd_create, strsep */
#include "child/archive.h"
#include "lib/poly1305.h"
#include "lib/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The same as usr/gen_init_cpio.c of Linux writes, so that both make the same bytes. */
#define FIRST_INODE 721
#define DEVICE_MAJOR 3
#define DEVICE_MINOR 1
#define TRAILER "TRAILER!!!"
#define TRAILER_BLOCK 512

#define MAX_FILES 65536

/* nftw() gives its callback no context, hence these variables. */
static char **paths;
static size_t path_count;
static int64_t estimated_bytes;
static const struct names *estimated_without;

struct output {
	int fd;
	unsigned int inode;
	struct archive *archive;
	struct sha256 sum; /* not computed while the archive may be the known one */
	struct poly1305 tag;
	bool failed;
};

/* ---- names ------------------------------------------------------------------------------- */

#define NAMES_MAX (4 << 20)

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool names_have(const struct names *n, const char *name)
{
	return n && n->count &&
	       bsearch(&name, n->name, n->count, sizeof(n->name[0]), compare_paths);
}

void names_free(struct names *n)
{
	free(n->name);
	free(n->text);
	*n = (struct names){ 0 };
}

int names_read(struct names *n, const char *path, int level)
{
	char *rest, *line;
	int last;

	*n = (struct names){ 0 };
	if (access(path, F_OK))
		return 0;
	n->text = malloc(NAMES_MAX);
	n->name = malloc(MAX_FILES * sizeof(n->name[0]));
	if (!n->text || !n->name || read_whole(path, n->text, NAMES_MAX)) {
		fail("%s: %m", path);
		names_free(n);
		return -1;
	}
	rest = n->text;
	line = strsep(&rest, "\n");
	if (parse_int(line, 0, MAX_LEVEL, &last)) {
		fail("%s: its first line is not the number of a level", path);
		names_free(n);
		return -1;
	}
	while (level >= last && n->count < MAX_FILES && (line = strsep(&rest, "\n")))
		if (*line)
			n->name[n->count++] = line;
	qsort(n->name, n->count, sizeof(n->name[0]), compare_paths);
	return 0;
}

/* ---- writing ----------------------------------------------------------------------------- */

/* Returns 1 on failure, which differs from nftw()'s own -1. */
static int keep_path(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	if (!at->level)
		return 0;
	if (type == FTW_NS || type == FTW_DNR)
		return -fail("initramfs: cannot read %s", path);
	if (path_count == MAX_FILES)
		return -fail("initramfs: more than %d files", MAX_FILES);
	paths[path_count] = strdup(path);
	return paths[path_count++] ? 0 : -fail("initramfs: out of memory");
}

static void put(struct output *o, const void *data, size_t len)
{
	if (!o->archive->known)
		sha256_add(&o->sum, data, len);
	if (o->archive->key)
		poly1305_add(&o->tag, data, len);
	o->archive->bytes += len;
	if (!o->failed && o->fd >= 0 && write_all(o->fd, data, len)) {
		o->failed = true;
		fail("initramfs: cannot write: %m (tmpfs full?)");
	}
}

static void pad(struct output *o, size_t block)
{
	static const char zeros[TRAILER_BLOCK];
	size_t over = o->archive->bytes % block;

	if (over)
		put(o, zeros, block - over);
}

/* Documentation/driver-api/early-userspace/buffer-format.rst: newc, mtime 0. */
static void put_header(struct output *o, const char *name, const struct stat *st, size_t size,
		       unsigned int links)
{
	bool trailer = !st;
	bool device = st && (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode));
	char header[111];

	sprintf(header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		trailer ? 0 : o->inode++, trailer ? 0 : st->st_mode, trailer ? 0 : st->st_uid,
		trailer ? 0 : st->st_gid, links, 0, (unsigned int)size, trailer ? 0 : DEVICE_MAJOR,
		trailer ? 0 : DEVICE_MINOR, device ? major(st->st_rdev) : 0,
		device ? minor(st->st_rdev) : 0, (unsigned int)strlen(name) + 1, 0);
	put(o, header, 110);
	put(o, name, strlen(name) + 1);
	pad(o, 4);
}

/* Where to put the checksum of a file; NULL if it is not wanted, or probably known already. */
static char *wanted_sum(struct archive *a, const char *name)
{
	if (a->known && !strcmp(a->sum[0].path, name))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(a->sum); i++)
		if (!strcmp(a->sum[i].path, name))
			return a->sum[i].sha256;
	return NULL;
}

static int put_file(struct output *o, const char *path, const char *name, const struct stat *st)
{
	char buf[65536];
	int64_t left = st->st_size;
	char *sum = wanted_sum(o->archive, name);
	struct sha256 file;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail("initramfs: %.300s: %m", path);
	if (left > UINT32_MAX) {
		close(fd);
		return fail("initramfs: %s: a file in a newc archive has at most 4 GiB", path);
	}
	put_header(o, name, st, left, 1);
	sha256_init(&file);
	while (left &&
	       (n = read(fd, buf, left < (int64_t)sizeof(buf) ? left : (int64_t)sizeof(buf))) > 0) {
		put(o, buf, n);
		if (sum)
			sha256_add(&file, buf, n);
		left -= n;
	}
	close(fd);
	if (left)
		return fail("initramfs: %s changed while it was read", path);
	if (sum)
		sha256_end(&file, sum);
	pad(o, 4);
	return 0;
}

static int put_link(struct output *o, const char *path, const char *name, const struct stat *st)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return fail("initramfs: %.300s: %m", path);
	target[n] = '\0';
	put_header(o, name, st, n + 1, 1);
	put(o, target, n + 1);
	pad(o, 4);
	return 0;
}

static int put_path(struct output *o, const char *path, const char *name)
{
	struct stat st;

	if (lstat(path, &st))
		return fail("initramfs: %.300s: %m", path);
	if (S_ISREG(st.st_mode))
		return put_file(o, path, name, &st);
	if (S_ISLNK(st.st_mode))
		return put_link(o, path, name, &st);
	put_header(o, name, &st, 0, S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? 1 : 2);
	return 0;
}

static int put_tree(struct output *o, const char *root)
{
	struct stat st;
	int err;

	if (lstat(root, &st))
		return fail("initramfs: %s: %m", root);
	err = nftw(root, keep_path, 16, FTW_PHYS | FTW_MOUNT);
	if (err)
		return err < 0 ? fail("initramfs: %s: %m", root) : -1;
	qsort(paths, path_count, sizeof(paths[0]), compare_paths);
	for (size_t i = 0; i < path_count && !o->failed; i++) {
		const char *name = paths[i] + strlen(root) + 1;

		if (!names_have(o->archive->without, name) && put_path(o, paths[i], name))
			return -1;
	}
	put_header(o, TRAILER, NULL, 0, 1);
	pad(o, TRAILER_BLOCK);
	return o->failed ? -1 : 0;
}

static int add_size(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type == FTW_F && !names_have(estimated_without, path + strspn(path, "/")))
		estimated_bytes += st->st_size;
	return 0;
}

int64_t archive_estimate_kib(const char *root, const struct names *without)
{
	estimated_bytes = 0;
	estimated_without = without;
	nftw(root, add_size, 16, FTW_PHYS | FTW_MOUNT);
	return estimated_bytes / 1024;
}

static int write_once(const char *root, int fd, struct archive *a)
{
	struct output o = { .fd = fd, .inode = FIRST_INODE, .archive = a };
	int err;

	a->bytes = 0;
	for (size_t i = 0; i < ARRAY_SIZE(a->sum); i++)
		a->sum[i].sha256[0] = '\0';
	paths = malloc(MAX_FILES * sizeof(paths[0]));
	path_count = 0;
	if (!paths)
		return fail("initramfs: out of memory");
	sha256_init(&o.sum);
	if (a->key)
		poly1305_init(&o.tag, a->key);
	err = put_tree(&o, root);
	if (a->key)
		poly1305_end(&o.tag, a->tag);
	if (a->known) {
		strcpy(a->sha256, a->known->sha256);
		strcpy(a->sum[0].sha256, a->known->kernel_sha256);
	} else {
		sha256_end(&o.sum, a->sha256);
	}
	while (path_count)
		free(paths[--path_count]);
	free(paths);
	/* Both sums may be wanted of one file. */
	if (!a->sum[1].sha256[0] && !strcmp(a->sum[0].path, a->sum[1].path))
		strcpy(a->sum[1].sha256, a->sum[0].sha256);
	return err;
}

int archive_write(const char *root, int fd, struct archive *a)
{
	int err = write_once(root, fd, a);

	if (err || !a->known || !strcmp(a->tag, a->known->tag))
		return err;
	/* The bytes differ: compute the checksums. */
	a->known = NULL;
	return write_once(root, -1, a);
}

/* Appends an archive of these entries. */
static int append_archive(int fd, const struct archive_entry *entries, int count)
{
	struct archive a = { 0 };
	struct output o = { .fd = fd, .inode = FIRST_INODE, .archive = &a };

	sha256_init(&o.sum);
	for (int i = 0; i < count; i++) {
		struct stat st = { .st_mode = entries[i].mode };

		put_header(&o, entries[i].name, &st, entries[i].size, S_ISDIR(st.st_mode) ? 2 : 1);
		if (entries[i].size)
			put(&o, entries[i].data, entries[i].size);
		pad(&o, 4);
	}
	put_header(&o, TRAILER, NULL, 0, 1);
	pad(&o, TRAILER_BLOCK);
	return o.failed ? -1 : 0;
}

/* The kernel unpacks one archive after the other, and looks for the next at a multiple of 4 bytes. */
static int copy_archive(const char *path, int out)
{
	int in = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	char buf[65536];
	off_t len = 0;
	ssize_t n = -1;

	while (in >= 0 && !err && (n = read(in, buf, sizeof(buf))) > 0) {
		err = write_all(out, buf, n);
		len += n;
	}
	if (in >= 0)
		close(in);
	return err || n || write_all(out, "\0\0\0", -len & 3) ? -1 : 0;
}

int archive_extend(const char *initramfs, const struct archive_entry *entries, int count,
		   char *path, size_t size)
{
	int out = memfd_create("initramfs", MFD_CLOEXEC);

	if (out < 0 || copy_archive(initramfs, out) || append_archive(out, entries, count))
		return fail("%s: cannot make a copy with more files: %m", initramfs);
	format(path, size, "/proc/%d/fd/%d", getpid(), out);
	return 0;
}

int archive_join(const char *initramfs, const char *more, char *path, size_t size)
{
	int out = memfd_create("initramfs", MFD_CLOEXEC);

	if (out < 0 || copy_archive(initramfs, out) || copy_archive(more, out))
		return fail("%s and %s: cannot make a copy of both: %m", initramfs, more);
	format(path, size, "/proc/%d/fd/%d", getpid(), out);
	return 0;
}
