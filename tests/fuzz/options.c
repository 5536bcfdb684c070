// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel command line and arguments: the same text as each, a word on a line, for every command. */
#include "check.h"
#include "lib/options.h"

#include <ctype.h>
#include <string.h>

#define COMMANDS 8 /* bits of enum command_bit, and some that will be */
#define WORDS 64

static char said[600];

static void keep(void *context, const char *message)
{
	(void)context;
	format(said, sizeof(said), "%s", message);
}

static void check_options(const struct options *o)
{
	must(o->depth == DEPTH_MAX || (o->depth >= 0 && o->depth <= MAX_LEVEL));
	must(o->level == LEVEL_NONE || (o->level >= 0 && o->level <= MAX_LEVEL));
	must(o->timeout_s >= 0 && o->mem_kib >= 0 && o->memory_kib >= 0);
	must(o->report > 0 && o->report < 2 * REPORT_KCIDB);
	must(o->start >= START_AUTO && o->start <= START_MANUAL);
	must(o->end >= END_REBOOT && o->end <= END_SHELL);
	must(o->accel >= ACCEL_AUTO && o->accel <= ACCEL_TCG);
	must(strlen(o->qemu_args) < sizeof(o->qemu_args));
	must(*o->run_id && strlen(o->run_id) < sizeof(o->run_id));
	for (const char *p = o->run_id; *p; p++)
		must(isxdigit((unsigned char)*p));
}

static void check(const struct options *o, int err)
{
	if (err)
		must(err == -1 && *said); /* an error says what is wrong */
	else
		check_options(o);
	said[0] = '\0';
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fail_to(keep, NULL);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *argv[WORDS], *rest, *word;
	struct options o;
	int count = 0;

	options_init(&o);
	check(&o, options_from_cmdline(&o, text));
	for (rest = text; count < WORDS && (word = strsep(&rest, "\n"));)
		argv[count++] = word;
	for (int bit = 0; bit < COMMANDS; bit++) {
		options_init(&o);
		check(&o, options_from_args(&o, 1 << bit, count, argv));
	}
	free(text);
	return 0;
}
