/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way up from a level to the level that started it: the ports of vm.h, seen from inside.
 */
#ifndef SUPERNEST_UPLINK_H
#define SUPERNEST_UPLINK_H

#include "report/record.h"

/* -1 if the kernel refuses the ports (printed). */
int uplink_open(void);
/* One exit for a record where there is a doorbell; without it about one for each two bytes. */
void uplink_record(const char *line, size_t len);
/* Of a teller: passes a record up as it is; CONTEXT is the run's id. */
void uplink_hear(void *context, const struct record *rec);
/* A line for the parent's console, "supernest: LINE"; for fail_to(), without a context. */
void uplink_text(void *context, const char *line);
/* The orderly end: the parent's QEMU ends us. */
void uplink_end(void);

#endif
