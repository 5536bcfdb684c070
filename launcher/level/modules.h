/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM as modules, as distributions build it: /lib/modules/RELEASE with a modules.dep, as `make
 * modules_install`, depmod and our own command leave it.
 */
#ifndef SUPERNEST_MODULES_H
#define SUPERNEST_MODULES_H

#include "lib/system.h"

#define MODULES_DIR "/lib/modules"

/* The name of KVM's module for a CPU with VIRT, svm or vmx; NULL for any other. */
const char *modules_kvm_name(const char *virt);
/*
 * Whether the file PATH is the module NAME, whichever of '-' and '_' it is written with and however it
 * is compressed.
 */
bool modules_is_file_of(const char *path, const char *name);
/*
 * Its parameters on a kernel command line, "kvm_amd.npt=0" for the FILE kvm-amd.ko, as finit_module() takes them: "npt=0".
 * A kernel applies only those of what is built in; the rest is modprobe's work.
 */
void modules_parameters(const char *cmdline, const char *file, char *parameters, size_t size);
/* In a level without /dev/kvm: loads KVM for VIRT, if there are modules.  What goes wrong is printed. */
void modules_load_kvm(const struct appliance *a, const char *virt);

#endif
