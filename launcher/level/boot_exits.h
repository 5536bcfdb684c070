/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a boot of the appliance's own kernel on its own QEMU costs in exits, and a warning if one cost
 * far more.
 */
#pragma once

#include "child/vm.h"
#include "report/level.h"

/* Whether a boot that took WALL_S cost far more exits than is usual.  WORK is as of vm_exits(). */
bool boot_exits_are_many(int64_t work, double wall_s, int vcpus);
/*
 * Whether the known figure holds here: kernel, QEMU, its machine and the kernel's command line are as they
 * were built from the project's own sources, and this level's KVM maps huge pages.  KERNEL_SHA256 is of the
 * kernel that was booted.  Takes the time of three checksums.
 */
bool boot_exits_are_known(const char *kernel_sha256);
/*
 * Makes the check "exits", which passes with a warning: it names the reason of most exits.  COUNT returns one
 * of KVM's statistics, as vm_stat() does.
 */
void boot_exits_warn(struct check *k, int vcpus, int64_t exits,
		     int64_t (*count)(const struct vm *vm, const char *name), const struct vm *vm);
