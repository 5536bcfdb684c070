// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* fallocate */
#include "child/kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define PAGE 4096

/* Offsets in the file; the header is little-endian, as we are. */
#define SETUP_SECTS 0x1f1
#define SYSSIZE 0x1f4 /* of the protected-mode kernel, in units of 16 bytes */
#define MAGIC 0x202
#define KERNEL_VERSION 0x20e
#define KERNEL_VERSION_BASE 0x200
#define INIT_SIZE 0x260
#define SETUP_MAX (65 * 512) /* setup_sects is a byte, and never that large */

int kernel_read(const char *path, struct kernel *k)
{
	unsigned char setup[SETUP_MAX];
	uint16_t version;
	uint32_t init, syssize;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*k = (struct kernel){ 0 };
	if (fd < 0)
		return -1;
	errno = 0;
	n = read(fd, setup, sizeof(setup) - 1);
	close(fd);
	if (n < INIT_SIZE + 4 || memcmp(setup + MAGIC, "HdrS", 4))
		return -1;
	setup[n] = '\0';
	memcpy(&version, setup + KERNEL_VERSION, sizeof(version));
	memcpy(&init, setup + INIT_SIZE, sizeof(init));
	memcpy(&syssize, setup + SYSSIZE, sizeof(syssize));
	k->init_kib = init / 1024;
	/*
	 * Documentation/arch/x86/boot.rst: 0 stands for 4 sectors of setup, and the boot sector
	 * precedes them.
	 */
	k->file_bytes =
		((setup[SETUP_SECTS] ? setup[SETUP_SECTS] : 4) + 1) * 512 + (int64_t)syssize * 16;
	if (version && version + KERNEL_VERSION_BASE < n) {
		/* "6.12.1 (me@here) #1 SMP PREEMPT Mon Jan ...": arch/x86/boot/version.c */
		k->smp = strstr((char *)setup + version + KERNEL_VERSION_BASE, " SMP ");
		format(k->release, sizeof(k->release), "%s",
		       (char *)setup + version + KERNEL_VERSION_BASE);
		k->release[strcspn(k->release, " ")] = '\0';
		sanitize(k->release);
	}
	return 0;
}

void kernel_of_level(int level, char *path, size_t size)
{
	char name[40], real[PATH_MAX];

	format(name, sizeof(name), KERNEL_PATH "-%d", level);
	/* Follows a link, because the archive's checksums are of files. */
	format(path, size, "%s", realpath(name, real) ? real : KERNEL_PATH);
}

/* Whether the file is in memory, so that freeing it gives memory back. */
static bool is_in_memory(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

int64_t file_freed_kib(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode) && is_in_memory(path) ? st.st_size / 1024
									      : 0;
}

void free_file(const struct appliance *a, const char *path)
{
	int fd = a ? open(path, O_WRONLY | O_CLOEXEC) : -1;
	struct stat st = { 0 };
	off_t pages;

	if (fd < 0)
		return;
	fstat(fd, &st);
	pages = (st.st_size + PAGE - 1) / PAGE * PAGE; /* punching a part of a page frees nothing */
	/* With a loader's root= the kernel unpacks its initramfs into ramfs, which cannot have holes. */
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, pages) && ftruncate(fd, 0))
		fail("%s: cannot free it: %m", path);
	else if (!fstat(fd, &st) && st.st_blocks && is_in_memory(path))
		fail("%s: %lld KiB of it were not freed", path, (long long)st.st_blocks / 2);
	close(fd);
	unlink(path);
}

/* Calls EACH for every kernel file.  Skips links: their targets are among the files. */
static void each_kernel(void (*each)(const char *path, const struct stat *st, void *context),
			void *context)
{
	DIR *dir = opendir(KERNEL_DIR);
	struct dirent *entry;
	char path[300];
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		format(path, sizeof(path), KERNEL_DIR "/%s", entry->d_name);
		if (!strncmp(entry->d_name, "bzImage", 7) && !lstat(path, &st) &&
		    S_ISREG(st.st_mode))
			each(path, &st, context);
	}
	if (dir)
		closedir(dir);
}

static void add_size(const char *path, const struct stat *st, void *sum)
{
	(void)st;
	*(int64_t *)sum += file_freed_kib(path);
}

static void free_one(const char *path, const struct stat *st, void *appliance)
{
	(void)st;
	free_file(appliance, path);
}

int64_t kernel_all_kib(void)
{
	int64_t sum = 0;

	each_kernel(add_size, &sum);
	return sum;
}

void kernel_free_all(const struct appliance *a)
{
	each_kernel(free_one, (void *)a);
}
