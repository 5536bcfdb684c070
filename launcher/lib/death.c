// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* REG_RIP */
#include "lib/death.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

/* Messages of x86 Linux 4.x to 6.x, the most informative first. */
static const struct {
	const char *words;
	enum death death;
	bool with_words; /* the message itself is part of the reason */
} sentences[] = {
	{ "end Kernel panic - not syncing: ", DEATH_FINAL, false }, /* repeats it */
	{ "Kernel panic - not syncing: ", DEATH_FINAL, false },	    /* kernel/panic.c */
	{ "Kernel panic", DEATH_FINAL, true }, /* the same, interrupted by noise */
	{ "ernel panic - not sync", DEATH_FINAL, true },
	{ DEATH_OF_LAUNCHER, DEATH_FINAL, true },
	{ "PANIC: ", DEATH_FINAL, true }, /* arch/x86/mm/extable.c: early exception, and ours */
	{ "-- System halted", DEATH_FINAL, true }, /* arch/x86/boot/compressed/error.c */
	{ "Machine halted.", DEATH_FINAL, true }, /* arch/x86/kernel/doublefault_32.c and traps.c */
	{ "double fault: ", DEATH_HINT, true },	  /* arch/x86/kernel/traps.c */
	{ "BUG: unable to handle ", DEATH_HINT, true }, /* arch/x86/mm/fault.c */
	{ "BUG: kernel NULL pointer", DEATH_HINT, true },
	{ "kernel BUG at ", DEATH_HINT, true }, /* arch/x86/kernel/traps.c */
	{ "BUG: stack guard page", DEATH_HINT, true },
	{ "BUG: Bad page ", DEATH_HINT, true }, /* mm/page_alloc.c */
	{ "general protection fault, ", DEATH_HINT, true },
	{ "Oops: ", DEATH_HINT, true },
	{ "Fixing recursive fault but reboot is needed", DEATH_HINT, true }, /* kernel/exit.c */
	{ "Initramfs unpacking failed: ", DEATH_HINT, true },		     /* init/initramfs.c */
};

/* The length of the first message in the table that P begins with. */
static size_t sentence_at(const char *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sentences[i].words[0] == *p &&
		    !strncmp(p, sentences[i].words, strlen(sentences[i].words)))
			return i;
	return count;
}

/* Scans the line only once: a child may print floods. */
enum death death_in(const char *line, const char **words)
{
	size_t best = ARRAY_SIZE(sentences), i;

	for (const char *p = line; *p; p++) {
		i = sentence_at(p, best);
		if (i == best)
			continue;
		best = i;
		*words = sentences[i].with_words ? p : p + strlen(sentences[i].words);
	}
	return best < ARRAY_SIZE(sentences) ? sentences[best].death : DEATH_NONE;
}

static void (*tell)(void *context, const char *line);
static void *tell_context;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *state = context;
	char line[160];

	/* PID 1 does not die of a signal that a program sends. */
	if (info->si_code <= 0 && info->si_pid != getpid())
		return;
	format(line, sizeof(line), DEATH_OF_LAUNCHER "%d (%s) at address %p, instruction %#llx",
	       signo, strsignal(signo), info->si_addr,
	       (unsigned long long)state->uc_mcontext.gregs[REG_RIP]);
	tell(tell_context, line);
	_exit(128 + signo);
}

void death_announce(void (*say)(void *context, const char *line), void *context)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
	static char stack[16384]; /* a stack of its own: the fault may be a stack overflow */
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	tell = say;
	tell_context = context;
	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}
