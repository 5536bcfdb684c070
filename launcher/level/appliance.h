/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that we are PID 1 of: its file systems, consoles and files, and its end. */
#pragma once

#include <stdio.h>
#include <stdnoreturn.h>

#include "lib/options.h"
#include "lib/system.h"
#include "lib/own_lines.h"
#include "report/level.h"
#include "report/lines.h"

/* Its files. */
#define QEMU_PATH "/bin/qemu-system-x86_64"
#define MACHINE_PATH "/share/machine" /* features of this QEMU's microvm that others lack */
#define PARAMETERS_PATH \
	"/share/words" /* the kernel command line of a nested level, with comments */
#define MANIFEST_PATH "/etc/supernest/manifest.txt" /* what it was built from: scripts/manifest */

#define CONSOLES_MAX 8

struct consoles {
	int count, fd[CONSOLES_MAX];
	char path[CONSOLES_MAX][32];
};

/* Mounts /proc, /sys, /dev, /run and /tmp; failures are printed. */
void appliance_mount(const struct appliance *a);

/*
 * Makes /dev/console our stdin, stdout and stderr, and returns a stream that writes to every console of
 * the kernel: with a screen and a serial line, the user may be at either.  NULL if there is none, as in a
 * nested level.
 */
FILE *appliance_consoles(struct consoles *c);
/*
 * Opens the consoles again after a shell.  When a session ends, the kernel hangs up its terminal for
 * every process that has it open.
 */
void appliance_reopen_consoles(const struct consoles *c);
/* Stops the kernel's messages on the consoles, which would split our lines. */
void appliance_silence_kernel(const struct appliance *a);

/*
 * Whether the kernel failed to unpack the whole initramfs, so that files may be missing.  The kernel only
 * logs that; WHY gets its message.
 */
bool appliance_is_damaged(char *why, size_t size);
/*
 * Whether such a message has another cause than damage: an appended archive that is compressed in a way
 * that this kernel cannot unpack, or that is where the kernel does not look.  WHAT then says so, and
 * what to do.
 */
bool appliance_cannot_unpack(const char *message, char *what, size_t size);

/*
 * Says which files differ from those that were built.  The user may have appended them, or they are
 * damaged (the kernel does not verify gzip's checksum); we cannot tell which.
 */
void appliance_compare_files(const struct lines *lines);

/* The checksum that the build recorded for a file of the initramfs; "" if there is none. */
void appliance_built_sum(const char *path, char sum[65]);

bool appliance_has_hook(void);
/*
 * Runs the user's hook, /etc/supernest/hook, and kills it after TIMEOUT_S.  Its output goes to LINES if
 * that has a pipe, otherwise to the console.  Calls ON_HEARTBEAT every two seconds meanwhile.  False if
 * there is no hook; otherwise K is its check.
 */
bool appliance_hook(int own_level, int timeout_s, struct own_lines *lines,
		    void (*on_heartbeat)(void *context), void *context, struct check *k);

/*
 * Starts a shell with TTY as its controlling terminal.  If INTERACTIVE, its prompt names the level, unless
 * LEVEL is LEVEL_NONE; otherwise it runs its input as a script.  Returns its pid; -1 with errno set on
 * failure.
 */
pid_t appliance_start_shell(const char *tty, int level, bool interactive);
/* Runs a shell on /dev/console until it ends. */
void appliance_shell(void);

/* Ends the machine, after its consoles have printed everything. */
noreturn void appliance_end(const struct appliance *a, enum ending how, const struct consoles *c);
