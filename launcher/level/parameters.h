/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of KVM's modules: those that are not what they are by default, and whether the kernel took those that
 * were asked for.
 */
#ifndef SUPERNEST_PARAMETERS_H
#define SUPERNEST_PARAMETERS_H

#include "lib/options.h"
#include "report/level.h"

#define MODULES_ROOT "/sys/module"

/*
 * "kvm_amd.npt=N kvm.tdp_mmu=N": of kvm and of the module for VIRT, svm or vmx.  What a CPU lacks is off, and so
 * differs too.  ROOT is MODULES_ROOT but in a test.
 */
void parameters_list(const char *root, const char *virt, char *list, size_t size);

/*
 * The check `set`: the kernel holds the values of S for LEVEL, and refused none that anybody gave it, by its LOG.  Each that
 * it did not take is printed.  False: nothing was asked of this level, and nothing was refused.
 */
bool parameters_check(const char *root, const char *log, const struct settings *s, int level,
		      struct check *k);

#endif
