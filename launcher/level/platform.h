/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where we are: the level, the hypervisor that it runs on, the CPU, and whether KVM can be used here,
 * or why not.
 */
#pragma once

#include "report/level.h"
#include "lib/system.h"

struct platform {
	bool have_virt; /* the CPU's flags have svm or vmx */
	bool have_avx;
	bool child_xsave;    /* our guests can use XSAVE */
	bool have_kvm;	     /* /dev/kvm opened, with the API that we know */
	int kvm_api;	     /* version of that API, or UNKNOWN */
	int kvm_nested;	     /* the module's parameter `nested`: 1, 0 or UNKNOWN */
	bool kvm_recurses;   /* KVM's guests can recurse */
	bool kvm_has_smm;    /* KVM's guests have system management mode */
	bool kvm_enlightens; /* KVM's guests can have an enlightened VMCS */
	bool tsc_varies;     /* /proc/cpuinfo has the core's present frequency, not the TSC's */
	double tsc_khz;	     /* as the kernel found; 0: unknown */
	uint64_t began_tsc;  /* the TSC when now_s() was began_s */
	double began_s;
	char missing[200];	/* features beside svm or vmx that KVM lacks here, or "" */
	char virt_problem[200]; /* why there is no svm or vmx, and whose setting that is; or "" */
	char kvm_problem[300];
};

/* A hypervisor or emulator that provides our CPU. */
struct hypervisor {
	const char *signature; /* in CPUID leaf 0x40000000 */
	const char *name;
	const char *advice; /* how to show svm or vmx to its guests */
	bool is_machine;    /* it emulates a whole CPU: what runs on it is L0 */
};

/* The one with this signature; NULL if it is unknown. */
const struct hypervisor *platform_hypervisor(const char *signature);

/*
 * Whether firmware turned off what the CPU has; WHY says so.  VIRT is svm or vmx.  MSR points to the value
 * of VM_CR or IA32_FEATURE_CONTROL; NULL if it cannot be read.
 */
bool platform_explain_firmware(const char *virt, bool kernel_has_it, const uint64_t *msr, char *why,
			       size_t size);

/*
 * Fills in who and where we are.  LEVEL is what the parent said.  -1: there is no parent, and CPUID
 * decides: 0 without a hypervisor bit or on a CPU that TCG or Bochs emulates, 1 as the guest of any other
 * hypervisor.  OFFERED is svm or vmx if the parent's KVM offers it, otherwise "".
 */
void platform_learn(struct level *self, struct platform *p, int level, const char *offered);
/* If the CPU lacks recursive SVM, tells KVM to provide it to its guests.  For the level that owns the CPU. */
void platform_provide_recursion(const struct appliance *a);
/* Finds out whether KVM can be used: its module, its parameters, /dev/kvm.  On a host A is NULL. */
void platform_learn_kvm(struct level *self, struct platform *p, const struct appliance *a);

/* Prepares KVM for a child: changes defaults that are wrong here. */
void platform_prepare_kvm(const struct appliance *a);
