// SPDX-License-Identifier: GPL-2.0-or-later
/* The command in a report repeats one run, with everything that matters to it and nothing else. */
#include "test.h"
#include "report/run.h"

static struct run run;

static void remembered(const char *expected, int argc, char **argv)
{
	run_remember(&run, argc, argv);
	assert_string_equal(run.command, expected);
}

#define REMEMBERED(expected, ...) \
	remembered(expected, ARRAY_SIZE(((char *[]){ __VA_ARGS__ })), (char *[]){ __VA_ARGS__ })

static void options_are_kept_as_they_are(void **state)
{
	REMEMBERED("supernest run --depth 3", "supernest", "run", "--depth", "3");
	REMEMBERED("supernest run --append 'a b'", "supernest", "run", "--append", "a b");
}

static void a_series_is_reduced_to_one_run(void **state)
{
	REMEMBERED("supernest run --depth 3", "supernest", "run", "--repeat", "5", "--depth", "3",
		   "--matrix=file", "--stop-on-failure", "--blame");
}

static void arguments_of_a_program_are_not_ours(void **state)
{
	REMEMBERED("supernest run -- test --repeat 5 --blame", "supernest", "run", "--", "test",
		   "--repeat", "5", "--blame");
}

RUN(T(options_are_kept_as_they_are), T(a_series_is_reduced_to_one_run),
    T(arguments_of_a_program_are_not_ours))
