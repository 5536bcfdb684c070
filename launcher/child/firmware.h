/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware for a level whose kernel is not ours: qboot with ACPI tables that tell of one CPU with its
 * APIC, and that there is no other hardware.  Distributions' kernels read no MP table, and without
 * either they would run by a PIT that costs exits at every tick.
 */
#ifndef SUPERNEST_FIRMWARE_H
#define SUPERNEST_FIRMWARE_H

/* Writes it to PATH, from the qboot at QBOOT.  -1 if it can't (printed). */
int firmware_write(const char *qboot, const char *path);

#endif
