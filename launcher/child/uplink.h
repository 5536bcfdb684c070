/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channels from a level up to the level that started it: the ports of wire.h, seen from inside.
 */
#ifndef SUPERNEST_UPLINK_H
#define SUPERNEST_UPLINK_H

#include "report/record.h"

struct uplink {
	struct doorbell *doorbell; /* NULL: there is none */
	const char *run_id;
	int port;   /* of records, without a doorbell */
	int serial; /* RECORDS_PORT, or -1 */
	int input;  /* TERMINAL_PORT, which only one can have open, or -1 */
};

/* LEVEL is our own, LEVEL_NONE if unknown.  -1 if the kernel refuses the ports (printed). */
int uplink_open(struct uplink *u, int level);
/* One exit for a record where there is a doorbell; without it about one for each two bytes. */
void uplink_record(const struct uplink *u, const char *line, size_t len);
/* Of a teller: passes a record up as it is; CONTEXT is an uplink. */
void uplink_hear(void *context, const struct record *rec);
/* A line for the parent's console, "supernest: LINE"; for fail_to(), without a context. */
void uplink_text(void *context, const char *line);
/* The orderly end: the parent's QEMU ends us. */
void uplink_end(const struct uplink *u);

/*
 * Sends records by the serial device from now on, if there is one and no doorbell: the port takes
 * them byte by byte.
 */
void uplink_use_serial(struct uplink *u);
/* What comes down the serial device: a file that stays ours, or -1. */
int uplink_input(struct uplink *u);

#endif
