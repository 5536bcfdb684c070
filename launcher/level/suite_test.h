/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands with which a level runs one test of a suite, or a guest of the user's.  The host makes the
 * scripts that call them (host/suite.h, host/pack.c).  The scripts are payloads (level/payload.h), with a
 * time limit of their own.
 */
#pragma once

/*
 *	test NUMBER NAME LIMIT_S [/PATH=VALUE...] guest FILE [QEMU OPTION...]
 *	test NUMBER NAME LIMIT_S program FILE
 *	test NUMBER NAME skip WHY
 *
 * Runs a test and prints its output as comments and its result as a line of TAP.  LIMIT_S is in seconds, 0
 * for none, and grows by a factor of four with each level.  The test is skipped if a file PATH does not
 * hold VALUE.  Returns 0, whatever the result is.
 */
int command_test(int argc, char **argv);

/*
 *	guest FILE [QEMU OPTION...]
 *
 * Runs a guest and prints what it writes to its serial port.  Returns 0 if the guest wrote 0 to port 0xf4
 * (isa-debug-exit), 77 if it wrote that, otherwise what it wrote, or 1 (printed).
 */
int command_guest(int argc, char **argv);
