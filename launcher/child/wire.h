/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a child and the QEMU that its parent started for it agree on: ports, and the devices of a
 * terminal.
 */
#ifndef SUPERNEST_WIRE_H
#define SUPERNEST_WIRE_H

/* The child writes its records to one port and its console to another; see docs/design.md. */
#define CONSOLE_PORT 0xe9
#define RECORD_PORT 0xe5
#define DEBUGCON_READS \
	0xe9 /* what a port of that kind reads (hw/char/debugcon.c; Bochs, iodev/unmapped.cc) */
/*
 * Where our QEMU has a doorbell for the records (scripts/patches/qemu/): the physical address of a
 * 32 bit length and as many bytes, written there, sends them.  Reading it gives DOORBELL_MAGIC.
 */
#define DOORBELL_PORT (RECORD_PORT + 0x400)
#define DOORBELL_MAGIC 0x6c6c6562
/* isa-debug-exit: a byte B written there ends QEMU with status B * 2 + 1. */
#define EXIT_PORT 0xf4
#define EXIT_BYTE 0x10
#define EXIT_STATUS (EXIT_BYTE * 2 + 1)

/* The console of the serial device is the shell's terminal; a port is for passing one on, another to tell of it. */
#define TERMINAL_TTY "/dev/hvc0"
#define TERMINAL_PORT "/dev/vport0p2"
#define CONTROL_PORT "/dev/vport0p1"
/* Takes records in large pieces, where the QEMU has no doorbell. */
#define RECORDS_PORT "/dev/vport0p3"

#endif
