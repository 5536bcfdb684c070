/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Supervises a running child: reads what it says, watches that it gets on, and, once it has
 * ended, says why, from evidence.  Nothing that the child writes is trusted: lines are cut, counted
 * and made harmless here; what a record means is the caller's to judge.
 */
#ifndef SUPERNEST_RELAY_H
#define SUPERNEST_RELAY_H

#include <signal.h>

#include "level.h"
#include "vm.h"

#define CONSOLE_LINE 160 /* characters of a console line that are kept */
#define LAST_LINES 12	 /* console lines kept as evidence */

/* How long a child may be quiet.  All grow with how slow this level is. */
struct patience {
	double stall_s;	 /* without a single exit that the guest itself caused */
	double silent_s; /* without a record, once its launcher has spoken */
	double boot_s;	 /* until its launcher speaks */
};

enum give_up {
	GIVE_UP_NOT,
	GIVE_UP_TIME,
	GIVE_UP_STALL,
	GIVE_UP_SILENT,
	GIVE_UP_BOOT,
	GIVE_UP_KVM,
	GIVE_UP_FLOOD,
	GIVE_UP_USER
};

struct relay {
	/* set by the caller */
	struct vm *vm;
	struct patience patience;
	double deadline_s; /* on now_s(): the time budget's end; 0: none */
	double beat_s;	   /* call on_beat this long after the last record; 0: never */
	void *context;
	void (*on_record)(void *context, const char *line, size_t len);
	void (*on_console)(void *context, const char *line);
	void (*on_beat)(void *context);
	/* Each line of console and QEMU, also those that are too many to pass on. */
	void (*on_line)(void *context, const char *line, bool console);
	/* It is given up, and still there to be looked at. */
	void (*on_give_up)(void *context);
	/* set by on_record */
	bool ended;	      /* the child's last record came */
	bool spoken;	      /* its launcher runs */
	int64_t records;      /* that were believed */
	double last_record_s; /* when a record came that was believed */
	bool lost;	      /* records are missing */
	int bad_records;      /* damaged, forged or out of order */
	/* set by the relay */
	enum give_up give_up;
	int status; /* QEMU's wait status */
	int64_t exits, work, oom_kills_before;
	double last_progress_s;
	char panic[CONSOLE_LINE]; /* the kernel's words */
	bool replays;		  /* after which it says all that it ever said (panic_print=) */
	char words[512];	  /* QEMU's words, the last of them */
	char last[LAST_LINES][CONSOLE_LINE];
	int last_count;
	int64_t console_bytes, dropped_lines;
	double console_credit, console_credit_s;
};

/* A person's wish to stop: the signal's number, set by its handler. */
#define RELAY_ESCAPE SIGUSR1 /* it came from the shell's terminal */
extern volatile int relay_stop_requested;

/* Reads KVM's count of the child's exits, if it can be had, into exits and work. */
void relay_look(struct relay *r);
/* Runs until QEMU has ended or was given up and killed. */
void relay_run(struct relay *r);
/* The reason, and the sentence with its evidence.  STOP_NONE: it ended as it should. */
enum stop relay_verdict(const struct relay *r, char *detail, size_t size);

#endif
