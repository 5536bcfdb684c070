// SPDX-License-Identifier: GPL-2.0-or-later
/* A run that would do something else than was asked for is refused, with the options that are in the way. */
#include "test.h"
#include "host/refusal.h"

static struct options asked;
static struct decided decided;

static void ask(char *args)
{
	char *argv[16], *save;
	int argc = 0;

	for (char *p = strtok_r(args, " ", &save); p; p = strtok_r(NULL, " ", &save))
		argv[argc++] = p;
	options_init(&asked);
	assert_int_equal(options_from_args(&asked, CMD_RUN, argc, argv), 0);
	options_decide(&asked, asked.shell, &decided);
}

static void contradictions_are_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "--cpu-emulator bochs --accel kvm", "are for a machine of QEMU" },
		{ "--cpu-emulator bochs --qemu /bin/true", "are for a machine of QEMU" },
		{ "--cpu-emulator bochs --strict", "are for a machine of QEMU" },
		{ "--cpu-emulator bochs --shell 1", "no terminal for --shell" },
		{ "--exec true -- true", "each name a program" },
		{ "--guest bzImage -- true", "each name a program" },
		{ "--shell 1 -- cat", "both read the standard input" },
		{ "--guest-append quiet", "need --guest" },
		{ "--guest-initrd file", "need --guest" },
		{ "--strict --accel kvm", "leave out --accel kvm" },
		{ "--strict --nesting recursive", "does not go with --nesting recursive" },
		{ "--enlightened", "name it with --kernel" },
		{ "--shell 1 --deterministic", "does not go with --deterministic" },
		{ "--shell 1 --json -", "does not go with --json -" },
		{ "--levels 1", "need --kernel" },
		{ "--modules /lib", "need --kernel" },
		{ "--config .config", "need --kernel" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char args[80];

		strcpy(args, cases[i][0]);
		ask(args);
		if (!refuse_contradictions(&asked, &decided) || !strstr(last_error(), cases[i][1]))
			wrong("%s: %s", cases[i][0], last_error());
	}
}

static void what_goes_together_is_not_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"--cpu-emulator bochs --depth 2",
		"--exec true --suite kvm-selftests --guest bzImage --guest-append quiet",
		"--shell 2 --json report.json",
		"--strict --deterministic -- cat",
		"--kernel bzImage --levels 1 --modules /lib --config .config",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char args[80];

		strcpy(args, cases[i]);
		ask(args);
		if (refuse_contradictions(&asked, &decided))
			wrong("%s: %s", cases[i], last_error());
	}
}

static void levels_above_the_outermost_are_refused(void **state)
{
	static const char *const cases[] = { "--shell 1", "--at 1,3", "--kernel bzImage --levels 1",
					     "--set 1:kvm.tdp_mmu=0", "--cpu-at 1,2:host" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char args[80];

		strcpy(args, cases[i]);
		ask(args);
		if (refuse_levels(&asked, &decided, 1))
			wrong("%s with L1: %s", cases[i], last_error());
		if (!refuse_levels(&asked, &decided, 2) ||
		    !strstr(last_error(), "the outermost level here is L2"))
			wrong("%s with L2: %s", cases[i], last_error());
	}
}

/* Not all of the levels with a kernel under test need exist, and "all" are those that do. */
static void some_of_the_levels_and_all_are_enough(void **state)
{
	char levels[] = "--kernel bzImage --levels 1,2", all[] = "--set all:kvm.tdp_mmu=0";

	ask(levels);
	assert_int_equal(refuse_levels(&asked, &decided, 2), 0);
	ask(all);
	assert_int_equal(refuse_levels(&asked, &decided, 2), 0);
}

static void expect_host(char *args, const struct host *h, int status, const char *words)
{
	FILE *out = fopen("/dev/null", "w");

	ask(args);
	if (refuse_host(&asked, h, out) != status || !strstr(last_error(), words))
		wrong("not %d and '%s': %s", status, words, last_error());
	fclose(out);
}

static void what_the_machine_lacks_is_refused(void **state)
{
	char plain[] = "", recursive[] = "--nesting recursive", strict[] = "--strict",
	     enlightened[] = "--enlightened", again[] = "--enlightened";
	struct host h = { .accel = ACCEL_KVM, .recursion_why = "no recursive SVM here" };

	expect_host(plain, &h, STATUS_SKIPPED, "cannot do it with --accel kvm");
	h.usable = true;
	expect_host(recursive, &h, STATUS_SKIPPED, "no recursive SVM here");
	expect_host(strict, &h, -1, "cannot be strict");
	strcpy(h.self.cpu_virt, "vmx");
	expect_host(enlightened, &h, STATUS_SKIPPED, "lacks CONFIG_KVM_HYPERV");
	h.accel = ACCEL_TCG;
	expect_host(again, &h, STATUS_SKIPPED, "only VT-x has an enlightened VMCS");
}

static void what_the_machine_can_do_is_not_refused(void **state)
{
	char args[] = "--nesting recursive --enlightened";
	struct host h = { .accel = ACCEL_KVM, .usable = true, .recursion_fits = true };

	h.platform.kvm_enlightens = true;
	expect_host(args, &h, 0, "");
}

RUN(T(contradictions_are_refused), T(what_goes_together_is_not_refused),
    T(levels_above_the_outermost_are_refused), T(some_of_the_levels_and_all_are_enough),
    T(what_the_machine_lacks_is_refused), T(what_the_machine_can_do_is_not_refused))
