/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thorough checks: what a level's KVM does for a small guest of the launcher's own, and for that guest's
 * guest.
 */
#pragma once

#include "level/checks.h"

/* Runs a case of launcher/guest in a guest of the level's KVM. */
void check_guest(struct check_context *c, struct check *k);
/*
 * Whether a quick run includes these checks with few rounds, which it does only at an emulated L0.  There
 * they take less than a second and cost the chain no exits, and they were tested on QEMU's AMD-V.
 */
bool guests_are_brief(const struct check_context *c);
/*
 * Whether this CPU is QEMU's own emulation of AMD-V, which is inexact, whatever CPU model it shows.
 * The emulation of our emulator, which has NextRIP, is corrected.
 */
bool guests_are_inexact(const struct level *self);
