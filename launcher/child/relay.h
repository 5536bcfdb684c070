/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Supervises a running child: reads what it sends, watches that it makes progress and, once it has
 * ended, finds out why, from evidence. Nothing that the child writes is trusted: lines are cut,
 * counted and sanitized here; what a record means is for the caller to judge.
 */
#ifndef SUPERNEST_RELAY_H
#define SUPERNEST_RELAY_H

#include <signal.h>

#include "child/vm.h"
#include "lib/death.h"
#include "lib/own_lines.h"
#include "report/level.h"

#define CONSOLE_LINE 160 /* characters of a console line that are kept */
#define LAST_LINES 12	 /* console lines kept as evidence */

/*
 * The watchdog's limits: what a child may use up without a sign of progress. Time counts only while
 * we are executed ourselves, so that a sleeping host kills no child; CPU time counts only while the
 * child is executed, so that a starved child is slow and not dead. All limits grow with how slow
 * this level is.
 */
struct watchdog {
	double idle_s;	 /* without being executed at all */
	double spin_s;	 /* CPU time without a single exit that the guest itself caused */
	double silent_s; /* without a record, on top of ten times what its launcher took to speak */
	double dead_s;	 /* without another line, once it has announced its death */
	double boot_s;	 /* CPU time until its launcher speaks; or ten times as long on the clock */
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
	ABORT_DEAD,
	ABORT_FLOOD,
	ABORT_USER
};

/* What a callback says of the record that it was given. */
enum taken {
	IGNORED, /* no record, or a repeated one */
	TAKEN,
	LAST,	 /* taken, and the child's last one */
	REFUSED, /* damaged, forged or out of order */
};

/* What this level does while its child runs: files to poll, and a step that never blocks. */
#define ASIDE_FDS 3
struct pollfd;
struct aside {
	void (*poll)(void *context, struct pollfd *fds);
	void (*step)(void *context);
	void *context;
};

struct relay {
	/* set by the caller */
	struct vm *vm;
	struct watchdog limits;
	double deadline_s;  /* on now_s(): the time budget's end; 0: none */
	double heartbeat_s; /* call on_heartbeat this long after the last record; 0: never */
	bool beats_always;  /* or after the last heartbeat, whatever the child says meanwhile */
	struct own_lines
		*own; /* of this level's own programs, to be passed on meanwhile; NULL: none */
	const struct aside *aside; /* NULL: nothing */
	void *context;
	enum taken (*on_record)(void *context, const char *line, size_t len);
	void (*on_console)(void *context, const char *line);
	void (*on_heartbeat)(void *context);
	/*
	 * Called for each line of the console and of QEMU, also for those that are too many to pass
	 * on.
	 */
	void (*on_line)(void *context, const char *line, bool console);
	/* The child is about to be killed, and can still be inspected. */
	void (*on_abort)(void *context);
	/* set by the relay */
	bool ended;	 /* the child's last record came */
	int64_t records; /* that were taken: its launcher runs */
	int bad_records; /* that were refused */
	enum abort abort;
	int status; /* QEMU's wait status */
	int64_t exits, work, oom_kills_before;
	bool counts_exits;
	/* The child's clock and its CPU time, as they were at the last look, and at its last signs of life. */
	double looked_s, used_s; /* on now_s(), and of vm_cpu_s() */
	double clock_s, cpu_s;
	double executed_s, executed_cpu_s, exit_cpu_s;
	int64_t records_before;
	double record_s, spoken_s;
	double closed_s;	  /* QEMU closed the channel of the records; 0: it did not */
	char panic[CONSOLE_LINE]; /* the kernel's words */
	char hint[CONSOLE_LINE];  /* and the first hint at the cause, before that */
	bool replays;		  /* it prints its whole log once more (panic_print=) */
	bool dies;		  /* it announced its death, and no record has come since */
	bool spoke;		  /* on the console, since the last look */
	double dies_s;		  /* on clock_s: its last word since then */
	int64_t dies_records;	  /* that it had sent by then; UNKNOWN: not looked yet */
	char messages[512];	  /* of QEMU, the first of them */
	char last[LAST_LINES][CONSOLE_LINE];
	int last_count;
	int64_t console_bytes;
	struct throttle console;
};

/* The signal by which the user asked to stop, set by its handler; 0: none. */
#define RELAY_ESCAPE SIGUSR1 /* it came from the shell's terminal */
extern volatile int relay_stop_requested;

/* Reads KVM's count of the child's exits, if it can be had, into exits and work. */
void relay_look(struct relay *r);
/* Runs until QEMU has ended, or was aborted and killed. */
void relay_run(struct relay *r);
/* Why it ended; LOST: records are missing. STOP_NONE: it ended in order. */
enum stop relay_verdict(const struct relay *r, bool lost, struct reason *why);
/* This level's kernel killed QEMU because this level ran out of memory: not the child's fault. */
bool relay_own_oom(const struct relay *r);

#endif
