/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On a host: which QEMU and which accelerator run the outermost guest, and why. */
#pragma once

#include <stdio.h>

#include "lib/options.h"
#include "level/platform.h"

struct host {
	struct level self; /* the host: its CPU and its hypervisor */
	struct platform platform;
	char qemu[256];
	char qemu_why[160]; /* why this QEMU */
	int version[3];	    /* of QEMU; 0.0.0: there is none */
	bool kvm_fits, tcg_fits;
	bool recursion_fits, strict_fits; /* --nesting recursive and --strict are possible */
	bool cpu_recurses;		  /* the emulated CPU, with TCG */
	char kvm_why[360], tcg_why[240], recursion_why[160]; /* the reasons, a sentence each */
	int accel;					     /* ACCEL_KVM or ACCEL_TCG, if usable */
	bool usable;
	const char *sandbox; /* argument of -sandbox; NULL: it does not work here */
};

/*
 * Learns all that.  EMULATOR is the path of `make emulator`'s QEMU, or NULL.  -1 (printed) if there is no
 * QEMU.
 */
int host_learn(struct host *h, const struct options *o, const char *emulator);
/*
 * Runs a program and copies its output, without its errors if QUIET, as far as LINE holds it.  -1 if it
 * cannot be started or hangs.
 */
int program_says(char *const argv[], bool quiet, char *line, size_t size);
/* Whether this version's TCG runs AMD-V with nested paging under firmware in real mode. */
bool host_tcg_nests(const int version[3]);
/* Prints the decisions and their reasons, for people or as JSON. */
void host_print(const struct host *h, bool json, FILE *out);
