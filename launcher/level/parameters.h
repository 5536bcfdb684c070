/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of KVM's modules: those that differ from their defaults, and whether the kernel accepted
 * those that were asked for.
 */
#pragma once

#include "lib/options.h"
#include "report/level.h"

#define MODULES_ROOT "/sys/module"

/*
 * Lists parameters that differ, "kvm_amd.npt=N kvm.tdp_mmu=N", of kvm and the module for VIRT (svm or
 * vmx).  What the CPU lacks is off, and so differs too.  ROOT is MODULES_ROOT, except in tests.
 */
void parameters_list(const char *root, const char *virt, char *list, size_t size);

/*
 * The check `set`: the kernel has the values that S asks for at LEVEL, and, by its LOG, refused no
 * parameter at all.  Prints each that it did not accept.  False if nothing was asked for and nothing
 * was refused.
 */
bool parameters_check(const char *root, const char *log, const struct settings *s, int level,
		      struct check *k);
