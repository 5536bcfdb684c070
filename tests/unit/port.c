// SPDX-License-Identifier: GPL-2.0-or-later
/* If the CPU refuses port I/O, a level uses /dev/port, or does without; other faults stay faults. */
#include "test.h"
#include "child/port.h"

#include <signal.h>
#include <sys/wait.h>

#define ALLOWED 0x80 /* the POST code port: harmless */
#define REFUSED 0x84

static void a_refused_instruction_is_no_crash(void **state)
{
	port_allow(ALLOWED, 1); /* it need not succeed: a container may not */
	assert_true(port_direct());
	port_in32(REFUSED);
	assert_false(port_direct());
	if (access("/dev/port", R_OK | W_OK))
		assert_non_null(strstr(last_error(), "/dev/port cannot be opened"));
	port_in32(REFUSED); /* nor is it tried again */
}

static void another_fault_still_ends_the_program(void **state)
{
	volatile int *nothing = NULL;
	int status;
	pid_t pid;

	signal(SIGSEGV, SIG_DFL);
	pid = fork();
	if (!pid) {
		port_allow(ALLOWED, 1);
		*nothing = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && !WEXITSTATUS(status));
}

RUN(T(a_refused_instruction_is_no_crash), T(another_fault_still_ends_the_program))
