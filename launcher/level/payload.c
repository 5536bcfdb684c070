// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* pipe2 */
#include "level/payload.h"
#include "lib/base64.h"
#include "lib/system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 2880	 /* bytes of output in a record; as base64 they fit into RECORD_MAX */
#define CHUNKS 8	 /* taken at once: these records go up together */
#define DRAIN_BLOCKS 128 /* taken after a program has ended: more than a pipe holds */
#define DIE_S 30 /* a killed process that is still there after this is stuck in the kernel */
#define SHELL "/bin/sh"

/* ---- what there is to run ---------------------------------------------------------------- */

/* Makes a check's id, which has few characters and must not be one of ours. */
static void make_id(const struct payloads *p, const char *name, char *id)
{
	const struct level *self = p->teller->self;
	bool taken = report_check_is_parents(name);

	for (int i = 0; i < self->check_count; i++)
		taken |= !strcmp(self->checks[i].id, name);
	format(id, CHECK_ID, "%s%.30s", taken ? "test_" : "", name);
	for (; *id; id++)
		if (*id >= 'A' && *id <= 'Z')
			*id += 'a' - 'A';
		else if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789", *id))
			*id = '_';
}

static void add(struct payloads *p, const char *name, const char *path)
{
	if (p->count == PAYLOADS_MAX) {
		fail("%s: more than %d programs", path, PAYLOADS_MAX);
		return;
	}
	make_id(p, name, p->id[p->count]);
	format(p->path[p->count++], sizeof(p->path[0]), "%s", path);
}

static int is_program(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void payloads_find(struct payloads *p)
{
	struct dirent **list;
	char path[96];
	int count = scandir(PAYLOAD_DIR, &list, is_program, alphasort);

	p->count = p->next = 0;
	p->program = (struct program){ .pidfd = -1, .out = { -1, -1 } };
	if (*p->decided->exec.command)
		add(p, "exec", "");
	for (int i = 0; i < count; i++) {
		format(path, sizeof(path), PAYLOAD_DIR "/%.60s", list[i]->d_name);
		add(p, list[i]->d_name, path);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
}

/* ---- reporting --------------------------------------------------------------------------- */

static const char *current(const struct payloads *p)
{
	return p->id[p->next];
}

static void begin_record(const struct payloads *p, const char *kind, struct record *rec)
{
	record_init(rec, kind, p->teller->from, p->teller->from);
	record_add(rec, "id", current(p));
}

static void tell_started(struct payloads *p)
{
	struct record rec;

	begin_record(p, "exec", &rec);
	record_add(&rec, "state", "on");
	tell(p->teller, &rec);
}

static void tell_output(struct payloads *p, int stream, const void *data, size_t len)
{
	char text[BASE64_SIZE(CHUNK)];
	struct record rec;

	base64_encode(data, len, text);
	begin_record(p, "out", &rec);
	record_add_number(&rec, "fd", stream + 1);
	record_add(&rec, "data", text);
	tell(p->teller, &rec);
}

/* STATUS is as in a shell. */
static void tell_ended(struct payloads *p, int status, const struct rusage *used)
{
	struct record rec;

	begin_record(p, "exec", &rec);
	record_add(&rec, "state", "off");
	record_add_number(&rec, "status", status);
	record_add_number(&rec, "s", now_s() - p->program.start_s);
	record_add_number(&rec, "cpu_s",
			  used->ru_utime.tv_sec + used->ru_stime.tv_sec +
				  (used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e6);
	tell(p->teller, &rec);
}

static void tell_result(struct payloads *p, struct check *k)
{
	struct teller *t = p->teller;

	strcpy(k->id, current(p));
	strcpy(k->unit, "s");
	level_add_check(t->self, k);
	tell_check(t, t->from, k);
}

/* ---- starting one ------------------------------------------------------------------------ */

/* Decodes nest.exec=, which has %20 for blanks. */
static void decode_command(const char *word, char *command, size_t size)
{
	size_t len = 0;

	for (; *word && len < size - 1; word++)
		if (!strncmp(word, "%20", 3)) {
			command[len++] = ' ';
			word += 2;
		} else {
			command[len++] = *word;
		}
	command[len] = '\0';
}

static void set_environment(const struct payloads *p)
{
	char number[16];

	clearenv();
	setenv("PATH", "/bin", 1);
	setenv("HOME", "/root", 1);
	format(number, sizeof(number), "%d", p->teller->from);
	setenv("NEST_LEVEL", number, 1);
	format(number, sizeof(number), "%d", p->decided->depth);
	setenv("NEST_DEPTH", p->decided->depth == DEPTH_MAX ? "max" : number, 1);
}

static void set_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become(const struct payloads *p, const int *out)
{
	const char *path = p->path[p->next];
	char command[512];
	int in = p->input >= 0 && !p->next ? p->input : open("/dev/null", O_RDONLY);

	setsid(); /* a session of its own tells its processes from ours */
	set_signals();
	set_environment(p);
	/* If memory runs out, the kernel kills it first. */
	system_write(p->appliance, "/proc/self/oom_score_adj", "1000");
	if (in >= 0)
		dup2(in, 0);
	dup2(out[0], 1);
	dup2(out[1], 2);
	syscall(SYS_close_range, 3, ~0U, 0);
	chdir("/");
	mkdir("/dev/shm", 01777); /* for POSIX semaphores and shared memory */
	if (*path) {
		execl(path, path, (char *)NULL);
	} else {
		decode_command(p->decided->exec.command, command, sizeof(command));
		execl(SHELL, "sh", "-c", command, (char *)NULL);
	}
	dprintf(2, "supernest: %s: %s\n", *path ? path : SHELL, strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int fail_start(struct payloads *p)
{
	struct check k = { .result = RESULT_FAIL };

	format(k.detail, sizeof(k.detail), "cannot be started: %s", strerror(errno));
	tell_result(p, &k);
	p->next++;
	return -1;
}

static int start(struct payloads *p)
{
	struct program *g = &p->program;
	int out[2], err[2], writers[2];

	if (pipe2(out, O_CLOEXEC))
		return fail_start(p);
	if (pipe2(err, O_CLOEXEC)) {
		close(out[0]);
		close(out[1]);
		return fail_start(p);
	}
	writers[0] = out[1];
	writers[1] = err[1];
	leftover_begin(&g->leftover);
	g->oom_kills = system_oom_kills();
	g->timed_out = false;
	g->start_s = now_s();
	g->pid = fork();
	if (!g->pid)
		become(p, writers);
	close(out[1]);
	close(err[1]);
	g->out[0] = out[0];
	g->out[1] = err[0];
	for (int i = 0; i < 2; i++)
		fcntl(g->out[i], F_SETFL, O_NONBLOCK);
	if (g->pid < 0) {
		g->pid = 0;
		close_fd(&g->out[0]);
		close_fd(&g->out[1]);
		return fail_start(p);
	}
	g->pidfd = syscall(SYS_pidfd_open, g->pid, 0);
	tell_started(p);
	return 0;
}

/* ---- while it runs ----------------------------------------------------------------------- */

/* Passes a block on.  False if there is nothing now. */
static bool take_output(struct payloads *p, int stream)
{
	struct program *g = &p->program;
	char data[CHUNKS * CHUNK];
	ssize_t n;

	if (g->out[stream] < 0)
		return false;
	n = read(g->out[stream], data, sizeof(data));
	for (ssize_t at = 0; at < n; at += CHUNK)
		tell_output(p, stream, data + at, n - at < CHUNK ? n - at : CHUNK);
	if (n > 0)
		teller_flush(p->teller);
	else if (!n || (errno != EAGAIN && errno != EINTR))
		close_fd(&g->out[stream]);
	return n > 0;
}

void payloads_poll(const struct payloads *p, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = p->program.pidfd, .events = POLLIN };
	for (int i = 0; i < 2; i++)
		fds[i + 1] = (struct pollfd){ .fd = p->program.out[i], .events = POLLIN };
}

/* ---- its end ----------------------------------------------------------------------------- */

static void judge(const struct payloads *p, int status, struct check *k)
{
	const struct program *g = &p->program;
	double limit_s = p->decided->exec.timeout_s; /* or what was left of the run's time */

	check_status(k, status);
	k->value = now_s() - g->start_s;
	if (g->timed_out) {
		check_set(k, RESULT_FAIL, "did not end within %d s, and was killed",
			  (int)((k->value < limit_s ? k->value : limit_s) + 0.5));
	} else if (WIFSIGNALED(status) && system_oom_kills() > g->oom_kills) {
		format(k->detail, sizeof(k->detail), "killed: the level ran out of memory");
	}
}

/* As in a shell; 124, as of timeout(1), if it was killed by its limit. */
static int shell_status(const struct program *g, int status)
{
	return g->timed_out	   ? 124
	       : WIFEXITED(status) ? WEXITSTATUS(status)
				   : 128 + WTERMSIG(status);
}

static void end(struct payloads *p, int status, const struct rusage *used)
{
	struct program *g = &p->program;
	struct check k = { .result = RESULT_PASS };
	int left = leftover_kill(p->appliance, &g->leftover);

	for (int i = 0; i < 2; i++) {
		for (int n = 0; n < DRAIN_BLOCKS && take_output(p, i); n++)
			;
		close_fd(&g->out[i]);
	}
	close_fd(&g->pidfd);
	judge(p, status, &k);
	if (left && k.result != RESULT_FAIL)
		check_set(&k, RESULT_FAIL, "left %d processes that cannot be killed", left);
	tell_ended(p, shell_status(g, status), used);
	tell_result(p, &k);
	g->pid = 0;
	p->next++;
}

/* Stops waiting for a program that was killed and is still there. */
static void abandon(struct payloads *p)
{
	struct check k = { .result = RESULT_FAIL, .value = now_s() - p->program.start_s };

	format(k.detail, sizeof(k.detail), "cannot be killed: it is stuck in the kernel");
	tell_result(p, &k);
	for (int i = 0; i < 2; i++)
		close_fd(&p->program.out[i]);
	close_fd(&p->program.pidfd);
	p->program.pid = 0;
	p->next++;
}

static bool time_is_up(const struct payloads *p)
{
	const struct decided *d = p->decided;

	return now_s() >= p->program.start_s + d->exec.timeout_s ||
	       (d->deadline_s && now_s() >= d->deadline_s);
}

bool payloads_step(struct payloads *p)
{
	struct program *g = &p->program;
	struct rusage used;
	int status;

	while (!g->pid && p->next < p->count)
		start(p);
	if (!g->pid)
		return false;
	take_output(p, 0);
	take_output(p, 1);
	if (wait4(g->pid, &status, WNOHANG, &used) == g->pid) {
		end(p, status, &used);
	} else if (!g->timed_out && time_is_up(p)) {
		g->timed_out = true;
		g->killed_s = now_s();
		kill(g->pid, SIGKILL);
	} else if (g->timed_out && now_s() > g->killed_s + DIE_S) {
		abandon(p);
	}
	return true;
}

/* Time limits must be noticed while nothing is printed. */
#define LOOK_MS 200

void payloads_run(struct payloads *p, double heartbeat_s, void (*on_heartbeat)(void *context),
		  void *context)
{
	double next_heartbeat_s = now_s() + heartbeat_s;
	struct pollfd fds[PAYLOAD_FDS];

	while (payloads_step(p)) {
		payloads_poll(p, fds);
		poll(fds, PAYLOAD_FDS, LOOK_MS);
		if (now_s() < next_heartbeat_s)
			continue;
		on_heartbeat(context);
		next_heartbeat_s = now_s() + heartbeat_s;
	}
}

void payloads_skip_rest(struct payloads *p, const char *why)
{
	struct check k = { .result = RESULT_FAIL };

	format(k.detail, sizeof(k.detail), "was not run: %s", why);
	for (; p->next < p->count; p->next++)
		tell_result(p, &k);
}
