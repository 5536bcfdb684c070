// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "report/level.h"
#include "lib/decided.h"

#include <fcntl.h>

static struct options o;

static int cmdline(const char *words)
{
	options_init(&o);
	return options_from_cmdline(&o, words);
}

/* Splits ARGS at blanks. */
static int args(int command, const char *text)
{
	static char words[512], *argv[32]; /* the options point to them */
	char *save, *word;
	int argc = 0;

	format(words, sizeof(words), "%s", text);
	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	options_init(&o);
	return options_from_args(&o, command, argc, argv);
}

/* Programs: lists, levels, and what follows "--" as it is. */
static void test_programs(void **state)
{
	assert_int_equal(args(CMD_RUN, "--exec a --exec=b=c --file f --at 1,3 --exec-when last"),
			 0);
	assert_int_equal(o.programs.count, 2);
	assert_string_equal(o.programs.item[1], "b=c");
	assert_int_equal(o.packed.count, 1);
	assert_int_equal(o.exec.at.bits[0], 1 << 1 | 1 << 3);
	assert_int_equal(o.exec.when, EXEC_LAST);
	assert_int_equal(o.exec.timeout_s, 0);
	assert_int_equal(args(CMD_RUN, "--depth 2 -- cmd --depth x"), 0);
	assert_int_equal(o.depth, 2);
	assert_string_equal(o.program[0], "cmd");
	assert_string_equal(o.program[1], "--depth");
	assert_int_equal(args(CMD_RUN, "--"), -1);
	assert_int_equal(args(CMD_RUN, "--exec-timeout 0 --exec a"), -1);
	assert_int_equal(args(CMD_RUN, "--at 256"), -1);
	assert_int_equal(args(CMD_RUN, "--exec-when never"), -1);
	assert_int_equal(cmdline("nest.exec=a%20b nest.exec_at=0,2 nest.exec_timeout=9"), 0);
	assert_string_equal(o.exec.command, "a%20b");
	assert_int_equal(o.exec.at.bits[0], 5);
	assert_int_equal(o.exec.timeout_s, 9);
}

/* A run ends at its last level with a program, unless more depth was asked for. */
static void test_program_means_depth(void **state)
{
	struct decided d;

	assert_int_equal(args(CMD_RUN, "--exec a --at 1,3"), 0);
	options_decide(&o, SHELL_NONE, &d);
	assert_int_equal(d.depth, 3);
	assert_int_equal(d.exec.timeout_s, EXEC_S);
	options_decide(&o, 5, &d);
	assert_int_equal(d.depth, 5);
	assert_int_equal(args(CMD_RUN, "--exec a --at 1,3 --depth 4"), 0);
	options_decide(&o, SHELL_NONE, &d);
	assert_int_equal(d.depth, 4);
	/* A suite has a longer default timeout than one program. */
	assert_int_equal(args(CMD_RUN, "--suite kvm-unit-tests:svm --suite ./mine"), 0);
	options_decide(&o, SHELL_NONE, &d);
	assert_int_equal(d.exec.timeout_s, SUITE_S);
	assert_int_equal(args(CMD_RUN, "--guest x --exec-timeout 600"), 0);
	options_decide(&o, SHELL_NONE, &d);
	assert_int_equal(d.exec.timeout_s, 600);
}

/* Settings for some levels: kernel parameters and CPUs. */
static void test_settings(void **state)
{
	static const char *const bad[] = {
		"--set kvm.tdp_mmu=0",
		"--set 1:kvm.tdp_mmu",
		"--set 1:tdp_mmu=0",
		"--set 1:kvm.tdp_mmu=",
		"--set :kvm.tdp_mmu=0",
		"--set 256:kvm.tdp_mmu=0",
		"--set 1,:kvm.tdp_mmu=0",
		"--set none:kvm.tdp_mmu=0",
		"--set 1:kvm.=0",
		"--set 1:kvm.tdp_mmu=\"0\"",
		"--cpu-at host",
		"--cpu-at 2:",
		"--cpu-at x:host",
		"--cpu-at 2:host%20-S",
		"--at all",
	};
	struct levels levels;
	struct decided d;

	assert_int_equal(args(CMD_RUN, "--set L1:kvm_amd.npt=0 --set all:kvm.tdp_mmu=0 "
				       "--cpu-at 2:host,-x2apic --cpu-at 2,3:host,pmu=off"),
			 0);
	assert_string_equal(setting_get(&o.set, 0, &levels), "kvm_amd.npt=0");
	assert_true(levels_first(&levels) == 1 && levels_last(&levels) == 1);
	assert_string_equal(setting_get(&o.set, 1, &levels), "kvm.tdp_mmu=0");
	assert_true(levels_first(&levels) == 0 && levels_last(&levels) == MAX_LEVEL);
	assert_string_equal(setting_of(&o.set, 1), "kvm.tdp_mmu=0"); /* the last one counts */
	assert_string_equal(setting_of(&o.cpus, 2), "host,pmu=off");
	assert_null(setting_of(&o.cpus, 1));
	options_decide(&o, SHELL_NONE, &d);
	assert_string_equal(d.set.item[0], "L1:kvm_amd.npt=0");
	assert_int_equal(d.cpus.count, 2);
	assert_int_equal(cmdline("nest.set=1:kvm_amd.npt=0 nest.cpu_at=2:host,-x2apic "
				 "nest.offered=svm"),
			 0);
	assert_string_equal(o.set.item[0], "1:kvm_amd.npt=0");
	assert_string_equal(o.offered, "svm");
	assert_int_equal(cmdline("nest.offered=npt"), -1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!args(CMD_RUN, bad[i]))
			wrong("accepted: %s", bad[i]);
}

static void test_defaults(void **state)
{
	assert_int_equal(cmdline(""), 0);
	assert_int_equal(o.depth, DEPTH_MAX);
	assert_int_equal(o.timeout_s, 0);
	assert_int_equal(o.mem_kib, 0);
	assert_int_equal(o.report, REPORT_TABLE | REPORT_KTAP | REPORT_LAVA);
	assert_int_equal(o.start, START_AUTO);
	assert_int_equal(o.end, END_REBOOT);
	assert_int_equal(o.shell, SHELL_NONE);
	assert_int_equal(o.level, LEVEL_NONE);
	assert_int_equal(o.accel, ACCEL_AUTO);
	assert_string_equal(o.qemu_args, "");
}

static void test_good_words(void **state)
{
	assert_int_equal(cmdline("nest.depth=3 nest.timeout=90 nest.mem=300M nest.report=json,csv "
				 "nest.start=manual nest.end=halt nest.shell=2 "
				 "nest.qemu=-smp%202 nest.level=4 nest.id=00ff\n"),
			 0);
	assert_int_equal(o.depth, 3);
	assert_int_equal(o.timeout_s, 90);
	assert_int_equal(o.mem_kib, 300 * 1024);
	assert_int_equal(o.report, REPORT_JSON | REPORT_CSV);
	assert_int_equal(o.start, START_MANUAL);
	assert_int_equal(o.end, END_HALT);
	assert_int_equal(o.shell, 2);
	assert_string_equal(o.qemu_args, "-smp%202");
	assert_int_equal(o.level, 4);
	assert_string_equal(o.run_id, "00ff");

	assert_int_equal(
		cmdline("nest.depth=max nest.end=poweroff nest.start=auto nest.report=table"), 0);
	assert_int_equal(o.depth, DEPTH_MAX);
	assert_int_equal(o.end, END_POWEROFF);
	assert_int_equal(o.start, START_AUTO);
	assert_int_equal(o.report, REPORT_TABLE);
	assert_int_equal(cmdline("nest.depth=0 nest.end=shell"), 0);
	assert_int_equal(o.depth, 0);
	assert_int_equal(o.end, END_SHELL);
	assert_int_equal(cmdline("nest.depth=255 nest.depth=2"), 0); /* the last one counts */
	assert_int_equal(o.depth, 2);
	assert_int_equal(o.smp, 1);
	assert_int_equal(cmdline("nest.smp=8"), 0);
	assert_int_equal(o.smp, 8);
	assert_int_equal(o.nesting, NESTING_CLASSIC);
	assert_int_equal(cmdline("nest.nesting=recursive"), 0);
	assert_int_equal(o.nesting, NESTING_RECURSIVE);
	assert_false(o.enlightened);
	assert_int_equal(cmdline("nest.enlightened=on"), 0);
	assert_true(o.enlightened);
	assert_int_equal(cmdline("nest.enlightened=on nest.enlightened=off"), 0);
	assert_false(o.enlightened);
}

/* Words of boot loaders, the kernel and other programs are ignored. */
static void test_others_words(void **state)
{
	assert_int_equal(
		cmdline("BOOT_IMAGE=/boot/vmlinuz ro quiet root=/dev/ram0 console=ttyS0,115200 "
			"nest depth=7 xnest.depth=8 \"a b\" = == \"x nest.depth=9\" "
			"init=\"/bin/sh nest.depth=9\" \"\" dyndbg=\"file nest.c +p\" -- "),
		0);
	assert_int_equal(o.depth, DEPTH_MAX);
}

/* As the kernel reads them, lib/cmdline.c */
static void test_quotes(void **state)
{
	static const char *const good[] = { "\"nest.depth=1\"",		"nest.depth=\"1\"",
					    "quiet \"nest.depth=1\" x", "a=\"b c\" nest.depth=1",
					    "nest.depth=1\n",		"\tnest.depth=1\r\n",
					    "nest.depth=\"1",		"\"nest.depth=1" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (cmdline(good[i]) || o.depth != 1)
			wrong("%s: depth %d", good[i], o.depth);
	assert_int_equal(cmdline("nest.qemu=\"-m 1G\""), 0);
	assert_string_equal(o.qemu_args, "-m 1G");
	assert_int_equal(cmdline("\"nest.qemu=-m 1G\" nest.depth=2"), 0);
	assert_string_equal(o.qemu_args, "-m 1G");
	assert_int_equal(o.depth, 2);
}

/* A misspelled parameter of ours is refused, with the nearest name. */
static void test_unknown_words(void **state)
{
	static const char *const bad[][2] = {
		{ "nest.deph=1", "nest.depth" },	{ "nest.depht=1", "nest.depth" },
		{ "nest.Depth=1", "nest.depth" },	{ "nest.depthx=9", "nest.depth" },
		{ "nest.depth.x=1", "nest.depth" },	{ "nest.time=9", "nest.timeout" },
		{ "nest.memory=1G", "nest.mem" },	{ "\"nest.shel=1\"", "nest.shell" },
		{ "nest.colour=blue", "nest." },	{ "nest.=1", "nest." },
		{ "nest.reports=ktap", "nest.report" }, { "nest.poweroff", "nest." },
	};
	char long_word[4000] = "nest.", longest[5000];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char want[60];

		if (!cmdline(bad[i][0]))
			wrong("accepted: %s", bad[i][0]);
		format(want, sizeof(want), "the nearest is %s", bad[i][1]);
		if (!strstr(last_error(), want))
			wrong("%s: %s", bad[i][0], last_error());
	}
	memset(long_word + 5, 'x', sizeof(long_word) - 6);
	assert_int_equal(cmdline(long_word), -1);
	/* Values that do not fit are refused, not cut. */
	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(longest, "nest.depth=1 ", 13);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(cmdline(longest), -1);
}

static const char *const malformed[] = {
	"nest.depth=",
	"nest.depth",
	"nest.depth=three",
	"nest.depth=-1",
	"nest.depth=256",
	"nest.depth=3x",
	"nest.depth=3.5",
	"nest.depth=MAX",
	"nest.depth=0x3",
	"nest.depth=99999999999999999999",
	"nest.depth=+3",
	"nest.depth=4294967297",
	"nest.timeout=",
	"nest.timeout=1m",
	"nest.timeout=-5",
	"nest.timeout=1e9",
	"nest.timeout=9999999999",
	"nest.mem=",
	"nest.mem=0",
	"nest.mem=-1",
	"nest.mem=M",
	"nest.mem=1MM",
	"nest.mem=1MB",
	"nest.mem=1.5G",
	"nest.mem=512P",
	"nest.mem=999999999999T",
	"nest.mem=9999999999999",
	"nest.report=",
	"nest.report=xml",
	"nest.report=table,",
	"nest.report=,",
	"nest.report=table;ktap",
	"nest.report=table,table,table,table,table,table,table,table,"
	"table,table,table,table,table",
	"nest.start=",
	"nest.start=now",
	"nest.start=AUTO",
	"nest.smp=",
	"nest.smp=0",
	"nest.smp=9",
	"nest.smp=2x",
	"nest.nesting=",
	"nest.nesting=deep",
	"nest.enlightened",
	"nest.enlightened=",
	"nest.enlightened=1",
	"nest.end=",
	"nest.end=restart",
	"nest.end=off",
	"nest.shell=",
	"nest.shell=x",
	"nest.shell=256",
	"nest.shell=-1",
	"nest.level=",
	"nest.level=-1",
	"nest.level=256",
	"nest.id=",
	"nest.id=XYZ",
	"nest.id=0123456789abcdef0",
	"nest.id=AB",
};

static void test_malformed_words(void **state)
{
	char long_word[512] = "nest.qemu=";
	size_t len = strlen(long_word);

	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		char words[300], name[32];

		format(words, sizeof(words), "quiet %s panic=-1", malformed[i]);
		if (!cmdline(words))
			wrong("accepted: %s", malformed[i]);
		format(name, sizeof(name), "%.*s", (int)strcspn(malformed[i], "="), malformed[i]);
		if (!strstr(last_error(), name))
			wrong("%s: the error does not name it: %s", malformed[i], last_error());
	}
	memset(long_word + len, 'x', 255);
	assert_int_equal(cmdline(long_word), 0);
	long_word[len + 255] = 'x';
	assert_int_equal(cmdline(long_word), -1);
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t kib;
	} good[] = { { "512", 512 << 10 },  { "512M", 512 << 10 }, { "2G", 2 << 20 },
		     { "900000K", 900000 }, { "1k", 1 },	   { "3g", 3 << 20 },
		     { "1T", 1LL << 30 },   { "007", 7 << 10 },	   { "8191T", 8191LL << 30 } };
	int64_t kib;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse_size(good[i].text, &kib), 0);
		assert_int_equal(kib, good[i].kib);
	}
	kib = 42;
	assert_int_equal(parse_size("8192T", &kib), -1);
	assert_int_equal(parse_size(" 1", &kib), -1);
	assert_int_equal(parse_size("1 ", &kib), -1);
	assert_int_equal(kib, 42); /* untouched */
}

/* quick, or the thorough checks named */
static void test_checks(void **state)
{
	assert_int_equal(cmdline(""), 0);
	assert_string_equal(o.checks, "quick");
	assert_int_equal(cmdline("nest.checks=svm_npt,kvm_memory"), 0);
	assert_string_equal(o.checks, "svm_npt,kvm_memory");
	assert_int_equal(args(CMD_RUN, "--thorough"), 0);
	assert_string_equal(o.checks, "thorough");
	assert_int_equal(args(CMD_RUN, "--checks svm_irqs"), 0);
	assert_string_equal(o.checks, "svm_irqs");
	assert_int_equal(cmdline("nest.checks="), -1);
	assert_int_equal(cmdline("nest.checks=Fast!"), -1);
}

static void test_good_args(void **state)
{
	assert_int_equal(args(CMD_RUN, "--depth 3 --memory=2G --accel tcg --timeout 60 --qemu q "
				       "--kernel=k --initramfs i --append w --json j --artifacts a "
				       "--report json,lava --plain --deterministic --shell 3"),
			 0);
	assert_int_equal(o.depth, 3);
	assert_int_equal(o.memory_kib, 2 << 20);
	assert_int_equal(o.accel, ACCEL_TCG);
	assert_int_equal(o.timeout_s, 60);
	assert_string_equal(o.qemu, "q");
	assert_string_equal(o.kernel, "k");
	assert_string_equal(o.initramfs, "i");
	assert_string_equal(o.append, "w");
	assert_string_equal(o.json_path, "j");
	assert_string_equal(o.artifacts, "a");
	assert_int_equal(o.report, REPORT_JSON | REPORT_LAVA);
	assert_true(o.plain && o.deterministic);
	assert_int_equal(o.shell, 3);

	assert_int_equal(args(CMD_CHECK, "--format json --accel kvm --qemu=q"), 0);
	assert_true(o.report == REPORT_JSON && o.accel == ACCEL_KVM);
	assert_int_equal(args(CMD_REPORT, "--format csv file.json"), 0);
	assert_int_equal(o.report, REPORT_CSV);
	assert_int_equal(o.file_count, 1);
	assert_string_equal(o.files[0], "file.json");
	assert_int_equal(args(CMD_REPORT, "a --format=html b"), 0);
	assert_int_equal(o.report, REPORT_HTML);
	assert_int_equal(o.file_count, 2);
	assert_string_equal(o.files[1], "b");
	assert_int_equal(args(CMD_COMPARE, "a.json --exits-limit 5 b.json --overhead-limit=2"), 0);
	assert_int_equal(o.file_count, 2);
	assert_string_equal(o.files[0], "a.json");
	assert_string_equal(o.files[1], "b.json");
	assert_true(o.exits_percent == 5 && o.kib_percent == 2 &&
		    o.cycles_percent == LIMIT_DEFAULT);
	assert_int_equal(args(CMD_PLAN, "--from f --memory 64G --timeout 60"), 0);
	assert_true(!strcmp(o.from, "f") && o.memory_kib == 64 << 20 && o.timeout_s == 60);
	/* a value may itself have a = */
	assert_int_equal(args(CMD_RUN, "--append=nest.qemu=-S"), 0);
	assert_string_equal(o.append, "nest.qemu=-S");
}

/* Old spellings work for one version, and name the new ones. */
static void test_old_spellings(void **state)
{
	assert_int_equal(args(CMD_COMPARE, "a.json --exits 5 b.json --kib=2 --cycles 7"), 0);
	assert_true(o.exits_percent == 5 && o.kib_percent == 2 && o.cycles_percent == 7);
	assert_non_null(strstr(last_error(), "--cycles: is now called --cycles-limit"));
	assert_int_equal(args(CMD_CHECK, "--json"), 0);
	assert_int_equal(o.report, REPORT_JSON);
	assert_non_null(strstr(last_error(), "--json: is now called --format json"));
}

static void test_malformed_args(void **state)
{
	static const struct {
		int command;
		const char *args;
	} bad[] = {
		{ CMD_RUN, "--depth" },
		{ CMD_RUN, "--depth=" },
		{ CMD_RUN, "--depth x" },
		{ CMD_RUN, "--depth 256" },
		{ CMD_RUN, "--memory 1X" },
		{ CMD_RUN, "--memory 0" },
		{ CMD_RUN, "--accel hvf" },
		{ CMD_RUN, "--nesting none" },
		{ CMD_RUN, "--smp" },
		{ CMD_RUN, "--smp 0" },
		{ CMD_RUN, "--smp 9" },
		{ CMD_RUN, "--timeout 1s" },
		{ CMD_RUN, "--report xml" },
		{ CMD_RUN, "--report svg" },
		{ CMD_REPORT, "--format html,svg" },
		{ CMD_REPORT, "1 2 3 4 5 6 7 8 9" },
		{ CMD_RUN, "--plain=yes" },
		{ CMD_RUN, "--deterministic=1" },
		{ CMD_RUN, "--json=" },
		{ CMD_RUN, "--kernel=" },
		{ CMD_RUN, "--shell" },
		{ CMD_RUN, "--shell max" },
		{ CMD_RUN, "--bogus" },
		{ CMD_RUN, "operand" },
		{ CMD_RUN, "--dep 3" },
		{ CMD_RUN, "-d 3" },
		{ CMD_RUN, "--format ktap" },
		{ CMD_CHECK, "--depth 3" },
		{ CMD_CHECK, "--json=x" },
		{ CMD_REPORT, "--format table,ktap a" },
		{ CMD_REPORT, "--format" },
		{ CMD_REPORT, "--format yaml a" },
		{ CMD_COMPARE, "a b c" },
		{ CMD_COMPARE, "--exits-limit -1 a b" },
		{ CMD_COMPARE, "--format table,json a b" },
		{ CMD_PLAN, "a.json" },
		{ CMD_PLAN, "--exits-limit 5" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!args(bad[i].command, bad[i].args))
			wrong("accepted: %s", bad[i].args);
}

/* Each command's help has a line for each of its options. */
static void test_help(void **state)
{
	static char text[8192];
	int saved = dup(1), fd = open("help", O_RDWR | O_CREAT | O_TRUNC, 0600);

	fflush(stdout);
	dup2(fd, 1);
	options_help(CMD_RUN);
	fflush(stdout);
	dup2(saved, 1);
	close(fd);
	close(saved);
	assert_int_equal(read_text("help", text, sizeof(text)), 0);
	for (const char *flag =
		     "depth\0memory\0accel\0timeout\0qemu\0kernel\0initramfs\0append\0json\0"
		     "artifacts\0plain\0deterministic\0shell\0";
	     *flag; flag += strlen(flag) + 1) {
		char line[40];

		format(line, sizeof(line), "  --%s ", flag);
		if (!strstr(text, line))
			wrong("help has no %s", line);
	}
	assert_null(strstr(text, "--format"));
}

RUN(T(test_defaults), T(test_settings), T(test_programs), T(test_program_means_depth),
    T(test_good_words), T(test_others_words), T(test_quotes), T(test_unknown_words),
    T(test_malformed_words), T(test_sizes), T(test_checks), T(test_good_args),
    T(test_old_spellings), T(test_malformed_args), T(test_help))
