// SPDX-License-Identifier: GPL-2.0-or-later
#include "child/save_restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Between two round trips the child runs at least this long, and this many times as long as the last
 * one took.
 */
#define LEAST_RUN_S 0.005
#define RUN_SHARE 1
/*
 * The dirty log takes two readings of all RAM that the child uses, and a fault of the child for each page
 * that it writes.  It is tried first, and again when all that took less than this share of the time.
 */
#define LOG_SHARE 0.2

#define BEGIN "{\"execute\":\"qmp_capabilities\"}\n"
#define REQUEST "{\"execute\":\"x-save-restore\",\"id\":1}\n"
#define LOGGED "{\"execute\":\"x-save-restore\",\"arguments\":{\"dirty-log\":true},\"id\":1}\n"
#define LOST \
	"state is lost"	   /* our QEMU (migration/savevm.c); with any other error it is as it was */
#define ANSWER "\"id\": 1" /* the answer to BEGIN has no id */

/* Whether there is none to ask for, at least not yet. */
static bool is_over(const struct save_restore *s)
{
	return s->done >= (s->all ? s->wanted : (s->wanted + 1) / 2) || *s->problem;
}

static void send(struct save_restore *s, const char *request)
{
	if (write_all(s->requests, request, strlen(request)))
		format(s->problem, sizeof(s->problem), "QEMU's monitor: it does not listen");
}

void save_restore_step(struct save_restore *s, double now_s)
{
	if (is_over(s) || s->pending || now_s < s->next_s)
		return;
	if (!s->began) {
		send(s, BEGIN);
		s->began_s = now_s;
	}
	s->began = s->pending = true;
	s->asked_s = now_s;
	s->logs = s->log_s <= LOG_SHARE * (now_s - s->began_s);
	send(s, s->logs ? LOGGED : REQUEST);
}

/* {"id": 1, "error": {"class": "GenericError", "desc": "TEXT"}} */
static void take_error(struct save_restore *s, const char *line)
{
	const char *desc = strstr(line, "\"desc\": \"");

	s->lost = strstr(line, LOST);
	if (strstr(line, "CommandNotFound"))
		format(s->problem, sizeof(s->problem), "this level's QEMU has no x-save-restore");
	else
		format(s->problem, sizeof(s->problem), "%.*s",
		       desc ? (int)strcspn(desc + 9, "\"") : 0, desc ? desc + 9 : "");
}

static int64_t number(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoll(at + strlen(key), NULL, 10) : 0;
}

/* {"return": {"address": 0, "lost": 0, "us": 1234, "pages": 5678, "dirty": 90}, "id": 1} */
static void take_log(struct save_restore *s, const char *line)
{
	int64_t lost = number(line, "\"lost\": ");

	if (lost && !s->unnamed)
		s->address = number(line, "\"address\": ");
	s->unnamed += lost;
	s->named += number(line, "\"dirty\": ");
	s->logged++;
}

void save_restore_answer(struct save_restore *s, const char *line, double now_s)
{
	double trip_s = now_s - s->asked_s, stopped_s = trip_s;

	if (!s->pending || !strstr(line, ANSWER)) /* or the greeting, or an event */
		return;
	if (strstr(line, "\"error\":"))
		take_error(s, line);
	else
		s->done++;
	if (s->logs) {
		s->log_s += trip_s;
		if (!*s->problem)
			take_log(s, line);
		stopped_s -= number(line, "\"us\": ") / 1e6;
	}
	s->pending = false;
	if (stopped_s > s->longest_s)
		s->longest_s = stopped_s;
	s->next_s = now_s + LEAST_RUN_S + RUN_SHARE * trip_s;
}

double save_restore_wait_s(const struct save_restore *s, double now_s)
{
	if (!s->began || is_over(s) || s->pending)
		return -1;
	return s->next_s > now_s ? s->next_s - now_s : 0;
}

static void check_dirty_log(const struct save_restore *s, struct check *k)
{
	if (!s->logged)
		return;
	*k = (struct check){ "dirty_log", RESULT_PASS, s->named, "pages", "" };
	if (s->unnamed)
		check_set(
			k, RESULT_FAIL,
			"the dirty log missed changed pages of its RAM: %lld, the first at 0x%llx",
			(long long)s->unnamed, (long long)s->address);
}

void save_restore_checks(const struct save_restore *s, bool broken, struct save_restore_checks *k)
{
	*k = (struct save_restore_checks){
		.trips = { "save_restore", RESULT_PASS, s->done, "trips", "" },
	};
	if (s->lost)
		check_set(&k->trips, RESULT_FAIL, "its state could not be restored: %.60s",
			  s->problem);
	else if (broken && s->done)
		check_set(&k->trips, RESULT_FAIL, "it did not run on until its end");
	else if (!s->done)
		check_set(&k->trips, RESULT_SKIP, "%s",
			  *s->problem ? s->problem : "it ended before the first");
	if (s->done || (s->pending && broken))
		k->downtime = (struct check){ "downtime", RESULT_PASS, s->longest_s, "s", "" };
	if (s->pending && broken)
		check_set(&k->downtime, RESULT_FAIL, "the last one had not ended");
	check_dirty_log(s, &k->dirty_log);
}
