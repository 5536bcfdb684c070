/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only place that changes the system around us: its settings, mounts and modules, and its end.  Every
 * change needs a struct appliance, which only the appliance's own processes can get.  So the command on a
 * host cannot change the host.
 */
#pragma once

#include "lib/base.h"

struct appliance; /* the proof that this machine is ours */

/*
 * The proof, or NULL on a host; then *WHY, unless WHY is NULL, is the reason.  This machine is ours if
 * PID 1 of the first PID namespace is this program and the root is the kernel's own rootfs: a machine
 * that booted our initramfs, and not a container, however it was made.
 */
const struct appliance *appliance_recognise(const char **why);
/* Whether this host is a container. */
bool system_is_container(void);
bool appliance_is_init(const struct appliance *a); /* we are PID 1, not a command in its shell */

/* How many processes the kernel has killed for lack of memory since it started; -1 if it does not say. */
int64_t system_oom_kills(void);
/* The kernel's log, which the caller frees; NULL if it cannot be read. */
char *system_kernel_log(void);
/*
 * The next message of such a log that is stamped SINCE_S or later, from its stamp on: "[    1.500000] text".
 * Cuts the log into lines, and advances *REST.  NULL at its end.
 */
char *system_next_message(char **rest, double since_s);

/* Writes a small file of sysfs or procfs.  -1 with errno set on failure. */
int system_write(const struct appliance *a, const char *path, const char *text);
/* mount(2) and umount(2). */
int system_mount(const struct appliance *a, const char *source, const char *target,
		 const char *type, unsigned long flags, const char *data);
int system_unmount(const struct appliance *a, const char *target);
/* finit_module(2) */
int system_load_module(const struct appliance *a, int fd, const char *parameters, int flags);
/* Stops the kernel's messages on its consoles. */
void system_silence_kernel(const struct appliance *a);
/* reboot(2) */
void system_end(const struct appliance *a, int command);
