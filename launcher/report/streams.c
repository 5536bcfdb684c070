// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/streams.h"
#include "lib/base64.h"
#include "lib/numbers.h"
#include "report/tap.h"
#include "report/record.h"
#include "report/level.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_SHOWN 400
#define STREAMS_MAX 4096

struct stream {
	int level, fd;
	char id[CHECK_ID];
	bool tap;    /* its lines are test results */
	int planned; /* the number of planned tests, or -1 */
	int results; /* so far, without subtests */
	int told;    /* how often there was no room for a result: reported once */
	int file;    /* in the artifacts directory, or -1 */
	size_t len;
	char line[LINE_MAX_SHOWN + 1];
};

void streams_clear(const char *dir)
{
	char pattern[600];
	glob_t found;

	format(pattern, sizeof(pattern), "%s/L[0-9]*.std[eo][ru][rt]*", dir);
	if (glob(pattern, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
}

static bool is_it(const struct stream *s, int level, const char *id, int fd)
{
	return s->level == level && s->fd == fd && !strcmp(s->id, id);
}

static void open_file(struct streams *o, struct stream *s)
{
	static const char *const names[] = { "stdout", "stderr" };
	char path[512];

	s->file = -1;
	if (!o->dir)
		return;
	format(path, sizeof(path), "%s/L%d.%s.%s", o->dir, s->level, s->id, names[s->fd - 1]);
	s->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (s->file < 0)
		o->err = fail("%s: %m", path);
}

static struct stream *find_stream(struct streams *o, int level, const char *id, int fd)
{
	struct stream *s;

	for (int i = o->count - 1; i >= 0; i--)
		if (is_it(&o->stream[i], level, id, fd))
			return &o->stream[i];
	if (o->count == STREAMS_MAX)
		return NULL;
	s = realloc(o->stream, (o->count + 1) * sizeof(*s));
	if (!s)
		return NULL;
	o->stream = s;
	s += o->count++;
	*s = (struct stream){ .level = level, .fd = fd, .planned = -1 };
	format(s->id, sizeof(s->id), "%s", id);
	open_file(o, s);
	return s;
}

static void add_subtest(const struct streams *o, struct stream *s, struct subtest *t)
{
	t->level = s->level;
	strcpy(t->check, s->id);
	if (report_add_subtest(o->report, t) && !s->told++)
		fail("L%d %s: more than %d tests: the report lacks %s", s->level, s->id,
		     SUBTESTS_MAX, t->id);
}

/* A program whose planned tests did not all report has failed, whatever its exit status is. */
static void judge_plan(const struct streams *o, struct stream *s)
{
	struct subtest t = { .id = "plan", .result = RESULT_FAIL };

	if (s->tap && s->planned >= 0 && s->planned != s->results) {
		format(t.detail, sizeof(t.detail), "%d tests were planned, and %d have a result",
		       s->planned, s->results);
		add_subtest(o, s, &t);
	}
	s->planned = -1;
	s->results = 0;
}

static void take_tap(const struct streams *o, struct stream *s)
{
	struct subtest t = { .id = "bail_out", .result = RESULT_FAIL };

	if (tap_begins(s->line)) {
		if (s->line[0] != ' ')
			judge_plan(o, s);
		s->tap = true;
	} else if (!s->tap || tap_plan(s->line, &s->planned)) {
		return;
	} else if (tap_bails(s->line)) {
		format(t.detail, sizeof(t.detail), "%.70s", s->line);
		sanitize(t.detail);
		add_subtest(o, s, &t);
	} else if (tap_result(s->line, &t)) {
		s->results += s->line[0] != ' ';
		add_subtest(o, s, &t);
	}
}

static void end_line(const struct streams *o, struct stream *s)
{
	s->line[s->len] = '\0';
	if (s->fd == 1 && o->report)
		take_tap(o, s);
	for (size_t i = 0; i < s->len; i++)
		if (s->line[i] == '\t')
			s->line[i] = ' ';
		else if (!s->line[i])
			s->line[i] = '?';
	if (!o->raw && !tap_begins(s->line)) /* version lines are for parsers, not for people */
		lines_say(o->lines, "L%d %s| %s", s->level, s->id, s->line);
	s->len = 0;
}

static void take_lines(const struct streams *o, struct stream *s, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (data[i] == '\n')
			end_line(o, s);
		else if (data[i] != '\r' && s->len < LINE_MAX_SHOWN)
			s->line[s->len++] = data[i];
}

static void write_raw(struct streams *o, int fd, const void *data, size_t n)
{
	if (o->closed || !write_all(fd, data, n))
		return;
	o->closed = true;
	if (errno != EPIPE)
		o->err = fail("%s: %m", fd == 1 ? "standard output" : "standard error");
	if (o->on_closed)
		o->on_closed();
}

/* It becomes a file name. */
static bool is_id(const char *id)
{
	return id_is_clean(id) && strlen(id) < CHECK_ID;
}

static void hear_output(struct streams *o, const struct record *rec)
{
	const char *text = record_get(rec, "data"), *fd = record_get(rec, "fd");
	char data[RECORD_MAX];
	struct stream *s;
	ssize_t n = base64_decode(text, data);

	if (n < 0 || (strcmp(fd, "1") && strcmp(fd, "2")) || !is_id(record_get(rec, "id")))
		return;
	s = find_stream(o, rec->about, record_get(rec, "id"), *fd - '0');
	if (!s)
		return;
	if (s->file >= 0 && write_all(s->file, data, n)) {
		o->err = fail("L%d.%s: its output cannot be kept: %m", s->level, s->id);
		close(s->file);
		s->file = -1;
	}
	if (o->raw)
		write_raw(o, s->fd, data, n);
	take_lines(o, s, data, n);
}

static double number_of(const struct record *rec, const char *key)
{
	double value;

	return parse_number(record_get(rec, key), &value) || value < 0 || value > NUMBER_MAX
		       ? UNKNOWN
		       : value;
}

/* The resources of a program that has ended: its level reports what it used, the level above its exits. */
static void keep_program(const struct streams *o, const struct record *rec)
{
	const char *id = record_get(rec, "id");
	struct program_use *p =
		is_id(id) && o->report ? report_program(o->report, rec->about, id) : NULL;

	if (!p)
		return;
	if (rec->from != rec->about) {
		p->exits = number_of(rec, "exits");
		return;
	}
	p->status = number_of(rec, "status") <= 255 ? number_of(rec, "status") : 255;
	p->s = number_of(rec, "s");
	p->cpu_s = number_of(rec, "cpu_s");
}

static void end_tap(struct streams *o, int level, const char *id)
{
	for (int i = 0; i < o->count; i++)
		if (is_it(&o->stream[i], level, id, 1))
			judge_plan(o, &o->stream[i]);
}

static void hear_program(struct streams *o, const struct record *rec)
{
	bool own = rec->from == rec->about;
	int status;

	o->started = true;
	if (own && strcmp(record_get(rec, "state"), "off"))
		return;
	keep_program(o, rec);
	if (!own)
		return;
	end_tap(o, rec->about, record_get(rec, "id"));
	status = atoi(record_get(rec, "status"));
	o->ended = true;
	if (status)
		o->status = status;
}

void streams_hear(void *context, const struct record *rec)
{
	struct streams *o = context;

	if (!strcmp(rec->kind, "out"))
		hear_output(o, rec);
	else if (!strcmp(rec->kind, "exec"))
		hear_program(o, rec);
}

void streams_close(struct streams *o)
{
	for (int i = 0; i < o->count; i++) {
		struct stream *s = &o->stream[i];

		if (s->len)
			end_line(o, s);
		if (s->file >= 0 && close(s->file))
			o->err = fail("L%d.%s: its output could not be kept: %m", s->level, s->id);
	}
	free(o->stream);
	o->stream = NULL;
	o->count = 0;
}
