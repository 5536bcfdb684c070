// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* ppoll, memmem */
#include "child/remote.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 2048 /* a pipe that is ready takes this much without blocking (PIPE_BUF is 4096) */
#define CTRL_D "\004"
#define CTRL_D_MS 1000 /* until it is sent again: a running program may have consumed it */
#define QUIET_MS 200   /* after a silence this long nothing more comes */
#define FINISH_S 10
#define ANSWER_MS 1000

/* ---- the escape -------------------------------------------------------------------------- */

size_t escape_filter(struct escape *e, const char *in, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len && !e->found; i++) {
		if (e->tilde && in[i] == '.') {
			e->found = true;
			break;
		}
		if (e->tilde && in[i] != '~')
			out[n++] = '~';
		if (!e->tilde && !e->mid_line && in[i] == '~') {
			e->tilde = true;
			continue;
		}
		e->tilde = false;
		e->mid_line = in[i] != '\r' && in[i] != '\n';
		out[n++] = in[i];
	}
	return n;
}

/* ---- the window -------------------------------------------------------------------------- */

static bool know_size(int fd, struct winsize *window)
{
	return !ioctl(fd, TIOCGWINSZ, window) && window->ws_row && window->ws_col;
}

/* Finds "ESC [ rows ; cols R" in LEN bytes and removes it. */
static bool cut_answer(char *text, size_t *len, struct winsize *window)
{
	unsigned short rows, cols;
	char *start, *end;

	text[*len] = '\0';
	for (start = text; (start = memchr(start, '\033', text + *len - start)); start++) {
		end = start + 1 + strspn(start + 1, "[;0123456789");
		if (*end != 'R' || sscanf(start, "\033[%hu;%hu", &rows, &cols) != 2 || !rows ||
		    !cols)
			continue;
		window->ws_row = rows;
		window->ws_col = cols;
		memmove(start, end + 1, text + *len - end - 1);
		*len -= end + 1 - start;
		return true;
	}
	return false;
}

/* Moves the cursor as far down and right as it goes, asks where it is, and moves it back. */
static void ask_size(int in, int out, struct winsize *window, char *typed, size_t size, size_t *len)
{
	static const char question[] = "\0337\033[999;999H\033[6n\0338";
	struct pollfd fd = { in, POLLIN, 0 };
	double until_s = now_s() + ANSWER_MS / 1000.0;
	ssize_t n;

	if (write_all(out, question, sizeof(question) - 1))
		return;
	while (now_s() < until_s && *len < size - 1) {
		if (poll(&fd, 1, ANSWER_MS) != 1)
			break;
		n = read(in, typed + *len, size - 1 - *len);
		if (n <= 0)
			break;
		*len += n;
		if (cut_answer(typed, len, window))
			break;
	}
}

static void make_raw(int fd, const struct termios *saved)
{
	struct termios raw = *saved;

	cfmakeraw(&raw);
	tcsetattr(fd, TCSANOW, &raw);
}

void remote_size(int in, int out, struct winsize *window, char *typed, size_t size, size_t *len)
{
	struct termios saved;

	*len = 0;
	if (know_size(in, window) || know_size(out, window))
		return;
	*window = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	if (tcgetattr(in, &saved) || !isatty(out))
		return;
	make_raw(in, &saved);
	ask_size(in, out, window, typed, size, len);
	tcsetattr(in, TCSANOW, &saved);
}

/* ---- passing bytes on, in another process ------------------------------------------------ */

struct flow {
	int from, to; /* -1: it has ended */
	size_t start, end, size;
	char *data;
};

struct pump {
	struct remote_ends ends;
	struct flow typed, shown, control;
	struct escape escape;
	pid_t launcher;
	bool owner;	/* the user's terminal is ours */
	bool from_tty;	/* and its input is a terminal */
	bool typed_all; /* the end of the user's input has come */
};

static volatile sig_atomic_t finish_asked, window_changed;

static void on_finish(int number)
{
	(void)number;
	finish_asked = 1;
}

static void on_window(int number)
{
	(void)number;
	window_changed = 1;
}

static void flow_add(struct flow *f, const char *data, size_t len)
{
	char *bigger;

	if (!len)
		return;
	if (f->start == f->end)
		f->start = f->end = 0;
	if (!f->data || f->end + len > f->size) {
		bigger = realloc(f->data, f->end + len);
		if (!bigger)
			return;
		f->data = bigger;
		f->size = f->end + len;
	}
	memcpy(f->data + f->end, data, len);
	f->end += len;
}

static bool flow_empty(const struct flow *f)
{
	return f->start == f->end;
}

/* Returns the number of bytes, 0 at the end. */
static ssize_t flow_read(struct flow *f, char *data)
{
	ssize_t n = read(f->from, data, CHUNK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -1;
	if (n <= 0)
		f->from = -1;
	return n < 0 ? 0 : n;
}

static void flow_take(struct flow *f)
{
	char data[CHUNK];
	ssize_t n = flow_read(f, data);

	if (n > 0)
		flow_add(f, data, n);
}

static void flow_give(struct flow *f)
{
	size_t len = f->end - f->start;
	ssize_t n = write(f->to, f->data + f->start, len < CHUNK ? len : CHUNK);

	if (n > 0)
		f->start += n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		f->start = f->end = 0; /* it has no reader any more */
}

static void add_size(struct pump *p, const struct winsize *window)
{
	char line[40];

	format(line, sizeof(line), "size %d %d\n", window->ws_row, window->ws_col);
	flow_add(&p->control, line, strlen(line));
}

static void add_typed(struct pump *p, const char *data, size_t len)
{
	char out[CHUNK + 1];
	size_t kept = escape_filter(&p->escape, data, len, out);

	flow_add(&p->typed, out, kept);
}

/* The user's input goes through the escape filter, and its end becomes the shell's end of file. */
static void take_typed(struct pump *p)
{
	char data[CHUNK];
	ssize_t n = flow_read(&p->typed, data);

	if (!n)
		p->typed_all = true;
	if (n <= 0)
		return;
	if (p->from_tty)
		add_typed(p, data, n);
	else
		flow_add(&p->typed, data, n);
	if (p->escape.found) {
		kill(p->launcher, SIGUSR1);
		finish_asked = 1;
	}
}

/* Tells the level with the shell what it must know before it starts the shell. */
static void introduce_terminal(struct pump *p, void (*introduce)(void *context, FILE *report),
			       void *context)
{
	char *text = NULL, *rest, *line, typed[256];
	struct winsize window;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (f) {
		introduce(context, f);
		fclose(f);
	}
	for (rest = text; (line = strsep(&rest, "\n")) && rest;) {
		flow_add(&p->control, "report ", 7);
		flow_add(&p->control, line, strlen(line));
		flow_add(&p->control, "\n", 1);
	}
	free(text);
	if (p->from_tty) {
		remote_size(p->ends.person_in, p->ends.person_out, &window, typed, sizeof(typed),
			    &size);
		add_typed(p, typed, size);
		add_size(p, &window);
	} else {
		flow_add(&p->control, "pipe\n", 5);
	}
	flow_add(&p->control, "start\n", 6);
}

/* Each flow waits for its reader before it reads more, so nothing is lost and little is buffered. */
static void pass_on(struct pump *p, const sigset_t *unblocked)
{
	struct flow *flows[] = { &p->typed, &p->shown, &p->control };
	struct timespec again = { .tv_nsec = CTRL_D_MS % 1000 * 1000000,
				  .tv_sec = CTRL_D_MS / 1000 };
	struct pollfd fds[ARRAY_SIZE(flows)];
	int ready;

	for (size_t i = 0; i < ARRAY_SIZE(flows); i++)
		fds[i] = flow_empty(flows[i])
				 ? (struct pollfd){ .fd = flows[i]->from, .events = POLLIN }
				 : (struct pollfd){ .fd = flows[i]->to, .events = POLLOUT };
	ready = ppoll(fds, ARRAY_SIZE(flows), p->typed_all ? &again : NULL, unblocked);
	if (!ready && flow_empty(&p->typed))
		flow_add(&p->typed, CTRL_D, 1);
	for (size_t i = 0; ready > 0 && i < ARRAY_SIZE(flows); i++) {
		if (!fds[i].revents)
			continue;
		if (!flow_empty(flows[i]))
			flow_give(flows[i]);
		else if (flows[i] == &p->typed && p->owner)
			take_typed(p);
		else
			flow_take(flows[i]);
	}
}

/* The shell's last output is in the pipe, or arrives shortly. */
static void drain(struct pump *p)
{
	struct pollfd out = { .fd = p->shown.to, .events = POLLOUT };
	struct pollfd in = { .events = POLLIN };
	double until_s = now_s() + FINISH_S;

	for (; now_s() < until_s; flow_take(&p->shown)) {
		while (!flow_empty(&p->shown) && now_s() < until_s && poll(&out, 1, 1000) == 1)
			flow_give(&p->shown);
		in.fd = p->shown.from;
		if (in.fd < 0 || !flow_empty(&p->shown) || poll(&in, 1, QUIET_MS) <= 0)
			break;
	}
}

/*
 * In a level, the process that passes bytes on must take precedence over the vCPU that produces them: a
 * virtio console drops bytes for which its pipe has no room.
 */
static void be_prompt(const struct pump *p)
{
	struct sched_param first = { .sched_priority = 1 };

	if (p->launcher == 1)
		sched_setscheduler(0, SCHED_FIFO, &first);
}

static void handle(int number, void (*handler)(int))
{
	sigaction(number, &(struct sigaction){ .sa_handler = handler }, NULL);
}

/* Our signals, SIGTERM and SIGWINCH, may come only while we wait. */
static void block_signals(sigset_t *before)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGWINCH);
	sigprocmask(SIG_BLOCK, &blocked, before);
}

static void set_signals(void)
{
	static const int others[] = { SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGTTOU };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		handle(others[i], SIG_IGN);
	handle(SIGTERM, on_finish);
	handle(SIGWINCH, on_window);
	/* If the launcher dies, this process restores the terminal. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static void restore(struct remote *t)
{
	if (t->raw)
		tcsetattr(t->person, TCSANOW, &t->saved);
	t->raw = false;
}

static void pump(struct remote *t, const struct remote_ends *e, const sigset_t *unblocked,
		 void (*introduce)(void *context, FILE *report), void *context)
{
	struct pump p = {
		.ends = *e,
		.typed = { .from = e->person_in, .to = e->shell_in },
		.shown = { .from = e->shell_out, .to = e->person_out },
		.control = { .from = e->control_in, .to = e->control_out },
		.launcher = t->launcher,
		.owner = e->control_in < 0,
		.from_tty = t->raw,
	};
	struct winsize window;

	set_signals();
	be_prompt(&p);
	if (p.owner)
		introduce_terminal(&p, introduce, context);
	while (!finish_asked) {
		pass_on(&p, unblocked);
		if (window_changed && p.owner && know_size(e->person_in, &window))
			add_size(&p, &window);
		window_changed = 0;
	}
	drain(&p);
	restore(t);
	_exit(0);
}

int remote_start(struct remote *t, const struct remote_ends *ends,
		 void (*introduce)(void *context, FILE *report), void *context)
{
	sigset_t before;

	*t = (struct remote){ .person = ends->person_in, .launcher = getpid() };
	if (ends->control_in < 0 && !tcgetattr(t->person, &t->saved)) {
		t->raw = true;
		make_raw(t->person, &t->saved);
	}
	block_signals(&before);
	t->pid = fork();
	if (!t->pid)
		pump(t, ends, &before, introduce, context);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (t->pid > 0)
		return 0;
	restore(t);
	t->pid = 0;
	return fail("cannot pass on the terminal: %m");
}

void remote_finish(struct remote *t)
{
	double until_s = now_s() + FINISH_S + 2;

	if (!t->pid)
		return;
	kill(t->pid, SIGTERM);
	while (!waitpid(t->pid, NULL, WNOHANG) && now_s() < until_s)
		usleep(10000);
	if (now_s() >= until_s) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	t->pid = 0;
	restore(t);
}
