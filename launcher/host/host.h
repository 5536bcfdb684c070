/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On a host: which QEMU and which accelerator run the outermost guest, and why.
 */
#ifndef SUPERNEST_HOST_H
#define SUPERNEST_HOST_H

#include <stdio.h>

#include "lib/options.h"
#include "level/platform.h"

struct host {
	struct level self; /* the host itself: its CPU, its hypervisor */
	struct platform platform;
	char qemu[256];
	char qemu_why[160]; /* why this one */
	int version[3];	    /* of QEMU; 0.0.0: not found */
	bool kvm_fits, tcg_fits;
	bool recursion_fits, strict_fits; /* of what runs: --nesting recursive, --strict */
	bool cpu_recurses;		  /* the CPU that the QEMU emulates, if it runs on TCG */
	char kvm_why[360], tcg_why[240], recursion_why[160]; /* the reasoning, in a sentence each */
	int accel;					     /* ACCEL_KVM or ACCEL_TCG, if usable */
	bool usable;
	const char *sandbox; /* what to tell its -sandbox, if usable; NULL: it has none */
};

/*
 * Finds out.  EMULATOR is where the QEMU of `make emulator` would be, or NULL.  -1 (printed) if the
 * setup is broken: no QEMU.
 */
int host_learn(struct host *h, const struct options *o, const char *emulator);
/* What a program prints, not its errors if QUIET, as far as LINE holds it.  -1: it does not run or hangs. */
int program_says(char *const argv[], bool quiet, char *line, size_t size);
/* Whether this version's TCG can run AMD-V with nested paging under firmware in real mode. */
bool host_tcg_nests(const int version[3]);
/* Prints the reasoning, for people or as JSON. */
void host_print(const struct host *h, bool json, FILE *out);

#endif
