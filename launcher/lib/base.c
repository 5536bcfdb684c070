// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The last error, as errno has it, and the function that is told of errors. */
static struct {
	char text[512];
	void (*sink)(void *context, const char *message);
	void *context;
} errors;

void fail_to(void (*sink)(void *context, const char *message), void *context)
{
	errors.sink = sink;
	errors.context = context;
}

int fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(errors.text, sizeof(errors.text), fmt, args);
	va_end(args);
	if (errors.sink)
		errors.sink(errors.context, errors.text);
	else
		fprintf(stderr, "supernest: %s\n", errors.text);
	return -1;
}

const char *last_error(void)
{
	return errors.text;
}

double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf, size, fmt, args);
	va_end(args);
}

void append(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf + len, size - len, fmt, args);
	va_end(args);
}

int format_whole(const char *what, char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	if (len >= 0 && (size_t)len < size)
		return 0;
	return fail("%s has %d bytes, and the limit is %zu: shorten it", what, len, size - 1);
}

bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *p = list;

	while ((p = strstr(p, word))) {
		if ((p == list || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
		p += len;
	}
	return false;
}

void append_word(char *buf, size_t size, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
	bool quote = !*word || word[strspn(word, plain)];

	append(buf, size, "%s%s", *buf ? " " : "", quote ? "'" : "");
	for (; *word; word++)
		append(buf, size, *word == '\'' ? "'\\''" : "%c", *word);
	append(buf, size, "%s", quote ? "'" : "");
}

int parse_int(const char *text, int min, int max, int *out)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || strlen(text) > 9 || n < min || n > max)
		return -1;
	*out = n;
	return 0;
}

static int read_fd(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0)
		return -1;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		len += n;
	}
	close(fd);
	buf[len] = '\0';
	if (len && buf[len - 1] == '\n')
		buf[len - 1] = '\0';
	return len ? 0 : -1;
}

int read_text(const char *path, char *buf, size_t size)
{
	return read_fd(open(path, O_RDONLY | O_CLOEXEC), buf, size);
}

int read_whole(const char *path, char *buf, size_t size)
{
	if (read_text(path, buf, size))
		return -1;
	if (strlen(buf) < size - 2)
		return 0;
	errno = EFBIG;
	return -1;
}

int read_input(const char *path, char *buf, size_t size)
{
	return strcmp(path, "-") ? read_text(path, buf, size)
				 : read_fd(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), buf, size);
}

int64_t number_behind(const char *path, const char *word)
{
	char text[8192];
	const char *p;

	if (read_text(path, text, sizeof(text)))
		return -1;
	p = strstr(text, word);
	return p ? strtoll(p + strlen(word), NULL, 10) : -1;
}

int write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

void sanitize(char *text)
{
	/* LAVA's signals, the start of KTAP output, and our own marks, the last of which ends a report. */
	static const char *const obeyed[] = { "<LAVA_", "TAP version ", "# supernest: " };

	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	for (size_t i = 0; i < ARRAY_SIZE(obeyed); i++)
		for (char *p = text; (p = strstr(p, obeyed[i]));)
			*p = '?';
}
