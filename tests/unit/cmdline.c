// SPDX-License-Identifier: GPL-2.0-or-later
/* Text that is passed on arrives whole or is refused. */
#include "test.h"
#include "child/cmdline.h"
#include "lib/whole.h"

#include <errno.h>

static void test_full(void **state)
{
	char line[CMDLINE_SIZE + 1];

	(void)state;
	memset(line, 'x', sizeof(line));
	line[CMDLINE_SIZE] = '\0';
	for (size_t len = CMDLINE_SIZE - 1; len >= CMDLINE_SIZE - 4; len--) {
		line[len] = '\0';
		assert_true(cmdline_is_full(line));
	}
	line[CMDLINE_SIZE - 5] = '\0';
	assert_false(cmdline_is_full(line));
	assert_false(cmdline_is_full(""));
}

static void test_whole(void **state)
{
	char text[8], file[10];

	(void)state;
	assert_int_equal(format_whole("it", text, sizeof(text), "%s", "1234567"), 0);
	assert_int_equal(format_whole("the line", text, sizeof(text), "%s", "12345678"), -1);
	assert_string_equal(last_error(), "the line has 8 bytes, 7 is the most: shorten it");
	write_file("words", "1234567\n");
	assert_int_equal(read_whole("words", file, sizeof(file)), 0);
	assert_string_equal(file, "1234567");
	write_file("words", "123456789\n");
	assert_int_equal(read_whole("words", file, sizeof(file)), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(read_whole("nowhere", file, sizeof(file)), -1);
	assert_int_equal(errno, ENOENT);
}

/* What the kernel puts before a command line has the room that is kept for it. */
static void test_own_words(void **state)
{
	static char config[65536];
	char path[400], *line;

	(void)state;
	format(path, sizeof(path), "%s/kernel-config", getenv("TOP"));
	assert_int_equal(read_whole(path, config, sizeof(config)), 0);
	line = strstr(config, "CONFIG_CMDLINE=\"");
	assert_non_null(line);
	assert_true(strcspn(line, "\n") - strlen("CONFIG_CMDLINE=\"\"") + 1 < CMDLINE_OWN);
}

RUN(T(test_full), T(test_whole), T(test_own_words))
