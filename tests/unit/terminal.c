// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* posix_openpt */
#include "test.h"
#include "report/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

static struct terminal t;
static int master = -1, slave = -1;
static char text[1 << 16];

static void resize(int columns, int rows)
{
	struct winsize size = { .ws_col = columns, .ws_row = rows };

	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
}

static int open_pty(void **state)
{
	struct termios raw;

	master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	assert_int_equal(tcgetattr(slave, &raw), 0);
	raw.c_oflag &= ~OPOST; /* read what was written, byte by byte */
	assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	resize(40, 12);
	memset(&t, 0, sizeof(t));
	return 0;
}

static int close_pty(void **state)
{
	close(slave);
	close(master);
	return 0;
}

/* The output since the last call; the terminal can be read at once. */
static const char *written(void)
{
	ssize_t n = read(master, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void show(int lines, const char *second)
{
	struct frame *f = terminal_frame(&t);

	for (int i = 0; i < lines; i++)
		line_add(f, frame_line(f), STYLE_GREEN, "%s %d", i == 1 ? second : "line", i);
	terminal_show(&t);
}

static void test_which(void **state)
{
	int null = open("/dev/null", O_RDWR);

	assert_false(terminal_open(&t, null));
	close(null);
	assert_true(terminal_open(&t, slave));
	assert_true(t.color && t.utf8);
	setenv("NO_COLOR", "1", 1);
	setenv("LC_ALL", "C", 1);
	assert_true(terminal_open(&t, slave));
	assert_false(t.color || t.utf8);
	setenv("NO_COLOR", "", 1); /* no-color.org: when present and not empty */
	setenv("LC_ALL", "", 1);
	setenv("LC_CTYPE", "de_DE.utf8", 1);
	setenv("LANG", "C", 1);
	assert_true(terminal_open(&t, slave));
	assert_true(t.color && t.utf8);
	setenv("TERM", "dumb", 1);
	assert_false(terminal_open(&t, slave));
	unsetenv("TERM");
	assert_false(terminal_open(&t, slave));
}

/* Unchanged text is not written again, so that nothing flickers. */
static void test_changes_only(void **state)
{
	assert_true(terminal_open(&t, slave));
	assert_string_equal(written(), "");
	show(2, "second");
	assert_string_equal(written(), "\r\033[J\033[32mline 0\033[m\033[K\r\n"
				       "\033[32msecond 1\033[m\033[K\r\n");
	show(2, "second");
	assert_string_equal(written(), "");
	show(2, "other");
	assert_string_equal(written(), "\r\033[2A\r\n\033[32mother 1\033[m\033[K\r\n");
	show(3, "other");
	assert_string_equal(written(), "\r\033[2A\r\n\r\n\033[32mline 2\033[m\033[K\r\n");
	show(1, "");
	assert_string_equal(written(), "\r\033[3A\r\n\033[J");
	terminal_hide(&t);
	assert_string_equal(written(), "\r\033[1A\033[J");
	show(1, "");
	assert_string_equal(written(), "\r\033[32mline 0\033[m\033[K\r\n");
	terminal_leave(&t);
	assert_string_equal(written(), "\r\033[K\r\n");
}

static void test_resize(void **state)
{
	struct frame *f;

	assert_true(terminal_open(&t, slave));
	f = terminal_frame(&t);
	assert_int_equal(f->columns, 39);
	assert_int_equal(f->rows, 11);
	line_repeat(f, frame_line(f), STYLE_PLAIN, "x", 1000);
	assert_int_equal(f->lines[0].width, 39);
	terminal_show(&t);
	written();
	/* The line takes four rows now. */
	resize(10, 5);
	show(1, "");
	assert_string_equal(written(), "\r\033[4A\033[J\033[32mline 0\033[m\033[K\r\n");
	resize(0, 0); /* it does not say */
	f = terminal_frame(&t);
	assert_int_equal(f->columns, 79);
	assert_int_equal(f->rows, 23);
	resize(1000, 1000);
	f = terminal_frame(&t);
	for (int i = 0; i < 2000; i++) {
		struct line *l = frame_line(f);

		assert_true((i < TERMINAL_ROWS) == (l != NULL));
		for (int n = 0; l && n < 100; n++) {
			line_repeat(f, l, n % 2 ? STYLE_RED : STYLE_DIM, "\xe2\x94\x81", 2);
			line_add(f, l, STYLE_RED, "%s", "\033");
		}
		if (l)
			assert_true(l->width <= TERMINAL_COLUMNS && l->len < sizeof(l->text));
	}
	resize(1, 1);
	f = terminal_frame(&t);
	assert_null(frame_line(f));
	terminal_show(&t);
}

/* A terminal that the user stopped (Ctrl-S) does not stop us, and is up to date when it resumes. */
static void test_stopped(void **state)
{
	assert_true(terminal_open(&t, slave));
	show(1, "");
	written();
	assert_int_equal(tcflow(slave, TCOOFF), 0);
	for (int i = 2; i < 9; i++)
		show(i, "second");
	terminal_hide(&t);
	assert_string_equal(written(), "");
	assert_int_equal(tcflow(slave, TCOON), 0);
	show(2, "second");
	assert_string_equal(written(), "\r\033[1A\r\n\033[32msecond 1\033[m\033[K\r\n");
	/* After we were stopped, the shell has written below our lines: new ones are painted. */
	raise(SIGCONT);
	show(2, "second");
	assert_string_equal(written(), "\r\033[32mline 0\033[m\033[K\r\n"
				       "\033[32msecond 1\033[m\033[K\r\n");
}

#define PTY(test) cmocka_unit_test_setup_teardown(test, open_pty, close_pty)

RUN(PTY(test_which), PTY(test_changes_only), PTY(test_resize), PTY(test_stopped))
