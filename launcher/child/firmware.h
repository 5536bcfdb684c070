/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware for a level whose kernel is not ours: qboot with ACPI tables that describe its CPUs with
 * their APICs and no other hardware. Distributions' kernels read no MP table; without either they
 * would fall back to the PIT, which costs exits at every tick.
 */
#ifndef SUPERNEST_FIRMWARE_H
#define SUPERNEST_FIRMWARE_H

/* Writes it to PATH, from the qboot at QBOOT, for up to SMP_MAX vCPUs.  -1 if it can't (printed). */
int firmware_write(const char *qboot, const char *path, int vcpus);

#endif
