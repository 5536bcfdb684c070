// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a process has waited for a CPU. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "test.h"
#include "host/starved.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_S 0.5

static pid_t start(bool spins)
{
	pid_t pid = fork();
	cpu_set_t one;

	if (pid)
		return pid;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	alarm(60);
	for (;;)
		if (!spins)
			pause();
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Two processes that spin on one CPU: each waits while the other runs. */
static void test_share(void **state)
{
	pid_t one = start(true), other = start(true), idle = start(false);
	struct starved s = { 0 }, none = { 0 };

	usleep(RUN_S * 1e6);
	starved_look(&s, one);
	starved_look(&none, idle);
	assert_in_range(s.waited_s * 1000, RUN_S * 1000 / 5, 60000);
	assert_true(starved_share(&s, RUN_S, 1) >= 0.2);
	assert_true(starved_share(&s, RUN_S, 1) <= 1);
	assert_true(none.waited_s < s.waited_s);
	end(one);
	end(other);
	end(idle);
}

/* What was seen stays when the process has ended, and nothing is known of one that never was. */
static void test_ended(void **state)
{
	struct starved s = { .waited_s = 3 };
	pid_t pid = start(false);

	end(pid);
	starved_look(&s, pid);
	assert_float_equal(starved_share(&s, 10, 1), 0.3, 0.001);
	assert_float_equal(starved_share(&s, 10, 2), 0.15, 0.001);
	assert_float_equal(starved_share(&s, 2, 1), 1, 0);
	s.waited_s = 0;
	starved_look(&s, -1);
	assert_float_equal(starved_share(&s, 10, 1), UNKNOWN, 0);
}

RUN(T(test_share), T(test_ended))
