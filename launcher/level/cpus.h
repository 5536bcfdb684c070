/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs of a level, and checks that need several: interrupts between them, clocks, TLBs. */
#pragma once

#include "lib/system.h"

#define CPUS_MAX 64 /* the most CPUs that take part */

/* Sets CPU to the CPUs that we may run on, at most CPUS_MAX.  Returns their number. */
int cpus_ours(int cpu[CPUS_MAX]);
/* The number of CPUs in one of the kernel's lists; 0 if it cannot be read. */
#define CPUS_ONLINE "/sys/devices/system/cpu/online"
#define CPUS_PRESENT "/sys/devices/system/cpu/present" /* online or not */
int cpus_listed(const char *path);
/* Brings up CPUs that are offline; the check `cpus` reports failures. */
void cpus_bring_up(const struct appliance *a);
/* Moves this thread to a CPU; CPU -1 allows all of them again.  -1 on failure. */
int cpus_move(int cpu);

/*
 * What threads on all CPUs do at the same time, in a process of their own.  Whatever happens to that
 * process, the functions below return within LIMIT_S.
 */
struct together {
	int rounds;	/* number wanted */
	double until_s; /* start no round later, on now_s(); 0: no limit */
	double limit_s;
	/* results */
	int done;	/* rounds */
	char wrong[80]; /* the error; "": none */
};
/* Passes a token around: each CPU wakes the next by an interrupt. */
void cpus_pass_token(struct together *t);
/* No CPU may read a time before one that another CPU has read. */
void cpus_read_clocks(struct together *t);
/* One CPU changes the content of a page and announces it; no other may see the old content afterwards. */
void cpus_remap(struct together *t);
