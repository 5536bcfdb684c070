// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All that a child can send, from the pipes of its QEMU to the report: relay, launcher.c's judgement,
 * report and writers, as the host's command and as a level between two others.
 *
 * An input is lines; the first character says where one goes: r a record's line as it is, s the body
 * of a record that gets a right sum, c the console, w QEMU's own words.  R, S, C and W: without an end.
 * The first line is H for the host or M for the middle, and QEMU's wait status in hex.
 */
#define _GNU_SOURCE
#include "check.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <unistd.h>

/* Nothing here removes the files of this machine. */
#define unlink(path) ((void)(path), 0)
#define fallocate(...) (errno = EPERM, -1)
#define main supernest_main
#include "../../launcher.c"
#undef main

#define ID "5eed"
#define CHILD (run.from == HOST_LEVEL ? 0 : 2)
#define LOG_SIZE 2000

static int status, pipes[3]; /* console, records, words */

/* ---- what surrounds it ------------------------------------------------------------------- */

int vm_start(struct vm *vm, const struct vm_config *config)
{
	(void)vm;
	(void)config;
	return -1;
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

double vm_cpu_s(const struct vm *vm)
{
	(void)vm;
	return 0.5;
}

/* There is no QEMU whose registers are waited for. */
int usleep(useconds_t us)
{
	(void)us;
	return 0;
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

/* What goes up is a record that the level above can read. */
void uplink_record(const char *line, size_t len)
{
	struct record rec;

	must(len < RECORD_MAX && line[len - 1] == '\n');
	must(record_decode(&rec, ID, line, len) == RECORD_OK);
	must(rec.from >= run.from);
}

void uplink_text(const char *line)
{
	(void)line;
}

int uplink_open(void)
{
	return 0;
}

void uplink_end(void)
{
}

static void keep_quiet(const char *message)
{
	must(strncmp(message, "a record of kind", 16)); /* "... is refused: a bug", "... is lost" */
}

/* ---- an input ---------------------------------------------------------------------------- */

static uint32_t crc32(uint32_t crc, const char *p, size_t len)
{
	for (crc = ~crc; len--;) {
		crc ^= (uint8_t)*p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

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
		send(fd, sum, sprintf(sum, " !%08x;", crc32(crc32(0, ID, 4), line + 1, len)));
	if (islower((unsigned char)*line))
		send(fd, "\n", 1);
}

static void prepare(bool host)
{
	memset(&run, 0, offsetof(struct run, report));
	options_init(&run.opts);
	strcpy(run.opts.run_id, ID);
	report_init(&run.report, 2);
	run.seq = 0;
	run.from = host ? HOST_LEVEL : 1;
	run.opts.level = host ? 0 : 1;
	run.has_parent = !host;
	run.counts_chain = host;
	run.report.outermost = run.opts.level;
	run.deadline_s = 0;
	run.opts.start = START_MANUAL;
	if (host)
		return;
	run.self = report_level(&run.report, 1);
	level_init(&run.told, 1);
	run.self->total_kib = 500000;
	run.self->ready_s = 1;
	strcpy(run.self->archive_sha256, "a");
	tell_level("level");
	tell_level("ready");
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
	must(*size < LOG_SIZE + 4 * 1024 + 100); /* one line beyond, and the sentence of it */
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
	fail_sink = keep_quiet;
	for (int i = 0; i < 3; i++)
		pipes[i] = memfd_create("pipe", 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *input = strndup((const char *)data, size), *rest = input, *line, *text, *logs[2];
	size_t out_size, log_size[2];
	bool host = *input != 'M';

	out = open_text(&text, &out_size);
	prepare(host);
	run.artifacts.console =
		(struct log){ .file = open_text(&logs[0], &log_size[0]), .left = LOG_SIZE };
	run.artifacts.records =
		(struct log){ .file = open_text(&logs[1], &log_size[1]), .left = LOG_SIZE };
	for (int i = 0; i < 3; i++)
		must(!ftruncate(pipes[i], 0) && !lseek(pipes[i], 0, SEEK_SET));
	line = strsep(&rest, "\n");
	status = strtoul(*line ? line + 1 : line, NULL, 16) & 0xffff;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			send_line(line);
	for (int i = 0; i < 3; i++)
		lseek(pipes[i], 0, SEEK_SET);
	/* It has ended: a file is always readable. */
	run.vm = (struct vm){ .pid = -1,
			      .pidfd = pipes[0],
			      .console = pipes[0],
			      .records = pipes[1],
			      .words = pipes[2],
			      .stats = -1,
			      .start_s = now_s() };
	supervise();
	run.has_parent = false; /* the report of the middle, too */
	run.opts.report = REPORT_TABLE | REPORT_KTAP | REPORT_LAVA | REPORT_JSON | REPORT_CSV;
	print_report();
	fclose(out);
	check_output(text);
	check_report(&run.report);
	close_log(&run.artifacts.console, &logs[0], &log_size[0]);
	close_log(&run.artifacts.records, &logs[1], &log_size[1]);
	must(run.report.reached >= 0 && run.report.reached <= MAX_LEVEL);
	for (int i = run.report.outermost; i < run.report.reached; i++)
		must(run.report.levels[i].ready);
	free(text);
	free(input);
	return 0;
}
