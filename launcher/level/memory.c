// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* fallocate */
#include "level/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define HUGE_PAGE (2 << 20)

/* Each in KiB, measured in a level with 400 MiB whose child used all of its RAM. */
#define QEMU_KIB 1280 /* QEMU's anonymous memory, stacks and page tables */
/* For each vCPU but the first: QEMU's thread and CPU object, and KVM's vCPU. */
#define VCPU_KIB 256
/* What the child's kernel has for each of them: per-CPU areas, idle and other threads. */
#define CHILD_CPU_KIB 512
/* 4 KiB of page table for 2 MiB of guest RAM: each huge page keeps one for being split. */
#define PAGE_TABLE_SHARE 512
/*
 * Of a file of huge pages: QEMU and KVM need 4 KiB of tables for each GiB, and the page cache's tree
 * 320 bytes for each 4 MiB.
 */
#define FILE_TABLE_SHARE 8192
/*
 * While writes are logged, KVM has a page table for each 2 MiB, and QEMU a fingerprint of 4 bytes and a
 * few bits for each 4 KiB.
 */
#define LOG_SHARE 320
/* 10 bytes for 4 KiB: KVM's rmaps and write tracking, once the child itself nests (mmu.c). */
#define RMAP_SHARE 409
/*
 * A KVM that provides recursion: 512 tables (REC_MAX_TABLES of recursion.c), and 8 KiB for each of 64
 * levels.
 */
#define PROVIDER_KIB 2560
/* Where a child's kernel is loaded, its data, its launcher, and a little free memory. */
#define CHILD_DATA_KIB 5616
/* A kernel larger than ours has more data too: Debian's have a third of the extra size. */
#define MORE_DATA_SHARE 3
/*
 * A kernel with more RAM touches more of it: Debian's 7.3 starts with 125 MiB, and touched 139 to 145 of
 * 158.
 */
#define SCATTER_SHARE 6

static int64_t meminfo_kib(const char *key)
{
	return number_behind("/proc/meminfo", key);
}

/*
 * Freed pages, and preallocated huge ones, wait on per-CPU lists, which MemFree and MemAvailable do not
 * count.  Our kernel takes them back before it reports that memory is exhausted
 * (scripts/patches/linux/0022).
 */
static int64_t waiting_kib(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	int64_t pages = 0;
	char line[160];
	long long n;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %lld", &n) == 1)
			pages += n;
	if (f)
		fclose(f);
	return pages * 4;
}

int64_t memory_available_kib(void)
{
	return meminfo_kib("MemAvailable:") + waiting_kib();
}

void memory_setup(const struct appliance *a)
{
	/*
	 * The kernel turns huge pages off below 512 MiB; with 4 KiB pages a boot has 30 times as many
	 * faults.
	 */
	system_write(a, "/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	system_write(a, "/sys/kernel/mm/transparent_hugepage/defrag", "always");
	/*
	 * A huge page that is read before it is written would be the zero page, and be split into small
	 * pages at the first write.  For the child's first 2 MiB, where it looks for a BIOS, that cost 530
	 * exits instead of one.
	 */
	system_write(a, "/sys/kernel/mm/transparent_hugepage/use_zero_page", "0");
	/* khugepaged would raise min_free_kbytes by tens of MiB, and wake the CPU for nothing. */
	system_write(a, "/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
		     "1000000");
	system_write(a, "/proc/sys/vm/min_free_kbytes", "128");
	/* There is no page cache to reclaim early: memory between wider watermarks would only be unused. */
	system_write(a, "/proc/sys/vm/watermark_scale_factor", "1");
	/*
	 * When page blocks change their mobility type, the kernel would raise the watermarks by 2 MiB
	 * (boost_watermark, page_alloc.c).  That is all of our margin: it would kill QEMU with that much
	 * memory free.
	 */
	system_write(a, "/proc/sys/vm/watermark_boost_factor", "0");
	/*
	 * We have no device that can only reach low memory.  For such devices the kernel would keep a
	 * 256th of all RAM above 4 GiB free below it.
	 */
	system_write(a, "/proc/sys/vm/lowmem_reserve_ratio", "0 0 0");
	/* Freed pages would wait on the CPU's own list, up to an eighth of all memory. */
	system_write(a, "/proc/sys/vm/percpu_pagelist_high_fraction", "1000000");
	system_write(a, "/proc/sys/vm/overcommit_memory", "1");
}

/*
 * A kernel that has no huge pages in files accepts huge= all the same (MAX_PAGECACHE_ORDER in
 * mm/shmem.c), so a file is tried.
 */
static bool has_huge_files(void)
{
	static const char trial[] = MEMORY_FOLDER "/trial";
	int fd = open(trial, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st = { 0 };

	if (fd < 0)
		return false;
	unlink(trial);
	if (!ftruncate(fd, HUGE_PAGE) && !fallocate(fd, 0, 0, 1))
		fstat(fd, &st);
	close(fd);
	return st.st_blocks * 512 >= HUGE_PAGE;
}

/* A tmpfs with huge=always ignores this setting, but a hook that switches huge pages off means these too. */
static bool are_huge_pages_on(void)
{
	char setting[80];

	return !read_text("/sys/kernel/mm/transparent_hugepage/enabled", setting,
			  sizeof(setting)) &&
	       !strstr(setting, "[never]");
}

bool memory_mount_huge(const struct appliance *a)
{
	mkdir(MEMORY_FOLDER, 0700);
	return are_huge_pages_on() &&
	       !system_mount(a, "ram", MEMORY_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV,
			     "huge=always,size=0,mode=0700") &&
	       has_huge_files();
}

/*
 * Each section has a struct page (64 bytes) for all of its pages, used or not
 * (arch/x86/include/asm/sparsemem.h).  Sections have 16 MiB in our kernel, by scripts/patches/linux/0018,
 * and 128 MiB in others.
 */
#define OUR_SECTION_KIB (16 * KIB_PER_MIB)
#define SECTION_KIB (128 * KIB_PER_MIB)
#define STRUCT_PAGE_SHARE 64

int64_t memory_struct_page_kib(int64_t ram_kib)
{
	return (ram_kib + OUR_SECTION_KIB - 1) / OUR_SECTION_KIB * OUR_SECTION_KIB /
	       STRUCT_PAGE_SHARE;
}

/* Our kernel has no memory hot-plug; other kernels have it, and this directory with it. */
static int64_t section_kib(void)
{
	return access("/sys/devices/system/memory", F_OK) ? OUR_SECTION_KIB : SECTION_KIB;
}

/* The kernel's image and data, and its struct pages. */
static void learn_kernel(struct level *self)
{
	unsigned long long start, end, next_section = 0, section = section_kib() * 1024;
	FILE *f = fopen("/proc/iomem", "re");
	char line[160], what[100];

	self->kernel_image_kib = self->struct_page_kib = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %llx-%llx : %99[^\n]", &start, &end, what) != 3 || end <= start)
			continue;
		if (!strncmp(what, "Kernel ", 7))
			self->kernel_image_kib += (end + 1 - start + 1023) / 1024;
		if (strcmp(what, "System RAM"))
			continue;
		start /= section;
		if (start < next_section)
			start = next_section;
		next_section = end / section + 1;
		self->struct_page_kib += (next_section - start) * section_kib() / STRUCT_PAGE_SHARE;
	}
	if (f)
		fclose(f);
}

void memory_learn(struct level *self)
{
	learn_kernel(self);
	self->total_kib = meminfo_kib("MemTotal:");
	self->available_kib = memory_available_kib();
}

int64_t memory_need_kib(int64_t kernel_kib, int64_t archive_kib, int vcpus)
{
	int64_t more_kib = kernel_kib > OUR_KERNEL_KIB ? kernel_kib - OUR_KERNEL_KIB : 0;

	/* For a moment the archive and the files unpacked from it are both in memory. */
	return CHILD_DATA_KIB + (vcpus - 1) * CHILD_CPU_KIB + kernel_kib +
	       more_kib / MORE_DATA_SHARE + 2 * archive_kib;
}

/* A KVM whose guests recurse does not shadow their nested page tables: 720 KiB were used at a depth of 70. */
int64_t memory_margin_kib(bool recurses)
{
	return recurses ? 768 : 2048;
}

void memory_divide(struct budget *b, int64_t wanted_kib)
{
	/* The files are freed when the child is ready, long before it has touched all of its RAM. */
	int64_t left = b->available_kib + b->freed_kib - b->qemu_kib - b->margin_kib;

	if (left < 0)
		left = 0;
	b->page_tables_kib = left / (b->huge_files ? FILE_TABLE_SHARE : PAGE_TABLE_SHARE);
	if (b->logged)
		b->page_tables_kib += left / LOG_SHARE;
	b->rmaps_kib = b->recurses ? 0 : left / RMAP_SHARE;
	left -= b->page_tables_kib + b->rmaps_kib;
	if (wanted_kib && wanted_kib < left)
		left = wanted_kib;
	/* Whole MiB, as for QEMU's -m; an even number, so that huge pages cover it. */
	b->child_kib = left / (2 * KIB_PER_MIB) * (2 * KIB_PER_MIB);
}

void memory_plan(struct budget *b, const struct demand *d)
{
	*b = (struct budget){
		.available_kib = memory_available_kib(),
		.qemu_kib = QEMU_KIB + (d->vcpus - 1) * VCPU_KIB,
		.margin_kib = memory_margin_kib(d->recurses) + (d->provided ? PROVIDER_KIB : 0),
		.freed_kib = d->freed_kib,
		.recurses = d->recurses && !d->provided,
		.huge_files = d->huge_files,
		.logged = d->logged,
		.need_kib = memory_need_kib(d->kernel_kib, d->archive_kib, d->vcpus),
	};
	if (d->kernel_kib > OUR_KERNEL_KIB)
		b->scatter_kib = b->need_kib / SCATTER_SHARE;
	b->need_kib += d->devices_kib;
	memory_divide(b, d->wanted_kib);
}

int64_t memory_needed_kib(const struct budget *b)
{
	int64_t touched_kib = b->need_kib + b->scatter_kib;

	if (touched_kib > b->child_kib)
		touched_kib = b->child_kib;
	/* What the child touches before it is ready must fit while our files are still there. */
	if (b->available_kib - b->qemu_kib < touched_kib)
		return b->need_kib + b->freed_kib + b->scatter_kib;
	return b->need_kib;
}

bool memory_fits(const struct budget *b)
{
	return b->child_kib >= memory_needed_kib(b);
}

void memory_terms(struct level *self, const struct budget *b)
{
	static const char *const kernel_data[] = { "Slab:",	     "KernelStack:", "PageTables:",
						   "SecPageTables:", "VmallocUsed:", "Percpu:",
						   "AnonPages:" };
	self->child_kib = b->child_kib;
	self->kernel_data_kib = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kernel_data); i++)
		self->kernel_data_kib += meminfo_kib(kernel_data[i]);
	self->reserve_kib = meminfo_kib("MemFree:") + waiting_kib() - b->available_kib;
	if (self->reserve_kib < 0) /* some reclaimable cache is there */
		self->reserve_kib = 0;
	self->rootfs_kib = meminfo_kib("Shmem:") - b->freed_kib;
	self->page_tables_kib = b->page_tables_kib;
	self->rmaps_kib = b->rmaps_kib;
	self->margin_kib = b->margin_kib + b->qemu_kib;
	self->rounding_kib = b->available_kib + b->freed_kib - self->margin_kib -
			     b->page_tables_kib - b->rmaps_kib - b->child_kib;
}

void memory_settle(struct level *self, int64_t child_total_kib, int64_t qemu_anonymous_kib)
{
	if (child_total_kib >= 0)
		self->overhead_kib = self->total_kib - child_total_kib;
	self->qemu_anonymous_kib = qemu_anonymous_kib;
	/* Until QEMU's memory was known, it was part of the margin. */
	if (qemu_anonymous_kib > 0)
		self->margin_kib -= qemu_anonymous_kib;
	if (self->margin_kib < 0) /* a QEMU larger than ours */
		self->margin_kib = 0;
}

enum stop memory_explain(const struct budget *b, struct reason *why)
{
	return reason_set(
		why, STOP_MEMORY,
		"the next level needs %lld MiB of RAM and can have %lld MiB: %lld MiB available "
		"and %lld of files to be freed, less qemu %lld, page tables %lld, rmaps %lld, "
		"margin %lld",
		(long long)memory_needed_kib(b) / KIB_PER_MIB,
		(long long)b->child_kib / KIB_PER_MIB, (long long)b->available_kib / KIB_PER_MIB,
		(long long)b->freed_kib / KIB_PER_MIB, (long long)b->qemu_kib / KIB_PER_MIB,
		(long long)b->page_tables_kib / KIB_PER_MIB, (long long)b->rmaps_kib / KIB_PER_MIB,
		(long long)b->margin_kib / KIB_PER_MIB);
}
