// SPDX-License-Identifier: GPL-2.0-or-later
/* Evidence of a failure: lines are bounded and harmless, and a guest's log is found in its RAM. */
#include "test.h"
#include "child/gather.h"

#include <sys/mman.h>
#include <sys/wait.h>

static struct evidence e;

static void test_bounded(void **state)
{
	char line[40];

	evidence_clear(&e);
	for (int i = 0; i < 3 * EVIDENCE_LINES; i++) {
		format(line, sizeof(line), "line %d\033[2J", i);
		evidence_add(&e, EVIDENCE_LOG, line);
	}
	assert_int_equal(e.count[EVIDENCE_LOG], EVIDENCE_LINES);
	format(line, sizeof(line), "line %d?[2J", 3 * EVIDENCE_LINES - 1);
	assert_string_equal(e.line[EVIDENCE_LOG][EVIDENCE_LINES - 1], line);
}

static void test_registers(void **state)
{
	static const char *const dump[] = { "RAX=0000000000000000 RBX=0000000000000001",
					    "CS =f000 ffff0000 0000ffff 00009b00",
					    "CR0=60000010 CR2=0000000000000000",
					    "EFER=0000000000000000", "Code=00 00 66 89" };

	evidence_clear(&e);
	for (size_t i = 0; i < ARRAY_SIZE(dump); i++)
		gather_registers(&e, dump[i]);
	gather_registers(&e, "qemu-system-x86_64: warning: TCG doesn't support it");
	gather_registers(&e, "KVM internal error. Suberror: 1");
	assert_int_equal(e.count[EVIDENCE_REGISTERS], ARRAY_SIZE(dump));
}

/* A process like a QEMU: a buffer of translated code, larger than the guest's RAM with a kernel's log in it. */
static void test_guest(void **state)
{
	static const char banner[] = "Linux version 1.2 (in the image, not in the log)";
	static const char log[] =
		"\x01\0\0\0\0\0\0\0Linux version 1.2\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0"
		"Command line: nest.level=1\0\0\0\0\0\0\x03\0\0\0\0\0\0\0the last wordsds\n";
	int ends[2];
	pid_t pid;
	char ready;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
		char *code = mmap(NULL, 1ULL << 45, PROT_READ | PROT_WRITE | PROT_EXEC, how, -1, 0);
		char *ram = mmap(NULL, 1ULL << 44, PROT_READ | PROT_WRITE, how, -1, 0);

		if (ram == MAP_FAILED || code == MAP_FAILED)
			_exit(1);
		memcpy(ram + (4 << 20), banner, sizeof(banner));
		memcpy(ram + (9 << 20) - 12, log, sizeof(log));
		if (write(ends[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ends[0], &ready, 1), 1);
	evidence_clear(&e);
	evidence_add(&e, EVIDENCE_LOG, "from the console");
	gather_guest(&e, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(e.count[EVIDENCE_LOG], 3);
	assert_string_equal(e.line[EVIDENCE_LOG][0], "Linux version 1.2");
	assert_string_equal(e.line[EVIDENCE_LOG][2], "the last words");
	/* If there is no log, the console lines stay. */
	gather_guest(&e, getpid() + 1000000);
	assert_int_equal(e.count[EVIDENCE_LOG], 3);
}

RUN(T(test_bounded), T(test_registers), T(test_guest))
