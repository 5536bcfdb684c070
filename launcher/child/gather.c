// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memmem */
#include "child/gather.h"
#include "lib/system.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The kernel's static log buffer is in its image, which is loaded at a low address.  In distributions'
 * kernels it has 128 KiB.
 */
#define GUEST_SEARCH (160 << 20)
#define WINDOW (1 << 20)
#define LOG_MAX (128 << 10)
#define MAPPINGS_MAX 512 /* QEMU has about 200 */
#define LARGEST 4	 /* the log is in one of them, if the kernel got that far */
#define FIRST_TEXT "Linux version "
#define SECOND_TEXT "Command line: "

/* "RAX=00..", "CS =f000 ..", "Code=..": two to four characters and '='; target/i386/cpu-dump.c. */
void gather_registers(struct evidence *e, const char *line)
{
	size_t n = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	n += strspn(line + n, " ");
	if ((n > 1 && n < 5 && line[n] == '=') || !strncmp(line, "Code=", 5))
		evidence_add(e, EVIDENCE_REGISTERS, line);
}

void gather_kvm(struct evidence *e, double since_s)
{
	static const char *const wanted[] = { "kvm",	   "KVM",   "SVM: ", "VMX: ",
					      "WARNING: ", "BUG: ", "RIP: ", "Call Trace" };
	char *log = system_kernel_log(), *rest = log, *message;

	while ((message = system_next_message(&rest, since_s)))
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
			if (strstr(message, wanted[i])) {
				evidence_add(e, EVIDENCE_KVM, message);
				break;
			}
	free(log);
}

void gather_own_log(struct evidence *e)
{
	char *log = system_kernel_log(), *rest = log, *message;

	e->count[EVIDENCE_LOG] = 0;
	while ((message = system_next_message(&rest, 0)))
		evidence_add(e, EVIDENCE_LOG, message);
	free(log);
}

/* ---- reading a guest's RAM --------------------------------------------------------------- */

struct mapping {
	uint64_t start, size;
};

static int compare_sizes(const void *a, const void *b)
{
	uint64_t x = ((const struct mapping *)a)->size, y = ((const struct mapping *)b)->size;

	return (x < y) - (x > y);
}

/*
 * The mappings that may be a guest's RAM, largest first: writable and never executed.  TCG's buffer of
 * translated code is executable, and larger than a small guest.
 */
static int find_data(int pid, struct mapping *list, int max)
{
	struct mapping all[MAPPINGS_MAX] = { 0 };
	unsigned long long start, end;
	char path[32], line[512], rights[5];
	int count = 0;
	FILE *f;

	format(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	while (f && count < MAPPINGS_MAX && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx-%llx %4s", &start, &end, rights) == 3 &&
		    !strncmp(rights, "rw-", 3) && end - start >= WINDOW)
			all[count++] = (struct mapping){ start, end - start };
	if (f)
		fclose(f);
	if (!count)
		return 0;
	qsort(all, count, sizeof(all[0]), compare_sizes);
	count = count > max ? max : count;
	memcpy(list, all, count * sizeof(all[0]));
	return count;
}

/*
 * The text ring of the log (kernel/printk/printk_ringbuffer.c).  Each entry is a long, which numbers it,
 * and a text padded to longs.  So a zero precedes the first text of a boot, and the second one is near.
 * Two things in a guest's RAM look similar: log text that a program has read, which a time stamp precedes,
 * and this program itself, where no version follows.
 */
static const char *find_log(const char *data, size_t len)
{
	const size_t first = sizeof(FIRST_TEXT) - 1;
	const char *at = data, *end = data + len;

	while ((at = memmem(at, end - at, FIRST_TEXT, first))) {
		size_t near = end - at < 640 ? end - at : 640;

		if (at > data && !at[-1] && near > first && isdigit((unsigned char)at[first]) &&
		    memmem(at, near, SECOND_TEXT, sizeof(SECOND_TEXT) - 1))
			return at;
		at++;
	}
	return NULL;
}

/* Splits it into texts: each run of four or more printable characters. */
static void split_texts(struct evidence *e, const char *data, size_t len)
{
	char line[EVIDENCE_LINE];
	size_t n = 0, quiet = 0;

	for (size_t i = 0; i < len && quiet < 4096; i++) {
		bool plain = data[i] >= ' ' && data[i] <= '~';

		quiet = plain ? 0 : quiet + 1;
		if (plain && n < sizeof(line) - 1)
			line[n++] = data[i];
		if (plain)
			continue;
		/* The kernel removed the two-byte log level in place, so the last two bytes appear twice. */
		if (n >= 4 && !memcmp(line + n - 2, line + n - 4, 2))
			n -= 2;
		line[n] = '\0';
		if (n >= 4)
			evidence_add(e, EVIDENCE_LOG, line);
		n = 0;
	}
}

/* Searches a mapping for the kernel's log; false if it is not there. */
static bool read_log(struct evidence *e, int fd, const struct mapping *m, char *data)
{
	const char *log;
	ssize_t n;

	for (uint64_t at = 0; at < GUEST_SEARCH && at < m->size; at += WINDOW) {
		n = pread(fd, data, WINDOW + LOG_MAX, m->start + at);
		if (n <= 0)
			return false;
		log = find_log(data, n);
		if (log) {
			e->count[EVIDENCE_LOG] = 0;
			split_texts(e, log, data + n - log);
			return true;
		}
	}
	return false;
}

void gather_guest(struct evidence *e, int qemu_pid)
{
	struct mapping list[LARGEST];
	int count = find_data(qemu_pid, list, LARGEST), fd;
	char path[32], *data = malloc(WINDOW + LOG_MAX);
	bool found = false;

	format(path, sizeof(path), "/proc/%d/mem", qemu_pid);
	fd = data ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	for (int i = 0; fd >= 0 && !found && i < count; i++)
		found = read_log(e, fd, &list[i], data);
	if (fd >= 0)
		close(fd);
	free(data);
}
