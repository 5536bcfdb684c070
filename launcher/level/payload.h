/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's programs in a level.  Their output goes up in records, and each of them is a check of the
 * level.  They come from nest.exec= and from the files in PAYLOAD_DIR.
 */
#pragma once

#include "level/leftover.h"
#include "report/teller.h"
#include "lib/decided.h"

#include <poll.h>

#define PAYLOAD_DIR "/etc/supernest/tests"
#define PAYLOADS_MAX 64
#define PAYLOAD_FDS 3

/* The running program. */
struct program {
	pid_t pid; /* 0: none */
	int pidfd, out[2];
	double start_s;
	int64_t oom_kills;
	struct leftover leftover;
	bool timed_out;
	double killed_s;
};

struct payloads {
	/* Set by the caller */
	const struct appliance *appliance;
	struct teller *teller;
	const struct decided *decided;
	int input; /* of the first program; -1: /dev/null */
	/* Internal */
	int count, next;
	char id[PAYLOADS_MAX][CHECK_ID];
	char path[PAYLOADS_MAX][96];
	struct program program;
};

/* Finds the programs to run. */
void payloads_find(struct payloads *p);
/* Sets PAYLOAD_FDS files to wait for. */
void payloads_poll(const struct payloads *p, struct pollfd *fds);
/*
 * Starts the next program, passes on what the running one has printed, or reports how it ended.  Never
 * waits.  Returns false once all have ended.
 */
bool payloads_step(struct payloads *p);
/* Runs all of them, and calls ON_HEARTBEAT at this interval meanwhile. */
void payloads_run(struct payloads *p, double heartbeat_s, void (*on_heartbeat)(void *context),
		  void *context);
/* Reports each one that has not run as a failed check, for the reason WHY. */
void payloads_skip_rest(struct payloads *p, const char *why);
