/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory budget: how much RAM there is, and how much of it the next level can have.  All sizes are in
 * KiB.
 */
#pragma once

#include "our_kernel.h" /* OUR_KERNEL_KIB, OUR_KERNEL_FILE_KIB, OUR_BUSYBOX_KIB: by scripts/kernel-sizes */
#include "report/level.h"
#include "lib/system.h"

/* What the next level needs. */
struct demand {
	int64_t wanted_kib;  /* the most that it may get; 0: all that fits */
	int64_t kernel_kib;  /* what its kernel needs, by its header */
	int64_t archive_kib; /* the size of the archive that it unpacks */
	int64_t devices_kib; /* what its device drivers allocate */
	int64_t freed_kib;   /* files that we keep only until it is ready */
	int vcpus;
	bool recurses;	 /* its guests recurse: docs/recursion.md */
	bool provided;	 /* by our KVM, which has page tables for all of them */
	bool huge_files; /* its RAM is a file of huge pages */
	bool logged;	 /* its writes are logged */
};

/* What a level keeps for itself while its child runs.  memory.c gives the source of each figure. */
struct budget {
	int64_t available_kib; /* MemAvailable, and what waits on per-CPU lists */
	int64_t freed_kib; /* files that are freed once the child is ready: archive, kernel, busybox */
	bool recurses; /* KVM does not shadow the child's nested page tables, and so needs no rmaps */
	bool huge_files; /* no page table is kept in store for each huge page */
	bool logged;	 /* KVM maps small pages */
	int64_t qemu_kib, page_tables_kib, rmaps_kib, margin_kib;
	int64_t child_kib; /* the child's RAM: what is left for it */
	int64_t need_kib; /* what the smallest child needs; if larger than child_kib, no child fits */
	int64_t scatter_kib; /* what a larger child touches beyond that before it is ready */
};

/* Configures the kernel: huge pages whatever the size of RAM, a small reserve, no overcommit heuristics. */
void memory_setup(const struct appliance *a);
/*
 * Mounts a file system of huge pages at MEMORY_FOLDER, for the child's RAM.  A huge page of a file
 * needs no page table in store; an anonymous one does, in case it is split.  False: this kernel has no
 * huge pages in files, or they are switched off.
 */
#define MEMORY_FOLDER "/run/ram"
bool memory_mount_huge(const struct appliance *a);
/*
 * Reads MemTotal, the memory available now, and what the kernel took before it counted MemTotal: its image
 * and its struct pages.
 */
void memory_learn(struct level *self);
/* MemAvailable, and what waits on per-CPU lists. */
int64_t memory_available_kib(void);
/* Plans the memory of the next level. */
void memory_plan(struct budget *b, const struct demand *d);
/* Sets what the child gets: everything but the known terms and those that grow with the child's RAM. */
void memory_divide(struct budget *b, int64_t wanted_kib);
/* Whether a child with this budget comes up.  Its RAM must be larger if our files take up memory meanwhile. */
bool memory_fits(const struct budget *b);
int64_t memory_needed_kib(const struct budget *b);
/* What everything else takes: slab, per-vCPU state, nested page tables, growth of the launcher.  Measured. */
int64_t memory_margin_kib(bool recurses);
/* The least RAM of a child with a kernel and an archive of these sizes and with this many vCPUs. */
int64_t memory_need_kib(int64_t kernel_kib, int64_t archive_kib, int vcpus);
/* What a kernel takes of this much RAM for its struct pages. */
int64_t memory_struct_page_kib(int64_t ram_kib);
/*
 * Sets the terms of this level's own overhead as the child starts: the kernel's data (slab, stacks, page
 * tables, the launcher itself), the reserve that the kernel does not hand out, the files that stay, and
 * the terms of the budget.
 */
void memory_terms(struct level *self, const struct budget *b);
/* Corrects them once the child has told its MemTotal: QEMU's part of the margin is known then. */
void memory_settle(struct level *self, int64_t child_total_kib, int64_t qemu_anonymous_kib);
/* Sets the reason: what the next level needs, and what there is.  Returns STOP_MEMORY. */
enum stop memory_explain(const struct budget *b, struct reason *why);
