/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thorough checks: what a level's KVM does for a small guest of the launcher's own, and for that guest's
 * guest.
 */
#ifndef SUPERNEST_THOROUGH_H
#define SUPERNEST_THOROUGH_H

#include "level/checks.h"

/* Runs a case of launcher/guest in a guest of the level's KVM. */
void check_guest(struct check_context *c, struct check *k);
/*
 * Whether a quick run makes them here too, with few rounds: at an emulated L0 alone. There they take less than a
 * second and cost no exits of the chain, and QEMU's AMD-V is what they were tried on.
 */
bool guests_are_brief(const struct check_context *c);

#endif
