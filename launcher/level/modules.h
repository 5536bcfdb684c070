/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM as modules, as in distributions: /lib/modules/RELEASE with a modules.dep, as `make modules_install`
 * and depmod, or our own command, write it.
 */
#pragma once

#include "lib/system.h"

#define MODULES_DIR "/lib/modules"

/* The name of KVM's module for VIRT, svm or vmx; NULL for anything else. */
const char *modules_kvm_name(const char *virt);
/* Whether the file PATH is the module NAME, with '-' or '_' in its name, compressed or not. */
bool modules_is_file_of(const char *path, const char *name);
/*
 * Collects the parameters for the module FILE from a kernel command line: of "kvm_amd.npt=0" it takes
 * "npt=0" for kvm-amd.ko, as finit_module() expects it.  The kernel applies only parameters of built-in
 * modules; modprobe does the rest.
 */
void modules_parameters(const char *cmdline, const char *file, char *parameters, size_t size);
/* In a level without /dev/kvm: loads KVM's modules for VIRT, if there are any.  Errors are printed. */
void modules_load_kvm(const struct appliance *a, const char *virt);
