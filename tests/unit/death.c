// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of a dying kernel, and of this process if a signal ends it. */
#include "test.h"
#include "lib/death.h"

#include <signal.h>
#include <sys/wait.h>

static void test_sentences(void **state)
{
	const char *words;

	assert_int_equal(death_in("[    1.0] Kernel panic - not syncing: VFS: x", &words),
			 DEATH_FINAL);
	assert_string_equal(words, "VFS: x");
	assert_int_equal(death_in("PANIC: early exception 0x0e IP 10:0", &words), DEATH_FINAL);
	assert_string_equal(words, "PANIC: early exception 0x0e IP 10:0");
	assert_int_equal(death_in("[    1.0] Oops: 0002 [#1]", &words), DEATH_HINT);
	assert_int_equal(death_in("[    1.0] Run /init as init process", &words), DEATH_NONE);
	assert_int_equal(death_in("", &words), DEATH_NONE);
}

static int pipe_to_us[2];

static void say(void *context, const char *line)
{
	(void)context;
	dprintf(pipe_to_us[1], "%s\n", line);
}

static void bad_instruction(void)
{
	asm volatile("ud2");
}

static void bad_address(void)
{
	asm volatile("movb $0, 0x1230" ::: "memory");
}

static void no_stack(void)
{
	asm volatile("mov $0x2000, %%rsp; push %%rax" ::: "memory");
}

static void aborts(void)
{
	abort();
}

static void die(void (*how)(void), int status, const char *words)
{
	char text[200] = "";
	ssize_t n;
	pid_t pid;
	int is;

	assert_int_equal(pipe(pipe_to_us), 0);
	pid = fork();
	if (!pid) {
		death_announce(say, NULL);
		how();
		_exit(0);
	}
	close(pipe_to_us[1]);
	assert_int_equal(waitpid(pid, &is, 0), pid);
	n = read(pipe_to_us[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(pipe_to_us[0]);
	assert_true(WIFEXITED(is));
	assert_int_equal(WEXITSTATUS(is), status);
	if (!strstr(text, words))
		wrong("'%s' has no '%s'", text, words);
}

static void test_announced(void **state)
{
	die(bad_instruction, 128 + SIGILL, "died of signal 4 (Illegal instruction) at address 0x");
	die(bad_address, 128 + SIGSEGV,
	    "died of signal 11 (Segmentation fault) at address 0x1230, instruction 0x");
	die(no_stack, 128 + SIGSEGV, "died of signal 11");
	die(aborts, 128 + SIGABRT, "died of signal 6");
}

/* A signal from another process is not a fault: PID 1 does not die of it. */
static void test_sent(void **state)
{
	int is;
	pid_t pid = fork();

	if (!pid) {
		death_announce(say, NULL);
		usleep(1000000);
		usleep(1000000);
		_exit(7);
	}
	usleep(300000);
	kill(pid, SIGSEGV);
	assert_int_equal(waitpid(pid, &is, 0), pid);
	assert_true(WIFEXITED(is));
	assert_int_equal(WEXITSTATUS(is), 7);
}

RUN(T(test_sentences), T(test_announced), T(test_sent))
