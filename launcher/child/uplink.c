// SPDX-License-Identifier: GPL-2.0-or-later
#include "child/uplink.h"
#include "child/port.h"
#include "child/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Pages with a known physical address: below 64 KiB, where Linux never allocates memory
 * (early_reserve_memory, arch/x86/kernel/setup.c); a PC's boot sector was there.
 */
#define DOORBELL_PAGE 0x7000
#define READER_MS 60000
struct doorbell {
	uint32_t len;
	char data[UPLINK_ROOM];
};

static void open_doorbell(struct uplink *u)
{
	void *page;
	int fd;

	if (port_allow(DOORBELL_PORT, 4) || port_in32(DOORBELL_PORT) != DOORBELL_MAGIC)
		return;
	fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	page = mmap(NULL, sizeof(*u->doorbell), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    DOORBELL_PAGE);
	u->doorbell = page == MAP_FAILED ? NULL : page;
	close(fd);
}

void uplink_flush(void *context)
{
	struct uplink *u = context;
	size_t len = u->held;

	u->held = 0;
	if (!len)
		return;
	if (u->serial >= 0) {
		write_all(u->serial, u->data, len);
		return;
	}
	if (!u->doorbell) {
		port_write(u->port, u->data, len);
		return;
	}
	u->doorbell->len = len;
	asm volatile("" ::: "memory");
	port_out32(DOORBELL_PORT, DOORBELL_PAGE);
}

int uplink_input(struct uplink *u)
{
	if (u->input < 0)
		u->input = open(TERMINAL_PORT, O_RDWR | O_CLOEXEC);
	return u->input;
}

void uplink_use_serial(struct uplink *u)
{
	if (!u->doorbell)
		u->serial = open(RECORDS_PORT, O_WRONLY | O_CLOEXEC);
}

void uplink_bytes(struct uplink *u, const char *data, size_t len)
{
	if (u->held + len > UPLINK_ROOM)
		uplink_flush(u);
	memcpy((u->doorbell ? u->doorbell->data : u->data) + u->held, data, len);
	u->held += len;
}

/* What a level below has encoded goes up as it came: every reader of records checks and sanitizes them. */
static void put_record(struct uplink *u, const struct record *rec)
{
	char line[RECORD_MAX];
	int len;

	if (rec->line) {
		uplink_bytes(u, rec->line, rec->line_len);
		uplink_bytes(u, "\n", 1);
		return;
	}
	len = record_encode(rec, u->run_id, line);
	if (len > 0)
		uplink_bytes(u, line, len);
	else
		fail("a record of kind %s is too long and was dropped", rec->kind);
}

void uplink_hear(void *context, const struct record *rec)
{
	struct uplink *u = context;

	put_record(u, rec);
	if (strcmp(rec->kind, "out"))
		uplink_flush(u);
}

void uplink_text(void *context, const char *line)
{
	char text[600];

	(void)context;
	format(text, sizeof(text), "supernest: %s\n", line);
	port_write(CONSOLE_PORT, text, strlen(text));
}

/* Bochs has only one such port, at a fixed address.  This check costs no exit. */
static bool lacks_record_port(int level)
{
	return level == 0 && (port_in32(RECORD_PORT) & 0xff) != DEBUGCON_READS &&
	       (port_in32(CONSOLE_PORT) & 0xff) == DEBUGCON_READS;
}

int uplink_open(struct uplink *u, int level)
{
	u->serial = u->input = -1;
	u->held = 0;
	if (port_allow(RECORD_PORT, 4) || port_allow(CONSOLE_PORT, 4) || port_allow(EXIT_PORT, 1))
		return fail("cannot access the ports to the parent: %m");
	u->port = lacks_record_port(level) ? CONSOLE_PORT : RECORD_PORT;
	open_doorbell(u);
	return 0;
}

/* The serial device accepts more than has been read: the parent says when it has read the last record. */
static void await_reader(void)
{
	struct pollfd fd = { open(CONTROL_PORT, O_RDONLY | O_NONBLOCK | O_CLOEXEC), POLLIN, 0 };

	if (fd.fd >= 0 && poll(&fd, 1, READER_MS) == 1)
		return;
	fail("the parent did not read the last record within %d s", READER_MS / 1000);
}

void uplink_end(const struct uplink *u)
{
	if (u->serial >= 0)
		await_reader();
	port_write(EXIT_PORT, (char[]){ EXIT_BYTE }, 1);
}
