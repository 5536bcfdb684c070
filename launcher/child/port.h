/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port I/O from user space.  It uses instructions, or, if the CPU refuses them although the kernel allows
 * them, /dev/port with a system call for each byte.  QEMU's TCG refuses them in a guest whose KVM has once
 * written back its TR, because it accepts only an idle TSS as one with an I/O map (helper_check_io,
 * seg_helper.c).
 */
#pragma once

#include "lib/base.h"

/* Asks the kernel for access to COUNT ports.  -1 with errno set if it refuses. */
int port_allow(int port, int count);
/* Writes all bytes to one port.  Sending is synchronous: when this returns, the reader has them. */
void port_write(int port, const void *data, size_t len);
void port_out32(int port, uint32_t value);
uint32_t port_in32(int port);
/* Whether instructions reach the ports; only then does their cost mean anything. */
bool port_direct(void);
