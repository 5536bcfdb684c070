/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that we are PID 1 of: its file systems, consoles and files, and how it ends.
 */
#ifndef SUPERNEST_APPLIANCE_H
#define SUPERNEST_APPLIANCE_H

#include <stdio.h>
#include <stdnoreturn.h>

#include "lib/options.h"
#include "lib/system.h"
#include "lib/own_lines.h"
#include "report/level.h"
#include "report/lines.h"

#define CONSOLES_MAX 8

struct consoles {
	int count, fd[CONSOLES_MAX];
	char path[CONSOLES_MAX][32];
};

/* /proc, /sys, /dev, /run, /tmp; what cannot be mounted is printed. */
void appliance_mount(const struct appliance *a);

/*
 * Makes /dev/console our stdin, stdout and stderr, and returns a stream to every console that the
 * kernel has: a machine with a screen and a serial line may have a person in front of either.  NULL
 * if there is none, as in a nested level.
 */
FILE *appliance_consoles(struct consoles *c);
/*
 * The kernel hangs up a terminal for all that have it open when its session ends: opens the
 * consoles again.
 */
void appliance_reopen_consoles(const struct consoles *c);
/* The kernel's messages would split our lines. */
void appliance_silence_kernel(const struct appliance *a);

/*
 * The kernel only logs what it could not unpack; what it started then may lack files. Copies its
 * message to WHY if so.
 */
bool appliance_is_damaged(char *why, size_t size);
/*
 * Not every such message means damage: an appended archive may be compressed in a way that this
 * kernel cannot unpack, or stand where it does not look. True if so; WHAT says it, and what to do.
 */
bool appliance_cannot_unpack(const char *message, char *what, size_t size);

/*
 * Says which files differ from those that were built: files of the user's, appended to the
 * initramfs, or damaged ones; the kernel does not check gzip's checksum. We cannot tell which of
 * the two.
 */
void appliance_compare_files(const struct lines *lines);

/* The checksum that the build recorded for a file of the initramfs; "" if it did not. */
void appliance_built_sum(const char *path, char sum[65]);

bool appliance_has_hook(void);
/*
 * The user's preparation of a level, /etc/supernest/hook; killed after TIMEOUT_S. Its output goes
 * to LINES if that has a pipe, else to the console. Calls ON_HEARTBEAT every other second
 * meanwhile. False: there is no hook; else K is its check.
 */
bool appliance_hook(int own_level, int timeout_s, struct own_lines *lines,
		    void (*on_heartbeat)(void *context), void *context, struct check *k);

/*
 * Starts a shell on a terminal, which becomes its own, with a prompt that names the level unless that is
 * LEVEL_NONE; or, not INTERACTIVE, one that runs what it reads there.  Its pid, -1 with errno set.
 */
pid_t appliance_start_shell(const char *tty, int level, bool interactive);
/* A shell on /dev/console, until it ends. */
void appliance_shell(void);

/* Ends the machine, once its consoles have said all. */
noreturn void appliance_end(const struct appliance *a, enum ending how, const struct consoles *c);

#endif
