/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is packed behind an initramfs, and what is said meanwhile. */
#pragma once

#include "test.h"

#include <fcntl.h>
#include <sys/wait.h>

static char said[8000], packed[200000];
static size_t packed_size;

/* Reads the files "said" and "packed" of packed_by(). */
static inline void read_packed(void)
{
	int fd = open("packed", O_RDONLY);

	said[0] = '\0';
	read_text("said", said, sizeof(said));
	packed_size = fd < 0 ? 0 : read(fd, packed, sizeof(packed));
	close(fd);
	unlink("packed");
}

/*
 * Calls PACK, which finds the PATH of an initramfs or fails, in a process of its own: that initramfs lives as long
 * as its process.  OUT is where PACK says things.  Returns 2 if PACK failed; its error is in said then.
 */
static inline int packed_by(int (*pack)(void *what, FILE *out, char *path, size_t size), void *what)
{
	char path[64];
	int status, fd;
	pid_t pid = fork();

	if (!pid) {
		FILE *out = fopen("said", "w");

		if (pack(what, out, path, sizeof(path))) {
			fputs(last_error(), out);
			fflush(out);
			_exit(2);
		}
		fflush(out);
		fd = open(path, O_RDONLY);
		packed_size = read(fd, packed, sizeof(packed));
		fd = open("packed", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		_exit(write_all(fd, packed, packed_size) ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	read_packed();
	return WEXITSTATUS(status);
}
