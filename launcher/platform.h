/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where we are: level, hypervisor below us, CPU, and whether KVM can be used here, or why not.
 */
#ifndef SUPERNEST_PLATFORM_H
#define SUPERNEST_PLATFORM_H

#include "level.h"

struct platform {
	bool have_virt; /* svm or vmx in the CPU's flags */
	bool have_avx;
	bool child_xsave;	/* a guest of ours can use XSAVE */
	bool have_kvm;		/* /dev/kvm answered with the API that we know */
	int kvm_api;		/* its version, or UNKNOWN */
	int kvm_nested;		/* the module's parameter `nested`: 1, 0 or UNKNOWN */
	char virt_problem[160]; /* why not, and whose setting it is; "" if none */
	char kvm_problem[160];
};

/*
 * Fills in who and where we are.  LEVEL is what a parent said, or -1: then it is found out: no
 * hypervisor bit, or TCG's CPU: 0; any other hypervisor's guest: 1.
 */
void platform_learn(struct level *self, struct platform *p, int level);
/* Whether KVM can be used: its module, its parameters, /dev/kvm. */
void platform_learn_kvm(const struct level *self, struct platform *p);

/* Sets KVM up for a child: what its defaults get wrong here. */
void platform_prepare_kvm(void);

#endif
