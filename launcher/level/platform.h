/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where we are: level, hypervisor below us, CPU, and whether KVM can be used here, or why not.
 */
#ifndef SUPERNEST_PLATFORM_H
#define SUPERNEST_PLATFORM_H

#include "report/level.h"
#include "lib/system.h"

struct platform {
	bool have_virt; /* svm or vmx in the CPU's flags */
	bool have_avx;
	bool child_xsave;    /* a guest of ours can use XSAVE */
	bool have_kvm;	     /* /dev/kvm answered with the API that we know */
	int kvm_api;	     /* its version, or UNKNOWN */
	int kvm_nested;	     /* the module's parameter `nested`: 1, 0 or UNKNOWN */
	bool kvm_recurses;   /* its guests can */
	bool kvm_enlightens; /* its guests can have an enlightened VMCS */
	bool tsc_varies;     /* /proc/cpuinfo says what the core runs at just now, not the TSC */
	double tsc_khz;	     /* by the kernel; 0: it does not know */
	uint64_t began_tsc;  /* the TSC at began_s on now_s() */
	double began_s;
	char missing[200];	/* what KVM lacks here beside svm or vmx; "" if nothing */
	char virt_problem[200]; /* why not, and whose setting it is; "" if none */
	char kvm_problem[300];
};

/* Who emulates or virtualizes the CPU that we are on. */
struct hypervisor {
	const char *signature; /* its answer to CPUID leaf 0x40000000 */
	const char *name;
	const char *advice; /* how it shows svm or vmx to its guests */
	bool is_machine;    /* it emulates a whole CPU: what runs on it is L0 */
};

/* Known by its signature, or NULL. */
const struct hypervisor *platform_hypervisor(const char *signature);

/*
 * Says that firmware turned off what the CPU has: VIRT is svm or vmx, MSR the value of VM_CR or
 * IA32_FEATURE_CONTROL, or NULL if it cannot be read.  False if firmware is not to blame.
 */
bool platform_explain_firmware(const char *virt, bool kernel_has_it, const uint64_t *msr, char *why,
			       size_t size);

/*
 * Fills in who and where we are.  LEVEL is what a parent said, or -1: then it is found out: no
 * hypervisor bit, or a CPU that TCG or Bochs emulates: 0; any other hypervisor's guest: 1.  OFFERED
 * is svm or vmx if the parent's KVM offers it, else "".
 */
void platform_learn(struct level *self, struct platform *p, int level, const char *offered);
/* Where the CPU has no recursive SVM, KVM is told to play it for its guests; of use to who owns the CPU. */
void platform_provide_recursion(const struct appliance *a);
/* Whether KVM can be used: its module, its parameters, /dev/kvm.  On a host A is NULL. */
void platform_learn_kvm(struct level *self, struct platform *p, const struct appliance *a);

/* Sets KVM up for a child: what its defaults get wrong here. */
void platform_prepare_kvm(const struct appliance *a);

#endif
