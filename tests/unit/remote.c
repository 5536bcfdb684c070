// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* posix_openpt */
#include "test.h"
#include "child/remote.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

/* What the shell gets of TYPED, which arrives in pieces of STEP bytes. */
static const char *filtered(const char *typed, size_t step, bool *found)
{
	static char out[256];
	struct escape e = { 0 };
	size_t n = 0, len = strlen(typed);

	for (size_t i = 0; i < len; i += step)
		n += escape_filter(&e, typed + i, len - i < step ? len - i : step, out + n);
	out[n] = '\0';
	*found = e.found;
	return out;
}

static void test_escape(void **state)
{
	static const struct {
		const char *typed, *got;
		bool found;
	} cases[] = {
		{ "ls\r", "ls\r", false },
		{ "~.", "", true },
		{ "~.more", "", true },
		{ "ls\r~.", "ls\r", true },
		{ "ls\n~.rm -r /\r", "ls\n", true },
		{ "ls ~.\r", "ls ~.\r", false }, /* in the middle of a line */
		{ "\r~~.\r", "\r~.\r", false },	 /* a tilde of the shell's own */
		{ "\r~/x\r", "\r~/x\r", false }, /* a home directory */
		{ "\r~\r~.", "\r~\r", true },
		{ "~~~.\r", "~~.\r", false },
		{ "\003~.\r", "\003~.\r", false },
		{ "\377\r~.", "\377\r", true },
	};
	bool found;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (size_t step = 1; step < 8; step++) {
			const char *got = filtered(cases[i].typed, step, &found);

			if (strcmp(got, cases[i].got) || found != cases[i].found)
				wrong("case %zu in steps of %zu: got '%s', %d", i, step, got,
				      found);
		}
}

/* A terminal of our own: the user's side, and the program's. */
static void open_terminal(int *person, int *program)
{
	*person = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(*person >= 0);
	assert_int_equal(grantpt(*person), 0);
	assert_int_equal(unlockpt(*person), 0);
	*program = open(ptsname(*person), O_RDWR | O_NOCTTY);
	assert_true(*program >= 0);
}

static void test_size(void **state)
{
	static const struct {
		const char *answer, *typed;
		int rows, cols;
	} cases[] = {
		{ "\033[50;132R", "", 50, 132 },	   { "ls\r\033[50;132R", "ls\r", 50, 132 },
		{ "\033[A\033[7;9Rxy", "\033[Axy", 7, 9 }, { "ls\r", "ls\r", 24, 80 },
		{ "\033[0;0R", "\033[0;0R", 24, 80 },	   { "", "", 24, 80 },
		{ "\033[5;", "\033[5;", 24, 80 },	   { "\033", "\033", 24, 80 },
	};
	struct winsize window;
	char typed[64];
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct termios before, raw, after;
		int person, program;

		open_terminal(&person, &program);
		tcgetattr(program, &before);
		raw = before;
		cfmakeraw(&raw); /* so that the answer is there, unchanged, before the question */
		tcsetattr(program, TCSANOW, &raw);
		assert_true(write(person, cases[i].answer, strlen(cases[i].answer)) >= 0);
		remote_size(program, program, &window, typed, sizeof(typed), &len);
		typed[len] = '\0';
		assert_int_equal(window.ws_row, cases[i].rows);
		assert_int_equal(window.ws_col, cases[i].cols);
		assert_string_equal(typed, cases[i].typed);
		tcgetattr(program, &after);
		assert_int_equal(after.c_lflag, raw.c_lflag);
		close(program);
		close(person);
	}
}

/* If the kernel knows the size, the terminal is not asked. */
static void test_known_size(void **state)
{
	struct winsize window = { .ws_row = 33, .ws_col = 44 }, is;
	struct pollfd fd = { .events = POLLIN };
	int program;
	size_t len;

	open_terminal(&fd.fd, &program);
	ioctl(program, TIOCSWINSZ, &window);
	remote_size(program, program, &is, NULL, 0, &len);
	assert_int_equal(is.ws_row, 33);
	assert_int_equal(is.ws_col, 44);
	assert_int_equal(len, 0);
	assert_int_equal(poll(&fd, 1, 50), 0);
	close(program);
	close(fd.fd);
}

/* Reads until TEXT came. */
static void await_text(int fd, const char *text)
{
	char got[4096];
	size_t n = 0;
	struct pollfd p = { fd, POLLIN, 0 };

	got[0] = '\0';
	while (!strstr(got, text)) {
		if (poll(&p, 1, 5000) != 1)
			wrong("'%s' instead of '%s'", got, text);
		ssize_t more = read(fd, got + n, sizeof(got) - 1 - n);

		if (more <= 0)
			wrong("'%s' instead of '%s'", got, text);
		n += more;
		got[n] = '\0';
	}
}

static volatile sig_atomic_t escaped;

static void on_escape(int number)
{
	(void)number;
	escaped = 1;
}

static void introduce(void *context, FILE *f)
{
	(void)context;
	fputs("one\ntwo\n", f);
}

/* Bytes in both directions, the window's size, the escape, and the restored terminal. */
static void test_passing_on(void **state)
{
	struct winsize window = { .ws_row = 20, .ws_col = 70 };
	struct termios before, during, after;
	int person, program, in[2], out[2], control[2];
	struct remote t;

	open_terminal(&person, &program);
	ioctl(program, TIOCSWINSZ, &window);
	tcgetattr(program, &before);
	assert_int_equal(pipe(in) | pipe(out) | pipe(control), 0);
	signal(SIGUSR1, on_escape);
	assert_int_equal(remote_start(&t,
				      &(struct remote_ends){ program, program, -1, in[1], out[0],
							     control[1] },
				      introduce, NULL),
			 0);
	tcgetattr(program, &during);
	assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
	await_text(control[0], "report one\nreport two\nsize 20 70\nstart\n");
	window.ws_row = 21;
	ioctl(program, TIOCSWINSZ, &window);
	kill(t.pid, SIGWINCH);
	await_text(control[0], "size 21 70\n");
	assert_int_equal(write(person, "ls \003\r", 5), 5);
	await_text(in[0], "ls \003\r");
	assert_int_equal(write(out[1], "\033[1mfiles\n", 10), 10);
	await_text(person, "\033[1mfiles\n");
	assert_int_equal(write(person, "~.", 2), 2);
	for (int i = 0; i < 500 && !escaped; i++)
		usleep(10000);
	assert_true(escaped);
	assert_int_equal(write(out[1], "last words", 10), 10);
	remote_finish(&t);
	await_text(person, "last words");
	tcgetattr(program, &after);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	assert_int_equal(t.pid, 0);
}

/* A script as input: no raw terminal, no escape; its end is sent as Ctrl-D until the shell takes it. */
static void test_script(void **state)
{
	int person[2], shown[2], in[2], out[2], control[2];
	struct remote t;

	assert_int_equal(pipe(person) | pipe(shown) | pipe(in) | pipe(out) | pipe(control), 0);
	assert_int_equal(write(person[1], "~.\nls", 5), 5);
	close(person[1]);
	assert_int_equal(remote_start(&t,
				      &(struct remote_ends){ person[0], shown[1], -1, in[1], out[0],
							     control[1] },
				      introduce, NULL),
			 0);
	assert_false(t.raw);
	await_text(control[0], "pipe\nstart\n");
	await_text(in[0], "~.\nls\004");
	await_text(in[0], "\004");
	remote_finish(&t);
}

RUN(T(test_escape), T(test_size), T(test_known_size), T(test_passing_on), T(test_script))
