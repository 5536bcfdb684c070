// SPDX-License-Identifier: GPL-2.0-or-later
/* Output arrives completely, or the command says that it did not. */
#include "test.h"
#include "lib/output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static void test_clear(void **state)
{
	struct stat st;

	unlink("new");
	assert_int_equal(output_clear("new"), 0);
	assert_int_equal(access("new", F_OK), -1); /* the probe leaves no file */
	write_file("old", "of an earlier run");
	assert_int_equal(output_clear("old"), 0);
	assert_int_equal(stat("old", &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(output_clear("/dev/full"), 0);
	assert_int_equal(output_clear("-"), 0);
	assert_int_equal(access("-", F_OK), -1);
	assert_int_equal(output_clear("/nowhere/file"), -1);
	assert_non_null(strstr(last_error(), "/nowhere/file"));
	mkdir("folder", 0755);
	assert_int_equal(output_clear("folder"), -1);
	/*
	 * A pipe is not opened: closing it would end its reader's input, and without a reader open() would
	 * block.
	 */
	unlink("pipe");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(output_clear("pipe"), 0);
}

static void test_files(void **state)
{
	FILE *f;

	f = output_open("file");
	assert_non_null(f);
	fputs("text", f);
	assert_int_equal(output_close(f), 0);
	assert_null(output_open("/nowhere/file"));
	f = output_open("/dev/full");
	fputs("text", f);
	assert_int_equal(output_close(f), -1);
	assert_ptr_equal(output_open("-"), stdout);
	assert_true(output_is_standard("-"));
	assert_false(output_is_standard("./-"));
	assert_false(output_is_standard(NULL));
}

/* The status of a command that prints to FD. */
static int status_of(int fd, int status)
{
	int saved = dup(STDOUT_FILENO), ended;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	for (int i = 0; i < 10000; i++)
		fputs("a line of a report\n", stdout);
	ended = output_end(status);
	fflush(stdout);
	clearerr(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	return ended;
}

static void test_end(void **state)
{
	int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY), ends[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(status_of(null, STATUS_OK), STATUS_OK);
	assert_int_equal(status_of(null, STATUS_NOT), STATUS_NOT);
	assert_int_equal(status_of(full, STATUS_OK), STATUS_WRONG);
	assert_non_null(strstr(last_error(), "standard output"));
	assert_int_equal(status_of(full, STATUS_NOT), STATUS_WRONG);
	/* A reader that stops reading is no error. */
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(status_of(ends[1], STATUS_OK), STATUS_OK);
}

RUN(T(test_clear), T(test_files), T(test_end))
