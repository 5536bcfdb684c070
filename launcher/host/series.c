// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memfd_create */
#include "host/series.h"
#include "child/child.h"
#include "host/files.h"
#include "host/host.h"
#include "host/outermost.h"
#include "host/series_json.h"
#include "lib/options.h"
#include "lib/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 500

/* ---- running ----------------------------------------------------------------------------- */

/* A failed check for virtualization does not count: the stop reason covers it. */
static bool is_sound(const struct level *lv)
{
	static const char *const virtual[] = { "virt", "kvm", "nested" };
	bool sound = true, follows;

	for (int i = 0; i < lv->check_count; i++) {
		follows = false;
		for (size_t v = 0; v < ARRAY_SIZE(virtual); v++)
			follows |= !strcmp(lv->checks[i].id, virtual[v]);
		sound &= follows || lv->checks[i].result != RESULT_FAIL;
	}
	return sound;
}

static void keep(struct past_run *past, const struct report *r, double seconds)
{
	past->requested = r->requested == DEPTH_OPEN ? MAX_LEVEL : r->requested;
	past->reached = r->reached;
	past->stop = r->stop;
	past->sound = true;
	format(past->detail, sizeof(past->detail), "%.150s", r->detail);
	past->victim = r->ok ? -1 : report_victim(r);
	past->seconds = seconds;
	for (int i = 0; i <= MAX_LEVEL; i++) {
		const struct level *lv = &r->levels[i];

		past->sound &= !r->used[i] || is_sound(lv);
		past->exits[i] = !r->used[i]		? UNKNOWN
				 : lv->exits_chain >= 0 ? lv->exits_chain
							: lv->exits_boot;
		past->overhead_kib[i] = r->used[i] ? lv->overhead_kib : UNKNOWN;
	}
}

static void show(int fd, FILE *out)
{
	char buf[4096];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, out);
}

/* Waits for a run and returns its status.  Passes on a request to stop, and waits for the run's last output. */
static int wait_for(pid_t pid, const volatile int *stop)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), status = 0;
	struct pollfd end = { pidfd, POLLIN, 0 };

	while (pidfd >= 0 && poll(&end, 1, LOOK_MS) != 1)
		if (*stop)
			kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum judgement series_judge(const struct matrix_case *c, const struct past_run *past)
{
	const struct outcome o = { past->status, past->requested, past->reached, past->stop,
				   past->sound };

	return case_judge(c, &o);
}

static bool is_failure(const struct series *s, const struct past_run *past)
{
	const struct matrix_case *c = series_case(s, past->combination);

	if (c)
		return series_judge(c, past) >= CASE_WORSE;
	return past->status != STATUS_OK && past->status != STATUS_SKIPPED;
}

/* Prints a run's line while the others are made. */
static void print_run(const struct series *s, const struct past_run *past, const struct report *r,
		      FILE *out)
{
	char name[200], verdict[600];

	series_name(s, past->combination, name, sizeof(name));
	if (past->status == STATUS_WRONG)
		format(verdict, sizeof(verdict), "wrong use or a broken setup");
	else if (past->status == STATUS_SKIPPED)
		format(verdict, sizeof(verdict), "skipped: this machine cannot do it");
	else if (past->status > 128)
		format(verdict, sizeof(verdict), "supernest was killed by signal %d",
		       past->status - 128);
	else
		report_sentence(r, verdict, sizeof(verdict));
	fprintf(out, "# supernest: run %d of %d%s%s: %s (%.1f s)\n", s->count,
		s->combinations * s->repeat, *name ? ", " : "", name, verdict, past->seconds);
	fflush(out);
}

static void run_one(struct series *s, int combination, once_fn *once, void *context,
		    struct report *shared, const volatile int *stop, FILE *out, FILE *json)
{
	struct past_run *past = &s->runs[s->count++];
	char *arg[SERIES_ARGS];
	int log = memfd_create("output", MFD_CLOEXEC);
	double start_s = now_s();
	pid_t pid;

	report_init(shared, DEPTH_OPEN);
	past->combination = combination;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(log, STDOUT_FILENO);
		past->status = once(context, series_options(s, combination, arg), arg, shared);
		fflush(NULL);
		_exit(past->status);
	}
	past->status = pid < 0 ? STATUS_WRONG : wait_for(pid, stop);
	if (pid < 0)
		fail("fork for a run: %m");
	keep(past, shared, now_s() - start_s);
	if (is_failure(s, past) && !s->quiet)
		show(log, out);
	close(log);
	print_run(s, past, shared, out);
	series_json_run(json, s, past, shared);
}

/* ---- the whole --------------------------------------------------------------------------- */

static int status_of_all(const struct series *s)
{
	bool ok = false, failed = false;

	for (int i = 0; i < s->count; i++) {
		if (s->runs[i].status == STATUS_WRONG)
			return STATUS_WRONG;
		failed |= is_failure(s, &s->runs[i]);
		ok |= s->runs[i].status != STATUS_SKIPPED;
	}
	return failed ? STATUS_NOT : ok ? STATUS_OK : STATUS_SKIPPED;
}

int series_run(struct series *s, once_fn *once, void *context, const volatile int *stop, FILE *out,
	       FILE *json)
{
	struct report *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int runs = s->combinations * s->repeat, status;

	s->runs = calloc(runs, sizeof(*s->runs));
	if (!s->runs || shared == MAP_FAILED) {
		fail("no memory for %d runs", runs);
		return STATUS_WRONG;
	}
	series_json_begin(json);
	while (s->count < runs && !*stop) {
		run_one(s, s->count / s->repeat, once, context, shared, stop, out, json);
		if (is_failure(s, &s->runs[s->count - 1]) && s->stop_on_failure)
			break;
	}
	series_json_end(json);
	series_print(s, out);
	if (s->count < runs)
		fprintf(out, "%d of %d runs were not made\n", runs - s->count, runs);
	munmap(shared, sizeof(*shared));
	status = status_of_all(s);
	return status == STATUS_OK && s->count < runs ? STATUS_NOT : status;
}

/* ---- the command ------------------------------------------------------------------------- */

struct command {
	const struct series *series;
	const struct options *asked;
	const char *text;
};

/* Makes one run of a series, in a process of its own. */
static int run_once(void *context, int argc, char **argv, struct report *r)
{
	const struct command *c = context;
	struct options asked = *c->asked;
	char command[COMMAND_MAX], dir[512];
	int status;

	options_from_args(&asked, CMD_RUN, argc, argv);
	strcpy(command, c->text);
	for (int i = 0; i < argc; i++)
		append_word(command, sizeof(command), argv[i]);
	asked.json_path = NULL; /* the series writes that file */
	if (asked.artifacts) {
		format(dir, sizeof(dir), "%s/%04d", asked.artifacts, c->series->count);
		asked.artifacts = dir;
	}
	status = outermost_run(&asked, command, r);
	return status < 0 ? STATUS_WRONG : status;
}

/* Checks all combinations before the first run. */
static int check(const struct series *s, const struct options *asked)
{
	char *arg[SERIES_ARGS];

	for (int i = 0; i < s->combinations; i++) {
		struct options o = *asked;

		if (options_from_args(&o, CMD_RUN, series_options(s, i, arg), arg))
			return fail("%s: see above", asked->matrix);
		if (o.shell != SHELL_NONE)
			return fail("--shell is for one run, not for a series");
		if (o.program)
			return fail("-- CMD is for one run, not for a series: see --exec");
		if (o.learn)
			return fail("--learn is for one run, not for a series");
		if (o.repeat != asked->repeat || o.matrix != asked->matrix ||
		    o.json_path != asked->json_path || o.artifacts != asked->artifacts)
			return fail("%s: repeat, matrix, json and artifacts belong to the series "
				    "and cannot vary",
				    asked->matrix);
	}
	return 0;
}

static int prepare_cases(struct series *s, const struct options *asked)
{
	struct host h;

	if (!s->case_count)
		return 0;
	if (asked->depth == DEPTH_MAX)
		format(s->depth, sizeof(s->depth), "%d", CASE_DEPTH);
	if (host_learn(&h, asked, files_emulator()))
		return -1;
	series_choose(s, &h);
	return 0;
}

static int run_all(struct series *s, const struct options *asked, const char *command)
{
	struct command c = { s, asked, command };
	FILE *json = NULL;
	int status;

	s->repeat = asked->repeat;
	s->stop_on_failure = asked->stop_on_failure;
	if (series_read(s, asked->matrix) || prepare_cases(s, asked) || check(s, asked))
		return -1;
	if (!s->combinations)
		return fail("%s: none of its cases is for this machine", asked->matrix);
	if (asked->artifacts && mkdir(asked->artifacts, 0777) && errno != EEXIST)
		return fail("%s: %m", asked->artifacts);
	if (asked->json_path && !(json = output_open(asked->json_path)))
		return fail("%s: %m", asked->json_path);
	child_catch_signals();
	status = series_run(s, run_once, &c, &relay_stop_requested, run_lines_file(asked), json);
	if (json && output_close(json))
		return fail("%s: %m", asked->json_path);
	return status;
}

int series_command(const struct options *asked, const char *command)
{
	struct series *s = calloc(1, sizeof(*s));
	int status = s ? run_all(s, asked, command) : -1;

	if (!s)
		fail("out of memory");
	else
		free(s->runs);
	free(s);
	return status;
}
