/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port I/O from user space: by instruction, or, where the CPU refuses one although the kernel allows
 * it, by /dev/port with a call for each byte.  QEMU's TCG refuses in a guest whose KVM has once written
 * its TR back: it takes only an idle TSS for one with an I/O map (helper_check_io, seg_helper.c).
 */
#ifndef SUPERNEST_PORT_H
#define SUPERNEST_PORT_H

#include "lib/base.h"

/* Asks the kernel for COUNT ports.  -1 with errno set if it says no. */
int port_allow(int port, int count);
/* Writes all bytes to one port. Sending is synchronous: when it returns, the reader has them. */
void port_write(int port, const void *data, size_t len);
void port_out32(int port, uint32_t value);
uint32_t port_in32(int port);
/* Whether instructions reach the ports: what they cost says nothing otherwise. */
bool port_direct(void);

#endif
