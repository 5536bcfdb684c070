/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The channels from a level up to its parent: the ports of wire.h, from inside. */
#pragma once

#include "report/record.h"

/* Bytes of records that go up together: with their length, eight pages for a doorbell. */
#define UPLINK_ROOM 32764

struct uplink {
	struct doorbell *doorbell; /* NULL: there is none */
	const char *run_id;
	int port;		/* for records, if there is no doorbell */
	int serial;		/* RECORDS_PORT, or -1 */
	int input;		/* TERMINAL_PORT, which only one process can open, or -1 */
	size_t held;		/* bytes that wait for uplink_flush() */
	char data[UPLINK_ROOM]; /* if there is no doorbell */
};

/* LEVEL is our own; LEVEL_NONE if unknown.  -1 (printed) if the kernel refuses the ports. */
int uplink_open(struct uplink *u, int level);
/*
 * A teller's listener: passes the record up unchanged.  A program's output is held, and goes up with the
 * next record or by uplink_flush().  CONTEXT is an uplink.
 */
void uplink_hear(void *context, const struct record *rec);
/* Holds at most UPLINK_ROOM bytes as they are; what was held before goes up if both have no room together. */
void uplink_bytes(struct uplink *u, const char *data, size_t len);
/* Sends what is held: one exit with a doorbell, otherwise about one for each two bytes. */
void uplink_flush(void *context);
/* Prints "supernest: LINE" on the parent's console.  For fail_to(), without a context. */
void uplink_text(void *context, const char *line);
/* The orderly end: makes the parent's QEMU end. */
void uplink_end(const struct uplink *u);

/*
 * From now on sends records by the serial device, if there is one and no doorbell, because the port takes
 * them byte by byte.
 */
void uplink_use_serial(struct uplink *u);
/* What comes down the serial device: a file descriptor, which stays ours, or -1. */
int uplink_input(struct uplink *u);
