// SPDX-License-Identifier: GPL-2.0-or-later
#include "port.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

static sigjmp_buf refused;
static volatile sig_atomic_t trying;
static int device = -1; /* /dev/port, once an instruction was refused */

static void on_fault(int signo)
{
	if (trying)
		siglongjmp(refused, 1);
	signal(signo, SIG_DFL); /* a fault of another kind: it comes again, and ends us */
}

int port_allow(int port, int count)
{
	struct sigaction fault = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &fault, NULL);
	return ioperm(port, count, 1);
}

bool port_direct(void)
{
	return device < 0;
}

static void give_up_instructions(void)
{
	trying = 0;
	device = open("/dev/port", O_RDWR | O_CLOEXEC);
	if (device < 0)
		fail("the CPU refuses port I/O, and /dev/port: %m");
}

void port_write(int port, const void *data, size_t len)
{
	const char *p = data, *from = data;
	size_t left = len;

	if (port_direct() && !sigsetjmp(refused, 0)) {
		trying = 1;
		asm volatile("rep outsb" : "+S"(from), "+c"(left) : "d"(port) : "memory");
		trying = 0;
		return;
	}
	if (port_direct())
		give_up_instructions();
	for (size_t i = 0; i < len; i++)
		if (pwrite(device, p + i, 1, port) != 1)
			return;
}

void port_out32(int port, uint32_t value)
{
	if (port_direct() && !sigsetjmp(refused, 0)) {
		trying = 1;
		outl(value, port);
		trying = 0;
		return;
	}
	if (port_direct())
		give_up_instructions();
	pwrite(device, &value, sizeof(value), port);
}

uint32_t port_in32(int port)
{
	uint32_t value = 0;

	if (port_direct() && !sigsetjmp(refused, 0)) {
		trying = 1;
		value = inl(port);
		trying = 0;
		return value;
	}
	if (port_direct())
		give_up_instructions();
	if (pread(device, &value, sizeof(value), port) != sizeof(value))
		return 0;
	return value;
}
