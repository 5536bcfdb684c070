// SPDX-License-Identifier: GPL-2.0-or-later
#include "child/save_restore.h"

#include <stdio.h>
#include <string.h>

/*
 * Between two round trips the child runs at least this long, and this many times as long as the last
 * one took.
 */
#define LEAST_RUN_S 0.005
#define RUN_SHARE 1

#define BEGIN "{\"execute\":\"qmp_capabilities\"}\n"
#define REQUEST "{\"execute\":\"x-save-restore\",\"id\":1}\n"
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
	if (!s->began)
		send(s, BEGIN);
	s->began = s->pending = true;
	s->asked_s = now_s;
	send(s, REQUEST);
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

void save_restore_answer(struct save_restore *s, const char *line, double now_s)
{
	double trip_s = now_s - s->asked_s;

	if (!s->pending || !strstr(line, ANSWER)) /* or the greeting, or an event */
		return;
	if (strstr(line, "\"error\":"))
		take_error(s, line);
	else
		s->done++;
	s->pending = false;
	if (trip_s > s->longest_s)
		s->longest_s = trip_s;
	s->next_s = now_s + LEAST_RUN_S + RUN_SHARE * trip_s;
}

double save_restore_wait_s(const struct save_restore *s, double now_s)
{
	if (!s->began || is_over(s) || s->pending)
		return -1;
	return s->next_s > now_s ? s->next_s - now_s : 0;
}

void save_restore_checks(const struct save_restore *s, bool broken, struct check *trips,
			 struct check *downtime)
{
	*trips = (struct check){ "save_restore", RESULT_PASS, s->done, "trips", "" };
	*downtime = (struct check){ "downtime", RESULT_PASS, s->longest_s, "s", "" };
	if (s->lost)
		check_set(trips, RESULT_FAIL, "its state could not be restored: %.60s", s->problem);
	else if (broken && s->done)
		check_set(trips, RESULT_FAIL, "it did not run on until its end");
	else if (!s->done)
		check_set(trips, RESULT_SKIP, "%s",
			  *s->problem ? s->problem : "it ended before the first");
	if (s->pending && broken)
		check_set(downtime, RESULT_FAIL, "the last one had not ended");
	else if (!s->done)
		downtime->id[0] = '\0';
}
