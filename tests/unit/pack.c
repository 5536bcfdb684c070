// SPDX-License-Identifier: GPL-2.0-or-later
/* The user's files and programs behind an initramfs: under which names, for which levels, and what is refused. */
#define _GNU_SOURCE /* memmem */
#include "packed.h"
#include "host/pack.h"

#include <sys/stat.h>

static int begin(void **state)
{
	write_file("initramfs", "0707-files");
	write_file("data", "some");
	mkdir("tree", 0755);
	mkdir("tree/below", 0755);
	write_file("tree/below/file", "more");
	return 0;
}

struct making {
	char *const *argv;
	int last;
};

static int make_pack(void *what, FILE *out, char *path, size_t size)
{
	struct making *m = what;
	struct pack p = { .virt = "svm", .last = m->last };
	struct options o;
	int argc = 0;

	(void)out;
	while (m->argv[argc])
		argc++;
	options_init(&o);
	return options_from_args(&o, CMD_RUN, argc, (char **)m->argv) ||
			       pack_make(&p, &o, "initramfs", path, size)
		       ? -1
		       : 0;
}

static int make(char *const argv[], int last)
{
	return packed_by(make_pack, &(struct making){ argv, last });
}

#define MAKE(last, ...) make((char *[]){ __VA_ARGS__, NULL }, last)

static bool has(const char *text)
{
	return memmem(packed, packed_size, text, strlen(text) + 1);
}

static void packs(const char *name, char *const argv[])
{
	if (make(argv, LEVEL_NONE) || !has(name))
		wrong("no %s: %s", name, said);
}

#define PACKS(name, ...) packs(name, (char *[]){ __VA_ARGS__, NULL })

static void refuses(const char *words, char *const argv[])
{
	if (make(argv, LEVEL_NONE) != 2 || !strstr(said, words))
		wrong("%s instead of %s", said, words);
}

#define REFUSES(words, ...) refuses(words, (char *[]){ __VA_ARGS__, NULL })

static void files_have_the_names_that_were_asked_for(void **state)
{
	PACKS("data", "--file", "data");
	PACKS("opt/other", "--file", "data:/opt/other");
	PACKS("opt", "--file", "data:/opt/other");
	PACKS("tree/below/file", "--file", "tree");
	PACKS("tree/below/file", "--file", "tree/");
	PACKS("opt/below/file", "--file", "tree:opt");
}

static void programs_are_scripts_with_the_names_of_their_checks(void **state)
{
	PACKS("etc/supernest/tests/exec", "--exec", "true");
	PACKS("etc/supernest/tests/mine", "--exec", "mine=true");
	PACKS("#!/bin/sh\nexec test 'a  b' ''\n", "--", "test", "a  b", "");
}

static void what_cannot_be_packed_is_refused(void **state)
{
	REFUSES("--file missing: ", "--file", "missing");
	REFUSES("cannot be its name in a level", "--file", "data:/");
	REFUSES("cannot be its name in a level", "--file", "data:/../data");
	REFUSES("cannot be its name in a level", "--file", "tree:/opt/");
	REFUSES("there is a /data already", "--file", "data", "--file", "tree/below/file:/data");
	REFUSES("two programs are called exec", "--exec", "true", "--exec", "false");
	REFUSES("more than 24 characters", "--exec", "abcdefghijklmnopqrstuvwxy=true");
	REFUSES("the command of mine is empty", "--exec", "mine= ");
	REFUSES("missing: ", "--guest", "missing");
}

/* Levels below the last one with a program do without the files, but not without those of the appliance. */
static void a_list_says_which_files_deeper_levels_do_without(void **state)
{
	assert_int_equal(MAKE(1, "--file", "data", "--file", "data:/bin/tool", "--file", "tree"),
			 0);
	assert_true(has("1\netc/supernest/until\ndata\ntree/below/file\n"));
	assert_int_equal(MAKE(LEVEL_NONE, "--file", "data"), 0);
	assert_false(has("etc/supernest/until"));
}

#define B(test) cmocka_unit_test_setup(test, begin)
RUN(B(files_have_the_names_that_were_asked_for),
    B(programs_are_scripts_with_the_names_of_their_checks), B(what_cannot_be_packed_is_refused),
    B(a_list_says_which_files_deeper_levels_do_without))
