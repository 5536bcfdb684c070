/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a level has and does during its life; run_level() in launcher.c has the order. */
#ifndef SUPERNEST_LIFE_H
#define SUPERNEST_LIFE_H

#include "child/archive.h"
#include "child/child.h"
#include "child/kernel.h"
#include "child/uplink.h"
#include "level/appliance.h"
#include "level/checks.h"
#include "level/memory.h"
#include "level/payload.h"
#include "report/streams.h"

struct life {
	const struct appliance *appliance;
	struct run run;
	struct consoles consoles;
	bool has_parent; /* a level above reads our records and prints the report */
	struct platform platform;
	struct archive archive;	  /* for the child */
	struct names left_out;	  /* of it: what no level below this one needs */
	char child_kernel[64];	  /* the file that the next level boots, */
	struct kernel child_file; /* and what its header said when it was there */
	bool huge_files;	  /* the child's RAM is one: memory_mount_huge() */
	struct budget budget;
	struct reason why; /* there is no next level */
	struct child child;
	struct payloads payloads;
	struct streams streams;	    /* where no level above shows what programs print */
	struct aside aside;	    /* they run beside the child */
	struct own_lines own_lines; /* of our hook's and our own, on their way up */
	char early[400];	    /* messages from before we knew where to send them: lines */
	bool telling;		    /* an error, as a record */
	struct uplink uplink;
};

/*
 * What the kernel command line asks for; where a loader cannot pass any, an appended file may.  -1
 * (printed): a word is malformed.
 */
int life_read_cmdline(struct options *o);
/* -1 (printed): more than one vCPU was asked for, and the kernel of the levels below has no use for them. */
int life_check_smp(const struct options *o);
/* Finds out which level this is, and tells from now on. KERNEL_S: how long our kernel took. */
void life_begin(struct life *l, double kernel_s);
/* Sends everything that we print to the level above, what was printed before included. */
void life_open_own_lines(struct life *l);
/* Some of our files are missing, as the kernel says: nothing is run. */
void life_refuse_files(struct life *l, const char *why);
/* The heartbeat while a hook or a shell runs, which may take long: CONTEXT is a life. */
void life_heartbeat(void *context);
/* The CPUs that its kernel left alone. */
void life_start_cpus(struct life *l);
/* A person's own preparation of the level, which is a check of it. */
void life_run_hook(struct life *l);
/* KVM, and which kernels this level and the next one boot. */
void life_learn_kvm(struct life *l);
/* About how much the child would unpack. */
int64_t life_estimate_kib(struct life *l);
/* Whether there can be a next level that unpacks so much, as far as that is known before trying. */
void life_consider_child(struct life *l, int64_t archive_kib);
/* Writes the archive for the child, or, if there will be none, only its sum. */
void life_write_archive(struct life *l);
void life_run_checks(struct life *l, enum check_phase phase);
void life_become_ready(struct life *l);
/* A shell here, if that was asked for; what is below us, if anything, comes after it. */
void life_hold_shell(struct life *l);
/* The programs of the user's, if they are to run now. */
void life_run_payloads(struct life *l, enum exec_when when);
/* Of a child: CONTEXT is a life.  It runs what was meant for it, and has read all that we keep for it. */
void life_child_is_ready(void *context, const struct level *child);
/* Starts the next level and supervises it, or tells why there is none. */
void life_run_child(struct life *l);
void life_tell_why(struct life *l);
/* Checks that need many exits, and the last record. */
/* The long form of the quick checks, and the thorough ones. */
void life_run_late_checks(struct life *l);
void life_end(struct life *l);

#endif
