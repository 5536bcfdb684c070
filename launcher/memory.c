// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each in KiB, measured in a level with 400 MiB whose child used all of its RAM. */
#define QEMU_KIB 2048 /* qemu's anonymous memory, stacks and page tables of its own */
#define MARGIN_KIB \
	4096 /* slab, per-vCPU state, what the kernel keeps free, growth of the launcher */
/* 4 KiB of page table for 2 MiB of guest RAM, twice: qemu's own and the nested (NPT, EPT). */
#define PAGE_TABLE_SHARE 256
/* 10 bytes for 4 KiB: KVM's rmap and write tracking, once the child itself nests (mmu.c). */
#define RMAP_SHARE 409
/* A child's kernel before it counts its MemTotal, its launcher, and a grain of free memory. */
#define CHILD_KERNEL_KIB 28672

static int64_t number_in(const char *path, const char *key)
{
	char text[8192];
	const char *p;

	if (read_text(path, text, sizeof(text)))
		return UNKNOWN;
	p = strstr(text, key);
	return p ? strtoll(p + strlen(key), NULL, 10) : UNKNOWN;
}

static int64_t meminfo_kib(const char *key)
{
	return number_in("/proc/meminfo", key);
}

int64_t memory_oom_kills(void)
{
	return number_in("/proc/vmstat", "oom_kill ");
}

void memory_setup(void)
{
	/* The kernel turns huge pages off below 512 MiB; with 4 KiB pages a boot has 30 x the faults. */
	write_text("/sys/kernel/mm/transparent_hugepage/enabled", "always");
	write_text("/sys/kernel/mm/transparent_hugepage/defrag", "always");
	/*
	 * A huge page that is read first would be the zero page, and split into small ones when it is
	 * written: the child's first two MiB (it looks for a BIOS there) cost 530 exits instead of one.
	 */
	write_text("/sys/kernel/mm/transparent_hugepage/use_zero_page", "0");
	/* khugepaged would raise min_free_kbytes by tens of MiB and wake the CPU for nothing. */
	write_text("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
		   "1000000");
	write_text("/proc/sys/vm/min_free_kbytes", "1024");
	/* Freed pages would wait on the CPU's own list, up to an eighth of all, uncounted as free. */
	write_text("/proc/sys/vm/percpu_pagelist_high_fraction", "1000000");
	write_text("/proc/sys/vm/overcommit_memory", "1");
}

void memory_learn(struct level *self)
{
	self->total_kib = meminfo_kib("MemTotal:");
	self->available_kib = meminfo_kib("MemAvailable:");
}

void memory_plan(struct budget *b, int64_t wanted_kib, int64_t archive_kib, int64_t stored_kib)
{
	int64_t left;

	*b = (struct budget){
		.available_kib = meminfo_kib("MemAvailable:"),
		.qemu_kib = QEMU_KIB,
		.margin_kib = MARGIN_KIB,
		.archive_kib = stored_kib,
		/* The archive and what is unpacked from it are there together for a moment. */
		.need_kib = CHILD_KERNEL_KIB + 2 * archive_kib,
	};
	/* The archive is freed when the child is up, long before it has touched all of its RAM. */
	left = b->available_kib + b->archive_kib - b->qemu_kib - b->margin_kib;
	if (left < 0)
		left = 0;
	b->page_tables_kib = left / PAGE_TABLE_SHARE;
	b->rmaps_kib = left / RMAP_SHARE;
	left -= b->page_tables_kib + b->rmaps_kib;
	if (wanted_kib && wanted_kib < left)
		left = wanted_kib;
	/* Whole MiB, as QEMU's -m counts; an even number, so that huge pages cover it. */
	b->child_kib = left / (2 * KIB_PER_MIB) * (2 * KIB_PER_MIB);
}

void memory_explain(const struct budget *b, char *buf, size_t size)
{
	format(buf, size,
	       "the next level needs %lld MiB of RAM and can have %lld MiB: %lld MiB available "
	       "and %lld of the archive, less qemu %lld, page tables %lld, rmaps %lld, margin %lld",
	       (long long)b->need_kib / KIB_PER_MIB, (long long)b->child_kib / KIB_PER_MIB,
	       (long long)b->available_kib / KIB_PER_MIB, (long long)b->archive_kib / KIB_PER_MIB,
	       (long long)b->qemu_kib / KIB_PER_MIB, (long long)b->page_tables_kib / KIB_PER_MIB,
	       (long long)b->rmaps_kib / KIB_PER_MIB, (long long)b->margin_kib / KIB_PER_MIB);
}
