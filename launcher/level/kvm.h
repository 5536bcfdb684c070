/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why KVM cannot be used here, and what to do about it.  The owner of a host needs other advice than a
 * level.
 */
#pragma once

#include "lib/system.h"

/* Recursive SVM for guests, on a CPU without it: scripts/patches/linux/provider */
#define KVM_PROVIDES_RECURSION "/sys/module/kvm_amd/parameters/provide_recursion"

/* What is known of a /dev/kvm that cannot be opened. */
struct kvm_facts {
	int err;	   /* errno of open() */
	bool in_appliance; /* where KVM is built in, or was just loaded */
	bool in_container;
	bool runs;	    /* KVM has registered its device: /sys/class/misc/kvm */
	bool module_loaded; /* /sys/module/kvm_amd, or kvm_intel */
	const char *module; /* name of that module */
	unsigned int mode;  /* of /dev/kvm, if it exists */
	char group[32];	    /* its group's name, or "" */
	char said[120];	    /* KVM's last message in the kernel's log, or "" */
};

/* Sets everything but `err` and `in_appliance`.  VIRT is svm or vmx. */
void kvm_learn_facts(struct kvm_facts *f, const char *virt);
/* Writes the explanation to WHY. */
void kvm_explain(const struct kvm_facts *f, char *why, size_t size);
/* Finds KVM's last message in LOG, a kernel's log as klogctl() returns it. */
void kvm_find_message(const char *log, char *message, size_t size);
/*
 * Whether KVM lets its guests nest: 1, 0 or UNKNOWN.  By the module's parameter, or, if that cannot be
 * read, by what KVM on FD (-1: none) offers to guests.
 */
int kvm_nests(int fd, const char *virt);
/* Whether KVM uses nested paging on AMD-V; only then does it offer that to its guests. */
bool kvm_nests_pages(void);
/*
 * Whether KVM lets its guests recurse (docs/recursion.md): if its own CPU has recursive SVM, or if KVM was
 * told to provide it.
 */
bool kvm_recurses(void);
bool kvm_provides_recursion(void);
/* Whether guests of KVM on FD have system management mode: CONFIG_KVM_SMM. */
bool kvm_has_smm(int fd);
/* Whether KVM uses VMCSs in memory (docs/performance.md): it does if the KVM above offers that. */
bool kvm_has_vmcs_in_memory(void);
/* The same with Hyper-V's interface: whether KVM on FD offers it to guests, and whether KVM uses it. */
bool kvm_offers_enlightened_vmcs(int fd);
bool kvm_has_enlightened_vmcs(void);
