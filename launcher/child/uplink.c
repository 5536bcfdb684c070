// SPDX-License-Identifier: GPL-2.0-or-later
#include "child/uplink.h"
#include "child/port.h"
#include "child/wire.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * A page whose physical address we know: below 1 MiB, which Linux never uses as memory
 * (reserve_real_mode, arch/x86/realmode/init.c); where a PC's boot sector once was.
 */
#define DOORBELL_PAGE 0x7000
struct doorbell {
	uint32_t len;
	char data[4092];
};
static struct doorbell *doorbell;

static void open_doorbell(void)
{
	int fd;

	if (port_allow(DOORBELL_PORT, 4) || port_in32(DOORBELL_PORT) != DOORBELL_MAGIC)
		return;
	fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	doorbell = mmap(NULL, sizeof(*doorbell), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			DOORBELL_PAGE);
	if (doorbell == MAP_FAILED)
		doorbell = NULL;
	close(fd);
}

void uplink_record(const char *line, size_t len)
{
	if (!doorbell) {
		port_write(RECORD_PORT, line, len);
		return;
	}
	doorbell->len = len;
	memcpy(doorbell->data, line, len);
	asm volatile("" ::: "memory");
	port_out32(DOORBELL_PORT, DOORBELL_PAGE);
}

void uplink_hear(void *context, const struct record *rec)
{
	char line[RECORD_MAX];
	int len = record_encode(rec, context, line);

	if (len > 0)
		uplink_record(line, len);
	else
		fail("a record of kind %s is too long: lost", rec->kind);
}

void uplink_text(void *context, const char *line)
{
	char text[600];

	(void)context;
	format(text, sizeof(text), "supernest: %s\n", line);
	port_write(CONSOLE_PORT, text, strlen(text));
}

int uplink_open(void)
{
	if (port_allow(RECORD_PORT, 1) || port_allow(CONSOLE_PORT, 1) || port_allow(EXIT_PORT, 1))
		return fail("no access to the ports to the parent: %m");
	open_doorbell();
	return 0;
}

void uplink_end(void)
{
	port_write(EXIT_PORT, (char[]){ EXIT_BYTE }, 1);
}
