/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of the user's that a level runs: what they print goes up in records, and each is a check of the level.  They come
 * from nest.exec= and from the files in PAYLOAD_DIR.
 */
#ifndef SUPERNEST_PAYLOAD_H
#define SUPERNEST_PAYLOAD_H

#include "level/leftover.h"
#include "report/teller.h"
#include "lib/options.h"

#include <poll.h>

#define PAYLOAD_DIR "/etc/supernest/tests"
#define PAYLOADS_MAX 64
#define PAYLOAD_FDS 3

/* A program that runs. */
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
	int input; /* the first program's standard input; -1: nothing */
	/* Its own */
	int count, next;
	char id[PAYLOADS_MAX][CHECK_ID];
	char path[PAYLOADS_MAX][96];
	struct program program;
};

/* Finds out what there is to run. */
void payloads_find(struct payloads *p);
/* What to wait for; sets PAYLOAD_FDS of them. */
void payloads_poll(const struct payloads *p, struct pollfd *fds);
/*
 * Starts the next program, passes on what one has printed, or tells how it ended.  Never waits.  False once all
 * have ended.
 */
bool payloads_step(struct payloads *p);
/* Runs all of them, and calls ON_HEARTBEAT so often meanwhile. */
void payloads_run(struct payloads *p, double heartbeat_s, void (*on_heartbeat)(void *context),
		  void *context);
/* Of those that have not been run: each is a failed check.  WHY: the reason. */
void payloads_skip_rest(struct payloads *p, const char *why);

#endif
