// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All that a child can send, from the pipes of its QEMU to the report: relay, child.c's and next_level.c's
 * judgement, report and writers, as the host's command and as a level between two others.
 *
 * An input is lines; the first character says where one goes: r a record's line as it is, s the body
 * of a record that gets a right sum, c the console, w QEMU's own words.  R, S, C and W: without an end.
 * The first line is H for the host or M for the middle, and QEMU's wait status in hex.
 */
#define _GNU_SOURCE
#include "check.h"

#include "child/uplink.h"
#include "level/next_level.h"
#include "report/formats.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ID "5eed"
#define TOLD_ROOM 2000

static struct life life;
static int status, pipes[3]; /* console, records, words */

/* ---- what surrounds it ------------------------------------------------------------------- */

/* Must not remove files of this machine. */
int unlink(const char *path)
{
	(void)path;
	return 0;
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	(void)fd;
	(void)mode;
	(void)offset;
	(void)len;
	errno = EPERM;
	return -1;
}

/* It has ended: a file is always readable. */
int vm_start(struct vm *vm, const struct vm_config *config)
{
	(void)config;
	*vm = (struct vm){ .pid = -1,
			   .pidfd = pipes[0],
			   .console = pipes[0],
			   .records = pipes[1],
			   .messages = pipes[2],
			   .start_s = now_s() };
	return 0;
}

int vm_end(struct vm *vm)
{
	(void)vm;
	return status;
}

void vm_close(struct vm *vm)
{
	(void)vm;
}

int vm_exits(struct vm *vm, int64_t *total, int64_t *work)
{
	(void)vm;
	*total = *work = 1234;
	return 0;
}

int64_t vm_stat(const struct vm *vm, const char *name)
{
	(void)vm;
	(void)name;
	return 1000;
}

bool vm_is_stopped(const struct vm *vm)
{
	(void)vm;
	return false;
}

double vm_cpu_s(const struct vm *vm)
{
	(void)vm;
	return 0.5;
}

/* There is no QEMU that would print registers, so nothing to wait for. */
int usleep(useconds_t us)
{
	(void)us;
	return 0;
}

bool vm_sets_memory(const char *extra)
{
	(void)extra;
	return false;
}

void vm_command(const struct vm_config *config, char *buf, size_t size)
{
	(void)config;
	format(buf, size, "qemu");
}

int64_t vm_anonymous_kib(const struct vm *vm, int64_t guest_kib)
{
	(void)vm;
	(void)guest_kib;
	return 900;
}

/* What goes up must be a record that the level above can decode. */
void uplink_hear(void *context, const struct record *rec)
{
	char line[RECORD_MAX];
	int len = record_encode(rec, ID, line);
	struct record again;

	(void)context;
	must(len > 0 && len < RECORD_MAX && line[len - 1] == '\n');
	must(record_decode(&again, ID, line, len) == RECORD_OK);
	must(again.from >= life.run.teller.from);
	if (!rec->line)
		return;
	must(rec->line_len < RECORD_MAX - 1);
	must(record_decode(&again, ID, rec->line, rec->line_len) == RECORD_OK);
	must(again.sum == rec->sum);
}

void uplink_text(void *context, const char *line)
{
	(void)context;
	(void)line;
}

int uplink_open(struct uplink *u, int level)
{
	(void)u;
	(void)level;
	return 0;
}

void uplink_use_serial(struct uplink *u)
{
	(void)u;
}

int uplink_input(struct uplink *u)
{
	(void)u;
	return -1;
}

void uplink_flush(void *context)
{
	(void)context;
}

void uplink_end(const struct uplink *u)
{
	(void)u;
}

static void keep_quiet(void *context, const char *message)
{
	(void)context;
	must(strncmp(message, "a record of kind", 16)); /* "... is refused: a bug", "... is lost" */
}

/* ---- an input ---------------------------------------------------------------------------- */

static void send(int fd, const char *text, size_t len)
{
	must(write(fd, text, len) == (ssize_t)len);
}

static void send_line(char *line)
{
	size_t len = strlen(line) - 1;
	char sum[16];
	int fd;

	switch (tolower((unsigned char)*line)) {
	case 'r':
	case 's':
		fd = pipes[1];
		break;
	case 'c':
		fd = pipes[0];
		break;
	case 'w':
		fd = pipes[2];
		break;
	default:
		return;
	}
	send(fd, line + 1, len);
	if (*line == 's' || *line == 'S')
		send(fd, sum, sprintf(sum, " !%08x;", record_crc(ID, line + 1, len)));
	if (islower((unsigned char)*line))
		send(fd, "\n", 1);
}

static void prepare(bool host, FILE *out)
{
	struct run *run = &life.run;
	struct teller *t = &run->teller;
	struct child *c = &life.child;

	memset(&life, 0, sizeof(life));
	options_init(&run->asked);
	run->asked.depth = 2;
	run->asked.start = START_MANUAL;
	strcpy(run->asked.run_id, ID);
	options_decide(&run->asked, SHELL_NONE, &run->decided);
	run->lines.out = host ? out : NULL;
	run_begin(run, host ? HOST_LEVEL : 1, host ? 0 : 1);
	*c = (struct child){ .run = run, .level = host ? 0 : 2, .pace_s = host ? UNKNOWN : 1 };
	c->counts_chain = host;
	if (host) {
		teller_listen(t, lines_hear, &run->lines);
		return;
	}
	teller_listen(t, uplink_hear, NULL);
	c->on_ready = next_level_is_ready;
	c->context = &life;
	t->self->total_kib = 500000;
	t->self->ready_s = 1;
	memset(t->self->archive_sha256, 'a', 64);
	tell_level(t, "level");
	tell_level(t, "ready");
}

static FILE *open_text(char **text, size_t *size)
{
	FILE *f = open_memstream(text, size);

	must(f);
	return f;
}

static void close_log(struct log *log, char **text, const size_t *size)
{
	fclose(log->file);
	log->file = NULL;
	must(*size < TOLD_ROOM + 4 * 1024 + 100); /* one line beyond, and the sentence of it */
	for (size_t i = 0; i < *size; i++)
		must((*text)[i] == '\n' || ((*text)[i] >= ' ' && (*text)[i] <= '~'));
	free(*text);
}

static void check_output(char *text)
{
	char *end = strstr(text, "\n" REPORT_END "\n");

	for (char *p = text; (p = strchr(p, '\t'));) /* cJSON's */
		*p = ' ';
	check_lines(text);
	must(end && !end[strlen("\n" REPORT_END "\n")]); /* the last line, and no other */
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fail_to(keep_quiet, NULL);
	for (int i = 0; i < 3; i++)
		pipes[i] = memfd_create("pipe", 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *input = strndup((const char *)data, size), *rest = input, *line, *text, *logs[2];
	struct artifacts *kept = &life.run.artifacts;
	struct report *r = &life.run.teller.report;
	size_t out_size, log_size[2];
	FILE *out = open_text(&text, &out_size);

	prepare(*input != 'M', out);
	kept->console =
		(struct log){ .file = open_text(&logs[0], &log_size[0]), .left = TOLD_ROOM };
	kept->records =
		(struct log){ .file = open_text(&logs[1], &log_size[1]), .left = TOLD_ROOM };
	for (int i = 0; i < 3; i++)
		must(!ftruncate(pipes[i], 0) && !lseek(pipes[i], 0, SEEK_SET));
	line = strsep(&rest, "\n");
	status = strtoul(*line ? line + 1 : line, NULL, 16) & 0xffff;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			send_line(line);
	for (int i = 0; i < 3; i++)
		lseek(pipes[i], 0, SEEK_SET);
	must(!child_run(&life.child, NULL));
	life.run.lines.out = out; /* the report of the middle, too */
	life.run.asked.report = REPORT_TABLE | REPORT_KTAP | REPORT_LAVA | REPORT_JSON | REPORT_CSV;
	run_print_report(&life.run);
	fclose(out);
	check_output(text);
	check_report(r);
	close_log(&kept->console, &logs[0], &log_size[0]);
	close_log(&kept->records, &logs[1], &log_size[1]);
	must(r->reached >= 0 && r->reached <= MAX_LEVEL);
	for (int i = r->outermost; i < r->reached; i++)
		must(r->levels[i].ready);
	free(text);
	free(input);
	return 0;
}
