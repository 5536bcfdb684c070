/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands by which a level runs one test of a suite, or a guest of the user's.  The scripts that call them are made on the
 * host (host/suite.h, host/pack.c); they are payloads (level/payload.h), which have a time limit of their own.
 */
#ifndef SUPERNEST_SUITE_TEST_H
#define SUPERNEST_SUITE_TEST_H

/*
 * test NUMBER NAME LIMIT_S [/PATH=VALUE...] guest FILE [QEMU OPTION...]
 * test NUMBER NAME LIMIT_S program FILE
 * test NUMBER NAME skip WHY
 *
 * Runs it, and prints what it has printed as comments, and its result as a line of TAP.  LIMIT_S is in seconds, 0 for none, and is
 * four times as much with each level.  It is skipped if a file PATH does not hold VALUE.  Status 0, whatever the result is.
 */
int command_test(int argc, char **argv);

/*
 * guest FILE [QEMU OPTION...]: what it prints on its serial port is printed.  Status 0 if it wrote 0 to isa-debug-exit's port 0xf4, 77
 * if it wrote that, else what it wrote, or 1 (printed).
 */
int command_guest(int argc, char **argv);

#endif
