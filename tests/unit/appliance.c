// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* posix_openpt */
#include "test.h"
#include "level/appliance.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <termios.h>

/* An appended archive may be at fault, and not the initramfs: the message says so, and what to do. */
static void what_the_kernel_cannot_unpack_is_explained(void **state)
{
	static const struct {
		const char *message, *says;
	} table[] = {
		{ "invalid magic at start of compressed archive", "a multiple of 4 bytes" },
		{ "compression method xz not configured", "compressed with xz" },
		{ "write error", NULL },
		{ "junk within compressed archive", NULL },
		{ "", NULL },
	};
	char what[200];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		bool explained = appliance_cannot_unpack(table[i].message, what, sizeof(what));

		if (explained != !!table[i].says || (explained && !strstr(what, table[i].says)))
			wrong("%s: %s", table[i].message, explained ? what : "not explained");
	}
}

static int open_terminal(const char **name)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(fd >= 0);
	assert_int_equal(grantpt(fd) | unlockpt(fd), 0);
	*name = ptsname(fd);
	return fd;
}

/* Typed input reaches the shell, on its terminal, and the shell knows its level. */
static void a_shell_has_its_terminal_and_its_level(void **state)
{
	const char *name;
	int fd = open_terminal(&name), status;
	int keep = open(name, O_RDWR | O_NOCTTY); /* so that input waits for the shell */
	char shown[1024] = "";
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(write_all(fd, "echo =$NEST_LEVEL=; tty; exit 3\n", 32), 0);
	pid = appliance_start_shell(name, 5, false);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 3);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (len < sizeof(shown) - 1 && (n = read(fd, shown + len, sizeof(shown) - 1 - len)) > 0)
		len += n;
	assert_non_null(strstr(shown, "=5="));
	assert_non_null(strstr(shown, name));
	close(keep);
	close(fd);
}

RUN(T(what_the_kernel_cannot_unpack_is_explained), T(a_shell_has_its_terminal_and_its_level))
