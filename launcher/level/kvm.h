/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why KVM cannot be used here, and what to do about it: a host's owner and a level need other advice.
 */
#ifndef SUPERNEST_KVM_H
#define SUPERNEST_KVM_H

#include "lib/system.h"

/* Recursive SVM for guests of a CPU that has none: scripts/patches/linux/provider */
#define KVM_PROVIDES_RECURSION "/sys/module/kvm_amd/parameters/provide_recursion"

/* What is known of a /dev/kvm that does not open. */
struct kvm_facts {
	int err;	   /* errno of its open() */
	bool in_appliance; /* whose kernel has KVM built in, or loaded it just now */
	bool in_container;
	bool runs;	    /* it has registered its device: /sys/class/misc/kvm */
	bool module_loaded; /* /sys/module/kvm_amd, or kvm_intel */
	const char *module; /* the name of that */
	unsigned int mode;  /* of /dev/kvm, where it is there */
	char group[32];	    /* whose it is, "" if that has no name */
	char said
		[120]; /* The last message of KVM in the kernel's log, "" if there are none to be read */
};

/* Fills in all but `err` and `in_appliance`.  VIRT: svm or vmx. */
void kvm_learn_facts(struct kvm_facts *f, const char *virt);
/* The sentence. */
void kvm_explain(const struct kvm_facts *f, char *why, size_t size);
/* The last message of KVM in LOG, a kernel's log as klogctl() gives it. */
void kvm_find_message(const char *log, char *message, size_t size);
/*
 * Whether KVM lets its guests nest: by the module's parameter, or, where that cannot be read, by what KVM on FD
 * (-1: none) offers to a guest.  1, 0 or UNKNOWN.
 */
int kvm_nests(int fd, const char *virt);
/* Whether KVM uses nested paging on AMD-V: only then does it offer it to its guests. */
bool kvm_nests_pages(void);
/*
 * Whether it lets its guests recurse, see docs/recursion.md: it does if its own CPU offers that, or if it was told to do
 * the CPU's part itself.
 */
bool kvm_recurses(void);
bool kvm_provides_recursion(void);
/* Whether it uses VMCSs in memory, see docs/performance.md: it does if the KVM below offers that. */
bool kvm_has_vmcs_in_memory(void);
/* The same by Hyper-V's interface: whether KVM on FD offers it to its guests, and whether it uses it. */
bool kvm_offers_enlightened_vmcs(int fd);
bool kvm_has_enlightened_vmcs(void);

#endif
