/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a level, and the steps of its life; run_level() in launcher.c has their order. */
#pragma once

#include "child/archive.h"
#include "child/child.h"
#include "child/kernel.h"
#include "child/uplink.h"
#include "level/appliance.h"
#include "level/checks.h"
#include "level/memory.h"
#include "level/payload.h"
#include "report/streams.h"

#define ARCHIVE_PATH "/run/initramfs.cpio" /* the archive for the child */

struct life {
	const struct appliance *appliance;
	struct run run;
	struct consoles consoles;
	bool has_parent; /* a level above reads our records and prints the report */
	struct platform platform;
	struct archive archive;	  /* for the child */
	struct names left_out;	  /* files that no level below this one needs */
	char child_kernel[64];	  /* path of the next level's kernel */
	struct kernel child_file; /* its header, read while the file was there */
	bool huge_files;	  /* the child's RAM is a file of huge pages */
	struct budget budget;
	struct reason why; /* why there is no next level */
	struct child child;
	struct payloads payloads;
	struct streams streams;	    /* if no level above shows the output of programs */
	struct aside aside;	    /* programs that run beside the child */
	struct own_lines own_lines; /* output of our hook and our own errors, on its way up */
	char early[400];	    /* lines printed before we knew where to send them */
	bool telling;		    /* we are sending an error as a record */
	int clock_fd;		    /* of clock_watch(), until we are ready */
	struct uplink uplink;
};

/*
 * Reads the kernel command line, and, if a loader cannot pass one, an appended file.  -1 (printed) if a
 * parameter is malformed.
 */
int life_read_cmdline(struct options *o);
/* -1 (printed) if more than one vCPU was asked for and the kernel of the levels below does not support that. */
int life_check_smp(const struct options *o);
/* A struct life that is on no huge page.  NULL (printed): there is no memory. */
struct life *life_new(void);
/* Finds out which level this is, and starts to tell.  KERNEL_S: how long our kernel took. */
void life_begin(struct life *l, double kernel_s);
/* From now on sends all that we print to the level above, together with what was printed before. */
void life_open_own_lines(struct life *l);
/* Ends the run because files are missing, as the kernel's message WHY says. */
void life_refuse_files(struct life *l, const char *why);
/* Starts the CPUs that the kernel did not. */
void life_start_cpus(struct life *l);
/* Runs the user's hook, which is a check. */
void life_run_hook(struct life *l);
/* Finds out whether KVM works, and which kernels this level and the next one boot. */
void life_learn_kvm(struct life *l);
void life_run_checks(struct life *l, enum check_phase phase);
void life_become_ready(struct life *l);
/* Runs a shell here, if it was asked for, and returns after it has ended.  False: it was not. */
bool life_hold_shell(struct life *l);
/* Runs the user's programs, if this is their time. */
void life_run_payloads(struct life *l, enum exec_when when);
void life_tell_why(struct life *l);
/* Runs the long form of the quick checks, and the thorough ones. */
void life_run_late_checks(struct life *l);
void life_end(struct life *l);

/* For the next level: next_level.h. */

/* Whether this level owns the CPU, or was not started by us; a foreign kernel below it may lack SMP. */
bool life_is_outermost(const struct life *l);
/* Whether this level runs the user's programs. */
bool life_runs_payloads(const struct life *l);
/* Finds these programs, at the first call. */
void life_begin_payloads(struct life *l);
/* Sends a heartbeat.  CONTEXT is a life. */
void life_heartbeat(void *context);
/* The interval at which the levels above expect heartbeats, in seconds. */
double life_heartbeat_s(const struct life *l);
