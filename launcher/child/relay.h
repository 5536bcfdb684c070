/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Supervises a running child: reads what it sends, checks that it makes progress, and, once it has ended,
 * finds out why from the evidence.  Nothing that the child writes is trusted: lines are cut, counted and
 * sanitized here.  The caller judges what a record means.
 */
#pragma once

#include <signal.h>

#include "child/save_restore.h"
#include "child/vm.h"
#include "lib/death.h"
#include "lib/own_lines.h"
#include "report/level.h"

#define CONSOLE_LINE 160 /* characters kept of a console line */
#define LAST_LINES 12	 /* console lines kept as evidence */

/*
 * The watchdog limits: what a child may use up without a sign of progress.  Time counts only while we
 * ourselves are executed, so that a sleeping host kills no child.  CPU time counts only while the child is
 * executed, so that a starved child is slow and not dead.  All limits grow with how slow this level is.
 */
struct watchdog {
	double idle_s; /* time without any CPU time */
	/* CPU time without an exit that the guest itself caused, plus twice the time to its first record */
	double spin_s;
	double silent_s; /* time without a record, plus ten times the time to its first one */
	double dead_s;	 /* time without another line once it has announced its death */
	double stopped_s; /* time that does not count while a signal has stopped QEMU; 0: all of it counts */
	double boot_s; /* CPU time until its launcher speaks; or ten times that on the clock */
};

enum abort {
	ABORT_NONE,
	ABORT_TIME,
	ABORT_CLOSED,
	ABORT_IDLE,
	ABORT_SPIN,
	ABORT_SILENT,
	ABORT_BOOT,
	ABORT_KVM,
	ABORT_RESTORE,
	ABORT_DEAD,
	ABORT_FLOOD,
	ABORT_USER
};

/* What a callback made of a record. */
enum taken {
	IGNORED, /* not a record, or a repeated one */
	TAKEN,
	OUTPUT,	 /* taken: output of a program */
	LAST,	 /* taken, and the child's last record */
	REFUSED, /* damaged, forged or out of order */
};

/* What this level does while its child runs: files to poll, and a step that never blocks. */
#define ASIDE_FDS 3
struct pollfd;
struct aside {
	void (*poll)(void *context, struct pollfd *fds); /* NULL: there are no files */
	void (*step)(void *context);
	void *context;
};

struct relay {
	/* Set by the caller */
	struct vm *vm;
	struct watchdog limits;
	double deadline_s;     /* end of the time budget, on now_s(); 0: none */
	double heartbeat_s;    /* interval from the last record to on_heartbeat(); 0: none */
	bool beats_always;     /* or from the last heartbeat, whatever the child sends meanwhile */
	struct own_lines *own; /* output of this level's own programs to pass on; NULL: none */
	const struct aside *aside; /* NULL: nothing */
	struct save_restore save_restore;
	void *context;
	enum taken (*on_record)(void *context, const char *line, size_t len);
	void (*on_records_read)(void *context); /* after those that came together; NULL: nothing */
	void (*on_console)(void *context, const char *line);
	void (*on_heartbeat)(void *context);
	/* Called for each line of the console and of QEMU, also for those over the limit. */
	void (*on_line)(void *context, const char *line, bool console);
	/* Called before the child is killed, while it can still be inspected. */
	void (*on_abort)(void *context);
	/* Set by the relay */
	bool ended;	 /* the child's last record came */
	int64_t records; /* accepted; more than 0 if its launcher runs */
	int64_t outputs; /* of them output of programs */
	int bad_records; /* refused */
	enum abort abort;
	int status; /* QEMU's wait status */
	int64_t exits, work, oom_kills_before;
	bool counts_exits;
	/* The child's clock and CPU time, at the last look and at its last signs of life. */
	double stopped_s;	 /* for how long its QEMU has been stopped */
	double looked_s, used_s; /* on now_s(), and by vm_cpu_s() */
	double clock_s, cpu_s;
	double executed_s, executed_cpu_s, exit_cpu_s;
	double asked_cpu_s; /* when the last round trip was asked for */
	int64_t records_before;
	double record_s, record_cpu_s, spoken_s;
	double closed_s;	  /* when QEMU closed the records' channel; 0: it did not */
	char panic[CONSOLE_LINE]; /* the kernel's message */
	char hint[CONSOLE_LINE];  /* the first hint at the cause, before that */
	bool replays;		  /* it prints its whole log once more (panic_print=) */
	bool dies;		  /* it announced its death, and has sent no record since */
	bool spoke;		  /* it printed on the console since the last look */
	double dies_s;		  /* on clock_s: its last line since then */
	int64_t dies_records;	  /* that it had sent by then; UNKNOWN: not looked yet */
	char messages[512];	  /* QEMU's first messages */
	char last[LAST_LINES][CONSOLE_LINE];
	int last_count;
	int64_t console_bytes;
	struct throttle console;
};

/* The signal by which the user asked to stop, set by its handler; 0: none. */
#define RELAY_ESCAPE SIGUSR1 /* sent by the terminal of the shell */
extern volatile int relay_stop_requested;

/* Reads KVM's count of the child's exits into exits and work, if it is available. */
void relay_look(struct relay *r);
/* Runs until QEMU has ended, or has been aborted and killed. */
void relay_run(struct relay *r);
/* Decides why it ended.  STOP_NONE: in order.  LOST: records are missing. */
enum stop relay_verdict(const struct relay *r, bool lost, struct reason *why);
/*
 * Whether this level's kernel killed QEMU because this level was out of memory, which is not the child's
 * fault.
 */
bool relay_own_oom(const struct relay *r);
