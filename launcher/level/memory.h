/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much RAM there is, and how much of it the next level can have: the written budget.
 */
#ifndef SUPERNEST_MEMORY_H
#define SUPERNEST_MEMORY_H

#include "our_kernel.h" /* OUR_KERNEL_KIB, OUR_KERNEL_FILE_KIB, OUR_BUSYBOX_KIB: by scripts/kernel-sizes */
#include "report/level.h"
#include "lib/system.h"

/* What the next level asks for. */
struct demand {
	int64_t wanted_kib;  /* caps its RAM; 0: all that fits */
	int64_t kernel_kib;  /* what its kernel needs by its header */
	int64_t archive_kib; /* the size of what it unpacks */
	int64_t devices_kib; /* what its drivers take */
	int64_t freed_kib;   /* what we keep in files only until it is up */
	int vcpus;
	bool recurses;	 /* its guests are none of our KVM's business: docs/recursion.md */
	bool huge_files; /* its RAM is a file of huge pages */
};

/* What a level keeps for itself while its child runs.  memory.c says where each figure is from. */
struct budget {
	int64_t available_kib; /* MemAvailable, and what waits on the CPU's own list */
	int64_t freed_kib;     /* files that are freed once the child is up: archive, kernel */
	bool recurses;	 /* no shadow of the child's own nested page tables, and so no rmaps */
	bool huge_files; /* no page table in store for each huge page */
	int64_t qemu_kib, page_tables_kib, rmaps_kib, margin_kib;
	int64_t child_kib;   /* what is left for the child: its RAM */
	int64_t need_kib;    /* what the smallest child needs; more than child_kib: it won't fit */
	int64_t scatter_kib; /* what a larger child touches beyond that before it is up */
};

/*
 * Sets the kernel up: huge pages whatever the RAM's size, a small reserve, no overcommit
 * heuristics.
 */
void memory_setup(const struct appliance *a);
/*
 * Mounts a file system with huge pages for the child's RAM at MEMORY_FOLDER.  A huge page that is mapped from a file needs
 * no page table in store, as an anonymous one does in case it is split.  False: this kernel has none in files.
 */
#define MEMORY_FOLDER "/run/ram"
bool memory_mount_huge(const struct appliance *a);
/*
 * MemTotal of this level, what of it is available now, and what its kernel took before it counted
 * them: its image and one struct page for each page.
 */
void memory_learn(struct level *self);
/* The budget of the next level. */
void memory_plan(struct budget *b, const struct demand *d);
/* What of it the child gets: all but the terms that are known, and what grows with the child's RAM. */
void memory_divide(struct budget *b, int64_t wanted_kib);
/* Whether such a child comes up, and how much RAM it needs to: more if our files are in its way. */
bool memory_fits(const struct budget *b);
int64_t memory_needed_kib(const struct budget *b);
/* What is left beside: slab, per-vCPU state, nested page tables, growth of the launcher.  Measured. */
int64_t memory_margin_kib(bool recurses);
/* The smallest RAM of a child with such a kernel that unpacks so much, and has so many vCPUs. */
int64_t memory_need_kib(int64_t kernel_kib, int64_t archive_kib, int vcpus);
/* What a kernel takes of so much RAM for its array of pages. */
int64_t memory_struct_page_kib(int64_t ram_kib);
/*
 * The terms of our own overhead, as they are when the child starts: the kernel's data (slab, stacks,
 * page tables, the launcher itself), the reserve that the kernel does not hand out, the files that
 * stay, and the budget's.
 */
void memory_terms(struct level *self, const struct budget *b);
/* The same once the child has told its MemTotal: what of the margin QEMU took. */
void memory_settle(struct level *self, int64_t child_total_kib, int64_t qemu_anonymous_kib);
/* STOP_MEMORY, and the sentence for a person: what the next level needs and what there is. */
enum stop memory_explain(const struct budget *b, struct reason *why);

#endif
