// SPDX-License-Identifier: GPL-2.0-or-later
#include "child/port.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

static sigjmp_buf refused;
static volatile sig_atomic_t trying;
static struct sigaction before; /* the handler of other faults */
#define NOT_NEEDED (-1)
#define MISSING (-2)
static int device = NOT_NEEDED; /* of /dev/port, used once an instruction was refused */

static void on_fault(int signo)
{
	if (trying)
		siglongjmp(refused, 1);
	sigaction(signo, &before, NULL); /* not from our instruction: it is raised again */
}

int port_allow(int port, int count)
{
	struct sigaction fault = { .sa_handler = on_fault, .sa_flags = SA_NODEFER | SA_ONSTACK };
	static bool watching;

	if (!watching)
		sigaction(SIGSEGV, &fault, &before);
	watching = true;
	return ioperm(port, count, 1);
}

bool port_direct(void)
{
	return device == NOT_NEEDED;
}

static void fall_back_to_device(void)
{
	trying = 0;
	device = open("/dev/port", O_RDWR | O_CLOEXEC);
	if (device >= 0)
		return;
	device = MISSING; /* do not try again */
	fail("the CPU refuses port I/O, and /dev/port cannot be opened: %m");
}

enum how { OUT_BYTES, OUT_LONG, IN_LONG };

static bool by_instruction(enum how how, int port, void *data, size_t len)
{
	if (!port_direct())
		return false;
	if (sigsetjmp(refused, 0)) {
		fall_back_to_device();
		return false;
	}
	trying = 1;
	switch (how) {
	case OUT_BYTES:
		asm volatile("rep outsb" : "+S"(data), "+c"(len) : "d"(port) : "memory");
		break;
	case OUT_LONG:
		outl(*(uint32_t *)data, port);
		break;
	case IN_LONG:
		*(uint32_t *)data = inl(port);
		break;
	}
	trying = 0;
	return true;
}

void port_write(int port, const void *data, size_t len)
{
	const char *p = data;

	if (by_instruction(OUT_BYTES, port, (void *)data, len))
		return;
	for (size_t i = 0; i < len; i++)
		if (pwrite(device, p + i, 1, port) != 1)
			return;
}

void port_out32(int port, uint32_t value)
{
	if (!by_instruction(OUT_LONG, port, &value, sizeof(value)))
		pwrite(device, &value, sizeof(value), port);
}

uint32_t port_in32(int port)
{
	uint32_t value = 0;

	if (!by_instruction(IN_LONG, port, &value, sizeof(value)) &&
	    pread(device, &value, sizeof(value), port) != sizeof(value))
		return 0;
	return value;
}
