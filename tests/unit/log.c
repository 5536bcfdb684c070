// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "lib/log.h"

#include <sys/stat.h>

static void test_text(void **state)
{
	char text[256];
	struct log log;

	assert_int_equal(log_open(&log, ".", "text.log"), 0);
	log_line(&log, "L1| ", "a\\b ~\x1b[2J\0\n\xff\t", 12);
	log_line(&log, "", "", 0);
	assert_int_equal(log_close(&log), 0);
	assert_int_equal(read_text("text.log", text, sizeof(text)), 0);
	assert_string_equal(text, "L1| a\\b ~\\x1b[2J\\x00\\x0a\\xff\n");
	log_line(&log, "", "nothing is open", 15);
	assert_int_equal(log_close(&log), 0);
}

/* A flood ends at the limit, and the file says so. */
static void test_bound(void **state)
{
	char line[1024], last[101];
	struct log log;
	struct stat st;
	FILE *f;

	memset(line, 0, sizeof(line));
	assert_int_equal(log_open(&log, ".", "flood.log"), 0);
	for (int i = 0; i < LOG_MAX_BYTES / 2000; i++)
		log_line(&log, "", line, sizeof(line));
	assert_int_equal(log_close(&log), 0);
	assert_int_equal(stat("flood.log", &st), 0);
	assert_in_range(st.st_size, LOG_MAX_BYTES, LOG_MAX_BYTES + 5000);
	f = fopen("flood.log", "r");
	fseek(f, -100, SEEK_END);
	last[fread(last, 1, sizeof(last) - 1, f)] = '\0';
	fclose(f);
	assert_non_null(strstr(last, "\n# more than 33554432 bytes: the rest is left out\n"));
	unlink("flood.log");
}

static void test_failures(void **state)
{
	struct log log;

	assert_int_equal(log_open(&log, "/nowhere", "x.log"), -1);
	assert_non_null(strstr(last_error(), "/nowhere/x.log"));
	assert_int_equal(log_open(&log, "/dev", "full"), 0);
	log_line(&log, "", "x", 1);
	assert_int_equal(log_close(&log), -1);
	assert_non_null(strstr(last_error(), "/dev/full"));
}

RUN(T(test_text), T(test_bound), T(test_failures))
