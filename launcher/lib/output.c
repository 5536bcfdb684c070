// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int output_begin(void)
{
	/* a descriptor opened read-only makes writes fail, as those to the closed one would */
	static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY };
	bool closed[ARRAY_SIZE(modes)];

	for (int fd = 0; fd < (int)ARRAY_SIZE(modes); fd++) {
		closed[fd] = fcntl(fd, F_GETFD) < 0;
		if (closed[fd] && open("/dev/null", modes[fd]) != fd)
			return fail(
				"file descriptor %d is closed, and /dev/null cannot be opened: %m",
				fd);
	}
	if (closed[STDOUT_FILENO])
		return fail("standard output is closed: nothing can be printed; use >/dev/null to "
			    "discard it");
	return 0;
}

static bool reader_is_gone(int fd)
{
	struct pollfd end = { fd, POLLOUT, 0 };
	struct stat st;

	return !fstat(fd, &st) && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) &&
	       poll(&end, 1, 0) == 1 && end.revents & POLLERR;
}

/*
 * Flushes.  -1 with errno set if anything printed there is lost.  The errno of an earlier failed write is
 * gone, so one more byte is written to learn it.
 */
static int flushed(FILE *file)
{
	errno = 0;
	if (!fflush(file) && !ferror(file))
		return 0;
	if (!errno && write(fileno(file), "\n", 1) == 1)
		errno = EIO;
	return reader_is_gone(fileno(file)) ? 0 : -1;
}

int output_end(int status)
{
	if (!flushed(stdout))
		return status;
	fail("standard output: not all of it could be written: %m");
	return STATUS_WRONG;
}

bool output_is_standard(const char *path)
{
	return path && !strcmp(path, STANDARD);
}

FILE *output_open(const char *path)
{
	return output_is_standard(path) ? stdout : fopen(path, "we");
}

int output_close(FILE *file)
{
	int failed = flushed(file), why = errno;

	if (file != stdout && fclose(file))
		return -1;
	errno = why;
	return failed;
}

/* -1 with errno set if PATH cannot be written.  An existing file is emptied, or left unchanged. */
static int probe(const char *path, bool clear)
{
	struct stat st;
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd >= 0) {
		close(fd);
		unlink(path);
		return 0;
	}
	if (errno == EEXIST && !stat(path, &st)) {
		/* A pipe or a device is opened only once, when there is something to write. */
		if (S_ISDIR(st.st_mode))
			errno = EISDIR;
		else if (S_ISREG(st.st_mode) && clear)
			return truncate(path, 0);
		else
			return access(path, W_OK);
	}
	return -1;
}

int output_clear(const char *path)
{
	if (output_is_standard(path) || !probe(path, true))
		return 0;
	return fail("%s: cannot write the report there: %m", path);
}

int output_check(const char *path)
{
	return output_is_standard(path) ? 0 : probe(path, false);
}
