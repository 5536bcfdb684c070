/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware for a level whose kernel is not ours: qboot with ACPI tables that describe one CPU with
 * its APIC and no other hardware. Distributions' kernels read no MP table; without either they
 * would fall back to the PIT, which costs exits at every tick.
 */
#ifndef SUPERNEST_FIRMWARE_H
#define SUPERNEST_FIRMWARE_H

/* Writes it to PATH, from the qboot at QBOOT.  -1 if it can't (printed). */
int firmware_write(const char *qboot, const char *path);

#endif
