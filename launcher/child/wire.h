/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interface between a child and the QEMU that its parent started: ports, and the devices of a terminal. */
#pragma once

/* The child writes its records to one port and its console to another: docs/design.md. */
#define CONSOLE_PORT 0xe9
#define RECORD_PORT 0xe5
#define DEBUGCON_READS \
	0xe9 /* a read of such a port (hw/char/debugcon.c; Bochs, iodev/unmapped.cc) */
/*
 * The doorbell of our QEMU, for records (scripts/patches/qemu/).  Writing the physical address of a 32 bit
 * length and as many bytes sends these.  Reading it gives DOORBELL_MAGIC.
 */
#define DOORBELL_PORT (RECORD_PORT + 0x400)
#define DOORBELL_MAGIC 0x6c6c6562
/* isa-debug-exit: writing a byte B ends QEMU with exit status B * 2 + 1. */
#define EXIT_PORT 0xf4
#define EXIT_BYTE 0x10
#define EXIT_STATUS (EXIT_BYTE * 2 + 1)

/*
 * The serial device's console is the shell's terminal; its ports pass a terminal on, and carry control
 * messages.
 */
#define TERMINAL_TTY "/dev/hvc0"
#define TERMINAL_PORT "/dev/vport0p2"
#define CONTROL_PORT "/dev/vport0p1"
/* Takes records in large pieces, if QEMU has no doorbell. */
#define RECORDS_PORT "/dev/vport0p3"
