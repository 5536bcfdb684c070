// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memfd_create */
#include "level/suite_test.h"
#include "lib/base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define QEMU "/bin/qemu-system-x86_64"
#define MACHINE "/share/machine" /* features of this QEMU's microvm that others lack */
#define OUTPUT_MAX (32 << 20)	 /* bytes that a test may print, in the level's memory */
#define NO_LIMIT_S 100000
#define LEVELS_SCALED 5 /* from this level on a limit no longer grows */
#define LOOK_MS 200
#define GUEST_ARGS 128

enum { PASSED = 0, FAILED = 1, SKIPPED = 4, SKIPPED_TOO = 77 }; /* exit statuses */

struct outcome {
	int status;
	char why[500];
};

/* ---- running it -------------------------------------------------------------------------- */

/* A program's output, line by line. */
struct text {
	const char *at, *end;
};

static void become(char *const *argv, const char *dir, int out, int err)
{
	int in = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ OUTPUT_MAX, OUTPUT_MAX });
	if (in >= 0)
		dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (dir)
		chdir(dir);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Runs a program.  Returns its wait status, or -1 (printed).  LATE: it was killed after LIMIT_S. */
static int run(char *const *argv, const char *dir, int out, int err, int limit_s, bool *late)
{
	double end_s = now_s() + limit_s;
	struct pollfd end = { .events = POLLIN };
	siginfo_t ended = { 0 };
	pid_t pid = fork();
	int status;

	*late = false;
	if (pid < 0)
		return fail("%s: cannot be started: %m", argv[0]);
	if (!pid)
		become(argv, dir, out, err);
	setpgid(pid, pid); /* in both processes, so that it is done before any kill */
	end.fd = syscall(SYS_pidfd_open, pid, 0);
	while (!waitid(P_PID, pid, &ended, WEXITED | WNOHANG | WNOWAIT) && !ended.si_pid) {
		if (now_s() >= end_s) {
			*late = true;
			kill(-pid, SIGKILL);
		}
		poll(&end, 1, LOOK_MS);
	}
	if (end.fd >= 0)
		close(end.fd);
	kill(-pid, SIGKILL); /* processes that it leaves behind would disturb the next test */
	if (waitpid(pid, &status, 0) != pid)
		return fail("%s: how it ended is not known: %m", argv[0]);
	return status;
}

static struct text read_output(int fd)
{
	struct stat st;
	char *data = MAP_FAILED;

	if (!fstat(fd, &st) && st.st_size)
		data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return data == MAP_FAILED ? (struct text){ NULL, NULL }
				  : (struct text){ data, data + st.st_size };
}

/* The next line, without its end (CR LF or LF); NULL at the end. */
static const char *next_line(struct text *t, int *len)
{
	const char *line = t->at, *end;

	if (line == t->end)
		return NULL;
	end = memchr(line, '\n', t->end - line);
	t->at = end ? end + 1 : t->end;
	end = end ? end : t->end;
	*len = end - line - (end > line && end[-1] == '\r');
	return line;
}

/* Finds the first or the last line with WORD, and copies what follows WORD.  False if there is none. */
static bool find_behind(struct text t, const char *word, bool last, char *buf, size_t size)
{
	const char *line, *at;
	bool found = false;
	int len;

	while ((last || !found) && (line = next_line(&t, &len))) {
		at = memmem(line, len, word, strlen(word));
		if (!at)
			continue;
		at += strlen(word);
		format(buf, size, "%.*s", (int)(line + len - at), at);
		found = true;
	}
	return found;
}

/* ---- a guest ----------------------------------------------------------------------------- */

/* The machine that kvm-unit-tests need, as far as this QEMU has it: firmware, and a PC's old devices. */
static void find_machine(char *machine, size_t size)
{
	char has[200];

	if (read_text(MACHINE, has, sizeof(has)))
		has[0] = '\0';
	if (*has >= 'a' && *has <= 'z') /* the user's own choice */
		format(machine, size, "%s", has);
	else
		format(machine, size,
		       "microvm,isa-serial=on,pit=on,pic=on,rtc=on,auto-kernel-cmdline=off,"
		       "x-option-roms=off%s",
		       strstr(has, "x-direct-boot") ? ",x-direct-boot=off" : "");
}

/* Replaces a CPU model that this QEMU lacks by "max"; its features stay. */
static void choose_cpu(const char *asked, char *cpu, size_t size)
{
	size_t model = strcspn(asked, ",");
	bool is_known = (model == 4 && !strncmp(asked, "host", 4)) ||
			(model == 3 && !strncmp(asked, "max", 3));

	format(cpu, size, "%s%s", is_known ? "" : "max", is_known ? asked : asked + model);
}

/* ARGV is FILE and more QEMU options. */
static int run_guest(int argc, char **argv, int out, int err, int limit_s, bool *late)
{
	static const char *const always[] = {
		QEMU,	   "-nodefaults", "-no-user-config", "-display",
		"none",	   "-no-reboot",  "-accel",	     "kvm",
		"-L",	   "/share",	  "-bios",	     "/share/qboot.rom",
		"-serial", "stdio",	  "-device",	     "isa-debug-exit,iobase=0xf4,iosize=0x4"
	};
	char *word[GUEST_ARGS + 1], machine[300], cpu[600] = "max";
	int count = ARRAY_SIZE(always);

	if (argc + count + 5 > GUEST_ARGS)
		return fail("%s: more than %d arguments for QEMU", argv[0], GUEST_ARGS);
	memcpy(word, always, sizeof(always));
	find_machine(machine, sizeof(machine));
	word[count++] = "-M";
	word[count++] = machine;
	word[count++] = "-kernel";
	word[count++] = argv[0];
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "-cpu") && i + 1 < argc)
			choose_cpu(argv[++i], cpu, sizeof(cpu));
		else
			word[count++] = argv[i];
	word[count++] = "-cpu";
	word[count++] = cpu;
	word[count] = NULL;
	return run(word, NULL, out, err, limit_s, late);
}

/* The last message of QEMU, without its prefix; or "". */
static void last_word(struct text t, char *buf, size_t size)
{
	static const char name[] = "qemu-system-x86_64: ";
	const int prefix = sizeof(name) - 1;
	const char *line;
	int len;

	*buf = '\0';
	while ((line = next_line(&t, &len))) {
		int skip = len >= prefix && !memcmp(line, name, prefix) ? prefix : 0;

		if (!memmem(line, len, "arning", 6))
			format(buf, size, "%.*s", len - skip, line + skip);
	}
}

/* A feature that this QEMU lacks is not a failure of KVM. */
static bool is_of_qemu(const char *said)
{
	static const char *const sayings[] = {
		"not a valid device model", "unable to find CPU model", "' not found",
		"unsupported machine type", "does not support",		"Cannot allocate memory",
	};

	for (size_t i = 0; i < ARRAY_SIZE(sayings); i++)
		if (strstr(said, sayings[i]))
			return true;
	return false;
}

static void set(struct outcome *o, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void set(struct outcome *o, int status, const char *fmt, ...)
{
	va_list args;

	o->status = status;
	va_start(args, fmt);
	vsnprintf(o->why, sizeof(o->why), fmt, args);
	va_end(args);
}

/* With isa-debug-exit, QEMU's exit status is twice what the guest wrote, plus 1. */
static void judge_guest(int status, bool late, int limit_s, const char *said, struct outcome *o)
{
	const char *colon = *said ? ": " : "";
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (late)
		set(o, FAILED, "did not end within %d s%s%s", limit_s, colon, said);
	else if (code < 0)
		set(o, FAILED, "QEMU was killed by signal %d%s%s", WTERMSIG(status), colon, said);
	else if (code == 1 && !*said)
		set(o, PASSED, "%s", "");
	else if (code == 1 && is_of_qemu(said))
		set(o, SKIPPED_TOO, "this QEMU: %s", said);
	else if (code == 1)
		set(o, FAILED, "%s", said);
	else if (!code)
		set(o, FAILED, "it ended without writing to isa-debug-exit%s%s", colon, said);
	else if (code == SKIPPED_TOO || code >> 1 == SKIPPED_TOO) /* kvm-unit-tests halve it */
		set(o, SKIPPED_TOO, "%s", "");
	else
		set(o, code >> 1, "it exited with %d%s%s", code >> 1, colon, said);
}

/* The first failure that kvm-unit-tests report, and their summary; or why they skip all. */
static void summarize(struct text t, struct outcome *o)
{
	char failed[200] = "", summary[200] = "";
	bool is_there = find_behind(t, "FAIL: ", false, failed, sizeof(failed));

	if (find_behind(t, "SUMMARY: ", true, summary, sizeof(summary)) || is_there)
		format(o->why, sizeof(o->why), "%s%s%s", failed, *failed && *summary ? "; " : "",
		       summary);
}

static void explain_guest(struct text t, struct outcome *o)
{
	if (o->status == SKIPPED_TOO && !*o->why)
		find_behind(t, "SKIP: ", false, o->why, sizeof(o->why));
	else if (o->status != PASSED && o->status != SKIPPED_TOO)
		summarize(t, o);
}

/* ---- a program --------------------------------------------------------------------------- */

static int run_program(char *file, int out, int limit_s, bool *late)
{
	char dir[1024], *argv[] = { file, NULL };

	format(dir, sizeof(dir), "%.*s", (int)(strrchr(file, '/') - file), file);
	return run(argv, dir, out, out, limit_s, late);
}

/*
 * Finds what test_assert() of Linux's tools/testing/selftests/kvm/lib/assert.c prints: "  FILE:LINE:
 * EXPRESSION", the process, its stack, and perhaps a message, which says more than the expression.
 */
static bool find_assertion(struct text t, char *buf, size_t size)
{
	static const char head[] = "==== Test Assertion Failure ====";
	char place[300], *file;
	const char *line;
	int len;

	if (t.at)
		t.at = memmem(t.at, t.end - t.at, head, sizeof(head) - 1);
	if (!t.at)
		return false;
	next_line(&t, &len);
	line = next_line(&t, &len);
	format(place, sizeof(place), "%.*s", line ? len : 0, line ? line : "");
	for (file = place + strcspn(place, ":"); file > place && !strchr("/ ", file[-1]); file--)
		;
	while ((line = next_line(&t, &len)) && len > 2 && !strncmp(line, "  ", 2)) {
		if (strchr(" (", line[2]) || !strncmp(line, "  pid=", 6))
			continue;
		file[strcspn(file, " ")] = '\0'; /* keeps "FILE:LINE:" */
		format(buf, size, "%s %.*s", file, len - 2, line + 2);
		return true;
	}
	format(buf, size, "%s", file);
	return true;
}

/* The last line of a program, if it gives no reason as TAP does. */
static void find_last_line(struct text t, char *buf, size_t size)
{
	const char *line;
	int len;

	while ((line = next_line(&t, &len)))
		if (len)
			format(buf, size, "%.*s", len, line);
}

static void find_reason_to_skip(struct text t, char *buf, size_t size)
{
	char text[300] = "", *p = text;

	if (!find_behind(t, "# SKIP", true, text, sizeof(text)))
		find_last_line(t, text, sizeof(text));
	p += strspn(p, " -");
	format(buf, size, "%s", p);
}

/* Why it failed or was skipped, if it prints that as the kernel's selftests do. */
static void judge_program(int status, bool late, int limit_s, struct text t, struct outcome *o)
{
	char last[200] = "";

	find_last_line(t, last, sizeof(last));
	set(o, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), "%s", "");
	if (late)
		set(o, o->status, "did not end within %d s", limit_s);
	else if (o->status == SKIPPED || o->status == SKIPPED_TOO)
		find_reason_to_skip(t, o->why, sizeof(o->why));
	else if (o->status && !find_assertion(t, o->why, sizeof(o->why)))
		set(o, o->status, "%s %d%s%s",
		    WIFSIGNALED(status) ? "killed by signal" : "exit status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : o->status, *last ? ": " : "", last);
}

/* ---- its result -------------------------------------------------------------------------- */

static void print_output(struct text t)
{
	const char *line;
	int len;

	while ((line = next_line(&t, &len)))
		printf("# %.*s\n", len, line);
}

static void print_result(const char *number, const char *name, const struct outcome *o)
{
	if (o->status == PASSED)
		printf("ok %s - %s\n", number, name);
	else if (o->status == SKIPPED || o->status == SKIPPED_TOO)
		printf("ok %s - %s # SKIP %s\n", number, name, o->why);
	else
		printf("not ok %s - %s # %s\n", number, name, o->why);
}

/* PATH=VALUE: whether the file holds the value; if not, O says so. */
static bool holds(const char *condition, struct outcome *o)
{
	const char *equals = strchr(condition, '=');
	char path[300], is[300];

	format(path, sizeof(path), "%.*s", (int)strcspn(condition, "="), condition);
	if (read_text(path, is, sizeof(is)))
		is[0] = '\0';
	if (equals && !strcmp(is, equals + 1))
		return true;
	set(o, SKIPPED_TOO, "%s is not %s", path, equals ? equals + 1 : "");
	return false;
}

/* Exits cost about four times as much in each level. */
static int scale(const char *limit)
{
	const char *level = getenv("NEST_LEVEL");
	int levels = level ? atoi(level) : 0, s = atoi(limit);

	return !s ? NO_LIMIT_S : s << 2 * (levels < LEVELS_SCALED ? levels : LEVELS_SCALED);
}

static int run_test(int argc, char **argv, int limit_s, struct outcome *o)
{
	int out = memfd_create("output", MFD_CLOEXEC), err = memfd_create("errors", MFD_CLOEXEC);
	bool guest = !strcmp(argv[0], "guest"), late = false;
	char said[300];
	int status;

	if (out < 0 || err < 0)
		return fail("memfd_create: %m");
	status = guest ? run_guest(argc - 1, argv + 1, out, err, limit_s, &late)
		       : run_program(argv[1], out, limit_s, &late);
	if (status < 0)
		return -1;
	print_output(read_output(out));
	if (guest) {
		last_word(read_output(err), said, sizeof(said));
		judge_guest(status, late, limit_s, said, o);
		explain_guest(read_output(out), o);
	} else {
		judge_program(status, late, limit_s, read_output(out), o);
	}
	return 0;
}

int command_test(int argc, char **argv)
{
	struct outcome o = { 0 };
	bool can_run = true;
	int first = 3; /* after the conditions */

	if (argc >= 4 && !strcmp(argv[2], "skip")) {
		set(&o, SKIPPED_TOO, "%s", argv[3]);
	} else {
		for (; can_run && first < argc && *argv[first] == '/'; first++)
			can_run = holds(argv[first], &o);
		if (can_run && first + 2 > argc)
			return fail("usage: test NUMBER NAME LIMIT_S guest|program FILE");
		if (can_run && run_test(argc - first, argv + first, scale(argv[2]), &o))
			return -1;
	}
	print_result(argv[0], argv[1], &o);
	return 0;
}

int command_guest(int argc, char **argv)
{
	int err = memfd_create("errors", MFD_CLOEXEC), status;
	struct outcome o;
	char said[300];
	bool late = false;

	if (argc < 1)
		return fail("usage: guest FILE [QEMU OPTION...]");
	if (err < 0)
		return fail("memfd_create: %m");
	status = run_guest(argc, argv, STDOUT_FILENO, err, NO_LIMIT_S, &late);
	if (status < 0)
		return -1;
	last_word(read_output(err), said, sizeof(said));
	judge_guest(status, late, NO_LIMIT_S, said, &o);
	if (*o.why)
		fail("%s", o.why);
	return o.status;
}
