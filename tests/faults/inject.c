// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inject: breaks the level that it runs in, where a shell cannot.
 *
 *	cpu CODE		the CPU runs this code in the kernel, with interrupts off
 *	kernel FILE CODE	so does the next level, from the entry point of this kernel on
 *	pid1 kill|exit		PID 1 dies of a bad instruction, or leaves
 *	flip FILE TEXT		one bit of the file changes, where the text is
 *	send WHAT		hostile bytes or forged records to the level above
 *	flood			lines to its console, for ever
 *	eat PID			all memory, as long as this process is there
 *	clock			the wall clock jumps by an hour, to and fro, for ever
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/base.h"
#include "child/port.h"
#include "report/record.h"
#include "child/uplink.h"
#include "child/wire.h"
#include "lib/options.h"

#define MSR_LSTAR 0xc0000082 /* where a system call enters the kernel */
#define KERNEL_MAP \
	0xffffffff80000000 /* virtual address of the physical 0 (Documentation/arch/x86/x86_64/mm.rst) */
#define ENTRY_64 0x200 /* of a bzImage's code (Documentation/arch/x86/boot.rst) */

#define CODE(name, bytes) name, bytes, sizeof(bytes) - 1

static const struct code {
	const char *name, *bytes;
	size_t len;
} codes[] = {
	{ CODE("spin", "\xfa\xeb\xfe") },     /* cli; jmp . */
	{ CODE("halt", "\xfa\xf4\xeb\xfd") }, /* cli; hlt; jmp the hlt */
	{ CODE("exits",
	       "\xfa\x31\xc0\x0f\xa2\xeb\xfa") }, /* cli; xor eax, eax; cpuid; jmp the xor */
	/* lidt of a table without entries; ud2 */
	{ CODE("triple", "\x0f\x01\x1d\x02\0\0\0\x0f\x0b\0\0\0\0\0\0\0\0\0\0") },
	/* "~" and a newline to the console's port, for ever */
	{ CODE("flood", "\xfa\xb0\x7e\xe6\xe9\xb0\x0a\xe6\xe9\xeb\xf6") },
	/* the time-stamp counter's low byte to the records' port, for ever */
	{ CODE("garbage", "\xfa\x0f\x31\xe6\xe5\xeb\xfa") },
};

static void die(const char *what)
{
	fail("inject: %s: %m", what);
	exit(1);
}

static const struct code *code_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (!strcmp(codes[i].name, name))
			return &codes[i];
	fail("inject: no code is called %s", name);
	exit(1);
}

static void inject_cpu(const struct code *code)
{
	int msr = open("/dev/cpu/0/msr", O_RDONLY), mem = open("/dev/mem", O_RDWR);
	uint64_t entry;
	char *page;

	if (msr < 0 || pread(msr, &entry, sizeof(entry), MSR_LSTAR) != sizeof(entry))
		die("/dev/cpu/0/msr");
	entry -= KERNEL_MAP;
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, mem, entry & ~4095ull);
	if (page == MAP_FAILED)
		die("/dev/mem");
	memcpy(page + entry % 4096, code->bytes, code->len);
	getpid(); /* does not come back */
	for (;;)
		sleep(1);
}

static void write_at(const char *path, const void *data, size_t len, off_t offset)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || pwrite(fd, data, len, offset) != (ssize_t)len)
		die(path);
	close(fd);
}

static void inject_kernel(const char *path, const struct code *code)
{
	uint8_t setup_sectors;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || pread(fd, &setup_sectors, 1, 0x1f1) != 1)
		die(path);
	write_at(path, code->bytes, code->len, (setup_sectors + 1) * 512 + ENTRY_64);
}

/* PID 1 waits in a system call; whichever instruction it executes next is one of these. */
static void inject_pid1(bool leaves)
{
	static const char leave[] = "\x31\xff\xb8\x3c\0\0\0\x0f\x05"; /* exit(0) */
	unsigned long start = 0, end = 0;
	char line[256], access[8] = "", *text;
	FILE *maps = fopen("/proc/1/maps", "r");

	while (maps && strcmp(access, "r-xp") && fgets(line, sizeof(line), maps))
		sscanf(line, "%lx-%lx %7s", &start, &end, access);
	text = malloc(end - start);
	if (!text)
		die("/proc/1/maps");
	memset(text, leaves ? 0x90 : 0x06,
	       end - start); /* nop; push es, which 64-bit mode has not */
	if (leaves)
		memcpy(text + (end - start) - sizeof(leave), leave, sizeof(leave) - 1);
	write_at("/proc/1/mem", text, end - start, start);
}

static void flip(const char *path, const char *text)
{
	int fd = open(path, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	char *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0), *found, changed;

	if (data == MAP_FAILED)
		die(path);
	for (found = data; found < data + size - strlen(text); found++)
		if (!memcmp(found, text, strlen(text)))
			break;
	if (found == data + size - strlen(text))
		die(text);
	changed = *found ^ 1;
	write_at(path, &changed, 1, found - data);
}

/* ---- to the level above -------------------------------------------------------------------- */

static struct uplink up;
static char run_id[20];
static int level;

static void learn(void)
{
	char cmdline[4096];
	const char *id, *number;

	read_text("/proc/cmdline", cmdline, sizeof(cmdline));
	id = strstr(cmdline, "nest.id=");
	number = strstr(cmdline, "nest.level=");
	if (!id || !number || uplink_open(&up, LEVEL_NONE))
		die("no level above");
	sscanf(id, "nest.id=%16[0-9a-f]", run_id);
	level = atoi(number + strlen("nest.level="));
}

static void both(const void *bytes, size_t len)
{
	port_write(RECORD_PORT, bytes, len);
	port_write(CONSOLE_PORT, bytes, len);
}

static void send_bytes(void)
{
	static const char hostile[] =
		"a\0b\0\n\0\n" /* NUL */
		"\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[6n\x9b"
		"5n\n"						 /* what a terminal obeys */
		"\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\n" /* not UTF-8 */
		"\r\b\b\b\x7f\t\v\f\n"
		"<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=l9_ready RESULT=pass>\n"
		"# supernest: end\n"
		"{\"schema\": \"supernest-report/1\"}\n";

	both(hostile, sizeof(hostile) - 1);
}

static void send_garbage(void)
{
	char data[4096];
	uint32_t x = 1;

	for (int n = 0; n < 2; n++) {
		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (x = x * 1664525 + 1013904223) >> 24;
		both(data, sizeof(data));
	}
	both("\n", 1);
}

static void raw(const char *data, size_t len)
{
	uplink_bytes(&up, data, len);
	uplink_flush(&up);
}

/* 10 MB without a newline */
static void send_line(void)
{
	static char data[4000];

	memset(data, 'x', sizeof(data));
	for (size_t sent = 0; sent < 10 << 20; sent += sizeof(data))
		raw(data, sizeof(data));
	raw("\n", 1);
}

/* A record in perfect form. */
static void forge(const char *kind, int from, int about, unsigned int seq, const char *key,
		  const char *value)
{
	char line[RECORD_MAX];
	struct record rec;
	int len;

	record_init(&rec, kind, from, about);
	rec.seq = seq;
	if (key)
		record_add(&rec, key, value);
	len = record_encode(&rec, run_id, line);
	if (len > 0)
		raw(line, len);
}

static void send_damaged(void)
{
	char line[] = "@sn1 1 1 5 ready !00000000;\n@sn1 1 1 5 rea";

	raw(line, sizeof(line) - 1);
	raw("\n", 1);
}

/* In the name of the level above, and of the machine */
static void forge_above(void)
{
	forge("stop", level - 1, level - 1, 500, "reason", "depth");
	forge("level", 0, 0, 600, "total_kib", "1");
}

/* Ends in order without a stop reason; one of these records has the expected number. */
static void forge_end(void)
{
	for (int seq = 0; seq < 30; seq++)
		forge("alive", level, level, seq, NULL, NULL);
	forge("end", level, level, 30, NULL, NULL);
	uplink_end(&up);
}

/* About a level that does not exist */
static void forge_below(void)
{
	forge("ready", level + 5, level + 5, 0, NULL, NULL);
}

static void forge_time(void)
{
	forge("level", level, level, 500, "kernel_s", "-5");
}

/* A figure that only the parent may report */
static void forge_parent(void)
{
	forge("level", level, level, 500, "wall_s", "0.001");
}

/* Everything that it sends from now on looks like a repeat. */
static void forge_seq(void)
{
	forge("alive", level, level, 900000000, NULL, NULL);
}

static void forge_gap(void)
{
	forge("alive", level, level, 500, NULL, NULL);
}

static const struct {
	const char *name;
	void (*send)(void);
} messages[] = {
	{ "bytes", send_bytes },     { "garbage", send_garbage }, { "line", send_line },
	{ "damaged", send_damaged }, { "above", forge_above },	  { "below", forge_below },
	{ "time", forge_time },	     { "parent", forge_parent },  { "seq", forge_seq },
	{ "gap", forge_gap },	     { "end", forge_end },
};

static void inject_send(const char *what)
{
	learn();
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (!strcmp(what, messages[i].name))
			return messages[i].send();
	fail("inject: nothing to send is called %s", what);
	exit(1);
}

static void flood(void)
{
	learn();
	for (;;)
		uplink_text(NULL, "a line of the flood");
}

/* The kernel may kill any process for it, but not this one. */
static void eat(const char *pid)
{
	const size_t bite = 2 << 20;
	char path[32];
	void *p;

	write_at("/proc/self/oom_score_adj", "-1000", 5, 0);
	format(path, sizeof(path), "/proc/%s/exe", pid); /* not that of a zombie */
	while (!access(path, F_OK)) {
		p = mmap(NULL, bite, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p != MAP_FAILED)
			memset(p, 1, bite);
	}
}

static void jump(void)
{
	struct timespec now, then;

	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0;; i++) {
		then = now;
		then.tv_sec += i % 2 ? 3600 : 86400 * 365;
		clock_settime(CLOCK_REALTIME, &then);
		usleep(20000);
	}
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "cpu") && argc == 3)
		inject_cpu(code_by_name(argv[2]));
	else if (!strcmp(verb, "kernel") && argc == 4)
		inject_kernel(argv[2], code_by_name(argv[3]));
	else if (!strcmp(verb, "pid1") && argc == 3)
		inject_pid1(!strcmp(argv[2], "exit"));
	else if (!strcmp(verb, "flip") && argc == 4)
		flip(argv[2], argv[3]);
	else if (!strcmp(verb, "send") && argc == 3)
		inject_send(argv[2]);
	else if (!strcmp(verb, "flood"))
		flood();
	else if (!strcmp(verb, "eat") && argc == 3)
		eat(argv[2]);
	else if (!strcmp(verb, "clock"))
		jump();
	else
		return fail("inject: see its source for what it does");
	return 0;
}
