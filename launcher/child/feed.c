// SPDX-License-Identifier: GPL-2.0-or-later
#include "child/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static noreturn void copy(int in, int out)
{
	char data[65536];
	ssize_t n;

	fcntl(in, F_SETFL, fcntl(in, F_GETFL) & ~O_NONBLOCK);
	fcntl(out, F_SETFL, fcntl(out, F_GETFL) & ~O_NONBLOCK);
	while ((n = read(in, data, sizeof(data))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && write_all(out, data, n))
			break; /* QEMU has ended */
	_exit(0);
}

pid_t feed_start(int in, int out)
{
	pid_t launcher = getpid(), pid = fork();

	if (pid < 0)
		return fail("cannot fork for the standard input: %m");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != launcher) /* the launcher has already died */
		_exit(0);
	/* This process must hold no other pipe end open: its reader would wait for us. */
	in = fcntl(in, F_DUPFD, 10);
	out = fcntl(out, F_DUPFD, 10);
	dup2(in, 0);
	dup2(out, 1);
	syscall(SYS_close_range, 2, ~0U, 0);
	copy(0, 1);
}

void feed_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
