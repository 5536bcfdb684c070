/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPUs of a level, and what they can only get wrong together: interrupts to one another, clocks, TLBs.
 */
#ifndef SUPERNEST_CPUS_H
#define SUPERNEST_CPUS_H

#include "lib/system.h"

#define CPUS_MAX 64 /* that take part */

/* Those that we may run on, in CPU, of CPUS_MAX at the most. */
int cpus_ours(int cpu[CPUS_MAX]);
/* How many are in one of the kernel's lists; 0: it cannot be read. */
#define CPUS_ONLINE "/sys/devices/system/cpu/online"
#define CPUS_PRESENT "/sys/devices/system/cpu/present" /* they may be online or not */
int cpus_listed(const char *path);
/* Brings up those that are not online; the check cpus tells of what fails. */
void cpus_bring_up(const struct appliance *a);
/* Moves this thread to one of them; -1: back to all.  -1 if that fails. */
int cpus_move(int cpu);

/*
 * What a thread on each CPU does at the same time, in a process of its own: whatever becomes of it, the caller
 * has its answer after LIMIT_S.
 */
struct together {
	int rounds;	/* wanted */
	double until_s; /* on now_s(): no round is begun later; 0: no bound */
	double limit_s;
	/* set by them */
	int done;	/* rounds */
	char wrong[80]; /* what was wrong; "": nothing */
};
/* A token goes around: each CPU wakes the next by an interrupt. */
void cpus_pass_token(struct together *t);
/* None reads a time that is before one that another had read. */
void cpus_read_clocks(struct together *t);
/* One gives a page of memory another content, the others read it: none sees the old one once the new one is announced. */
void cpus_remap(struct together *t);

#endif
