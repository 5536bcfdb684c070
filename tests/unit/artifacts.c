// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "real.h"
#include "report/artifacts.h"

#include <sys/stat.h>

static struct report r;
static struct artifacts a;

static bool is_there(const char *name)
{
	char path[64];

	format(path, sizeof(path), "out/%s", name);
	return !access(path, R_OK);
}

static void keep_run(void)
{
	assert_int_equal(artifacts_open(&a, "out"), 0);
	log_line(&a.console, "L1| ", "hello", 5);
	assert_int_equal(artifacts_close(&a, &r), 0);
}

static void a_run_leaves_its_logs_and_every_report(void **state)
{
	static const char *const names[] = { "console.log", "records.log", "report.txt",
					     "report.ktap", "report.lava", "report.json",
					     "report.html" };
	char text[64];

	real_report(&r, 1);
	keep_run();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!is_there(names[i]))
			wrong("%s is missing", names[i]);
	assert_int_equal(read_text("out/console.log", text, sizeof(text)), 0);
	assert_string_equal(text, "L1| hello");
	assert_false(is_there("registers.txt"));
}

/* Files of a failed run are not taken for evidence of the next one. */
static void evidence_is_of_this_run_alone(void **state)
{
	char text[64];

	real_report(&r, 1);
	evidence_add(&r.evidence, EVIDENCE_REGISTERS, "RIP=1000");
	keep_run();
	assert_int_equal(read_text("out/registers.txt", text, sizeof(text)), 0);
	assert_string_equal(text, "RIP=1000");
	evidence_clear(&r.evidence);
	write_file("out/L2.exec.stdout", "of before");
	write_file("out/notes", "the user's own");
	keep_run();
	assert_false(is_there("registers.txt"));
	assert_false(is_there("L2.exec.stdout"));
	assert_true(is_there("notes"));
}

static void what_cannot_be_written_is_an_error(void **state)
{
	write_file("file", "");
	assert_int_equal(artifacts_open(&a, "file/out"), -1);
	assert_non_null(strstr(last_error(),
			       "--artifacts file/out: cannot make the folder: Not a directory"));
	assert_int_equal(artifacts_open(&a, NULL), 0); /* not asked for */
	assert_int_equal(artifacts_close(&a, &r), 0);
}

RUN(T(a_run_leaves_its_logs_and_every_report), T(evidence_is_of_this_run_alone),
    T(what_cannot_be_written_is_an_error))
