// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/shell.h"
#include "level/appliance.h"
#include "child/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_BYTES 2048
#define HANGUP_S 2

struct session {
	struct shell *shell;
	int tty, control, pidfd;
	pid_t pid;
	int status; /* wait status; -1: none */
	bool may_start, pipe;
	FILE *report;
	size_t len;
	char line[LINE_BYTES]; /* of the control channel */
};

static void tell_person(const struct session *s, const char *text)
{
	dprintf(s->tty, "supernest: %s\n", text);
}

static void take_line(struct session *s, const char *line)
{
	static const char report[] = "report ";
	struct winsize window = { 0 };

	if (sscanf(line, "size %hu %hu", &window.ws_row, &window.ws_col) == 2)
		ioctl(s->tty, TIOCSWINSZ, &window);
	else if (!strcmp(line, "pipe"))
		s->pipe = true;
	else if (!strcmp(line, "start"))
		s->may_start = true;
	else if (!strncmp(line, report, strlen(report)) && s->report)
		fprintf(s->report, "%s\n", line + strlen(report));
}

static void take_control(struct session *s)
{
	char data[1024];
	ssize_t n = read(s->control, data, sizeof(data));

	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(s->control);
		s->control = -1;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (data[i] != '\n' && s->len < sizeof(s->line) - 1) {
			s->line[s->len++] = data[i];
		} else if (data[i] == '\n') {
			s->line[s->len] = '\0';
			s->len = 0;
			take_line(s, s->line);
		}
	}
}

/* Waits for the control channel or for the shell's end, at most until the next heartbeat. */
static void wait_until_heartbeat(struct session *s)
{
	struct pollfd fds[] = { { .fd = s->control, .events = POLLIN },
				{ .fd = s->pidfd, .events = POLLIN } };
	double until_s = now_s() + s->shell->heartbeat_s, left_s;

	while ((left_s = until_s - now_s()) > 0) {
		if (s->shell->deadline_s && s->shell->deadline_s - now_s() < left_s)
			left_s = s->shell->deadline_s - now_s();
		if (poll(fds, ARRAY_SIZE(fds), left_s > 0 ? left_s * 1000 + 1 : 0) < 1)
			break;
		if (!fds[0].revents)
			break;
		take_control(s);
		fds[0].fd = s->control;
		if (!s->pid && s->may_start)
			break;
	}
}

static void heartbeat(const struct session *s)
{
	s->shell->on_heartbeat(s->shell->context);
}

static bool time_is_up(const struct session *s)
{
	return s->shell->deadline_s && now_s() >= s->shell->deadline_s;
}

static void await_start(struct session *s)
{
	double until_s = now_s() + s->shell->start_s;

	s->report = s->control < 0 ? NULL : fopen(SHELL_REPORT, "we");
	while (s->control >= 0 && !s->may_start && now_s() < until_s && !time_is_up(s)) {
		wait_until_heartbeat(s);
		heartbeat(s);
	}
	if (s->report)
		fclose(s->report);
	s->report = NULL;
}

static void greet(const struct session *s)
{
	char line[200];

	format(line, sizeof(line),
	       "a shell in L%d; `supernest status` says what is known here, exit ends the shell",
	       s->shell->level);
	tell_person(s, line);
}

/* A serial line does not know the window's size; only its terminal does. */
static void ask_window(const struct session *s)
{
	struct winsize window;
	char typed[64];
	size_t len;

	remote_size(s->tty, s->tty, &window, typed, sizeof(typed), &len);
	ioctl(s->tty, TIOCSWINSZ, &window);
}

static void start(struct session *s)
{
	/* For KVM's statistics and other things that developers look at. */
	system_mount(s->shell->appliance, "debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (!s->pipe) {
		tcsetattr(s->tty, TCSANOW, &s->shell->as_found);
		if (!s->shell->control)
			ask_window(s);
		greet(s);
	}
	s->pid = appliance_start_shell(s->shell->tty, s->shell->level, !s->pipe);
	if (s->pid < 0)
		fail("cannot start a shell: %m");
	else
		s->pidfd = syscall(SYS_pidfd_open, s->pid, 0);
}

static bool has_ended(struct session *s)
{
	int status;
	pid_t pid;

	/* PID 1 is the parent of all orphans. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != s->pid)
			continue;
		s->status = status;
		return true;
	}
	return pid < 0;
}

static void hang_up(struct session *s)
{
	double until_s = now_s() + HANGUP_S;

	tell_person(s, "the time budget is used up: this shell is terminated");
	kill(s->pid, SIGHUP);
	while (now_s() < until_s)
		if (has_ended(s))
			return;
		else
			usleep(50000);
	/* The kernel then hangs up the foreground processes of its session. */
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

/* As a script needs it, until we know that a user is there: no echo, and line ends unchanged. */
static void make_plain(int tty, const struct termios *as_found)
{
	struct termios plain = *as_found;

	plain.c_lflag &= ~(ECHO | ECHOE | ECHOK | ECHONL);
	plain.c_oflag &= ~OPOST;
	tcsetattr(tty, TCSANOW, &plain);
}

int shell_open(struct shell *s)
{
	s->control_fd = -1;
	s->tty_fd = open(s->tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->tty_fd < 0 || tcgetattr(s->tty_fd, &s->as_found))
		return fail("%s: %m: without a terminal there is no shell", s->tty);
	if (!s->control) /* a user is there */
		return 0;
	make_plain(s->tty_fd, &s->as_found);
	s->control_fd = open(s->control, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (s->control_fd < 0)
		fail("%s: %m: the size of the terminal is unknown", s->control);
	return 0;
}

int shell_run(struct shell *shell)
{
	struct session s = { .shell = shell,
			     .tty = shell->tty_fd,
			     .control = shell->control_fd,
			     .pidfd = -1,
			     .status = -1 };
	bool hung_up = false;

	await_start(&s);
	start(&s);
	while (s.pid > 0 && !has_ended(&s)) {
		if (time_is_up(&s)) {
			hang_up(&s);
			hung_up = true;
			break;
		}
		wait_until_heartbeat(&s);
		heartbeat(&s);
	}
	tcdrain(s.tty);
	tcsetattr(s.tty, TCSANOW, &shell->as_found);
	if (s.pidfd >= 0)
		close(s.pidfd);
	if (s.control >= 0)
		close(s.control);
	close(s.tty);
	return hung_up ? -1 : s.status;
}
