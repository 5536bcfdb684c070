/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware for a level whose kernel is not ours: qboot, with ACPI tables that describe the CPUs with their
 * APICs and nothing else.  Distributions' kernels do not read MP tables, and without either they would
 * fall back to the PIT, which costs exits at every tick.
 */
#pragma once

/* Writes it to PATH, from qboot's image QBOOT, for up to SMP_MAX vCPUs.  -1 (printed) on failure. */
int firmware_write(const char *qboot, const char *path, int vcpus);
