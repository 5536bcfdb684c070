/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of recursive SVM share.  G1 owns the outer VMCB, G2's, and G2 owns the inner one, G3's.
 * The functions are those of G1, except where they belong to G2 or G3.
 */
#pragma once

#include "guest/runtime.h"

#define FLUSH_ALL 1 /* TLB_CONTROL: APM volume 2, 15.16.2 */
#define STAR 0xc0000081
#define PORT 0x80
#define MAPPED \
	(WINDOW + 5 * PAGE) /* G1's tables map it for G2; G2's tables map WINDOW to it for G3 */
#define WIDE_BASE (2ul << 30)
#define WIDE_PAGES 1024ul /* twice as many tables as L0's KVM keeps: docs/recursion.md, 12 */
#define SLICES_MAX 200	  /* how often G1 goes on with G2 */

static inline struct vmcb *outer(void)
{
	return &ARENA->vmcb[0];
}

static inline struct vmcb *inner(void)
{
	return &ARENA->vmcb[1];
}

/* Whether VMLOAD and VMSAVE of G2 and G3 can be virtualized. */
bool rec_has_virtual_vmload(void);
/* Makes V one whose guest may recurse.  ALL: it intercepts everything that KVM intercepts. */
void rec_prepare(struct vmcb *v, bool all);
/* A new G2, which runs a new G3 that begins at G3. */
void rec_arrange(bool all, void (*g3)(void));
/* Runs both until G1 gets an exit, and returns its code. */
uint64_t rec_run(void);
/* A hypervisor that lies: whatever it writes to its VMCBs and tables, KVM and the CPU survive. */
void rec_fuzz(bool all);

/* G2: runs G3; one that the launcher is called for first, before its VMRUN; one that only calls. */
void g2_main(void);
void g2_is_moved(void);
void g2_calls_and_spins(void);

/* G3: each does what it is called after, and then a VMMCALL, if it comes to that. */
void g3_exits(void);
void g3_calls(void);
void g3_reads(void);
void g3_writes(void);
void g3_reads_star(void);
void g3_writes_port(void);
void g3_reads_tsc(void);
void g3_vmsaves(void);
void g3_vmloads(void);
void g3_reads_widely(void);
void g3_spins(void);
void g3_counts(void);
/* G2 or G3 */
void rec_halts(void);
