// SPDX-License-Identifier: GPL-2.0-or-later
/* A shell on a terminal that is ours: its status, its heartbeats, and its end by the time budget. */
#define _GNU_SOURCE /* posix_openpt */
#include "test.h"
#include "level/shell.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

static int terminal, heartbeats;
static char shown[4096];

static void on_heartbeat(void *context)
{
	(void)context;
	heartbeats++;
}

static int run(const char *typed, double deadline_s)
{
	struct winsize window = { .ws_row = 24, .ws_col = 80 };
	struct shell s = { .level = 2,
			   .heartbeat_s = 0.05,
			   .deadline_s = deadline_s,
			   .on_heartbeat = on_heartbeat };
	size_t len = 0;
	ssize_t n;
	int status;

	terminal = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(terminal >= 0);
	assert_int_equal(grantpt(terminal) | unlockpt(terminal), 0);
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &window), 0);
	s.tty = ptsname(terminal);
	heartbeats = 0;
	assert_int_equal(shell_open(&s), 0);
	assert_int_equal(write_all(terminal, typed, strlen(typed)), 0);
	fcntl(terminal, F_SETFL, O_NONBLOCK);
	status = shell_run(&s);
	while (len < sizeof(shown) - 1 &&
	       (n = read(terminal, shown + len, sizeof(shown) - 1 - len)) > 0)
		len += n;
	shown[len] = '\0';
	close(terminal);
	return status;
}

static void its_status_is_that_of_what_was_typed(void **state)
{
	int status = run("sleep 0.3; exit 3\n", 0);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_true(heartbeats >= 2);
	assert_non_null(strstr(shown, "supernest: a shell in L2; `supernest status`"));
}

static void the_time_budget_ends_it(void **state)
{
	double start_s = now_s();

	assert_int_equal(run("sleep 60\n", now_s() + 0.5), -1);
	assert_true(now_s() - start_s < 5);
	assert_non_null(strstr(shown, "the time budget is used up"));
}

static void without_a_terminal_there_is_none(void **state)
{
	struct shell s = { .tty = "/nowhere/tty" };

	assert_int_equal(shell_open(&s), -1);
	assert_non_null(strstr(last_error(), "/nowhere/tty: No such file"));
}

RUN(T(its_status_is_that_of_what_was_typed), T(the_time_budget_ends_it),
    T(without_a_terminal_there_is_none))
