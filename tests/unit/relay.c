// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The supervision of a child.  Its QEMU is a shell script with the console on descriptor 3, the records on
 * 4 and its own messages on 2, as the real one.
 */
#include "test.h"
#include "report/record.h"
#include "child/relay.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define ID "5eed"
#define ORDERLY "cat records >&4; exit 33\n"

static struct vm vm;
static struct relay r;
static struct reason why;
static int console_lines, beats, records;
static bool console_is_harmless;

static void on_console(void *context, const char *line)
{
	(void)context;
	console_lines++;
	if (strlen(line) >= CONSOLE_LINE)
		console_is_harmless = false;
	for (const char *p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			console_is_harmless = false;
}

static enum taken on_record(void *context, const char *line, size_t len)
{
	struct record rec;

	(void)context;
	if (record_decode(&rec, ID, line, len) != RECORD_OK)
		return REFUSED;
	records++;
	return !strcmp(rec.kind, "end") ? LAST : !strcmp(rec.kind, "out") ? OUTPUT : TAKEN;
}

static int lines[2], looks;

static void on_line(void *context, const char *line, bool console)
{
	(void)context;
	(void)line;
	lines[console]++;
}

static void on_abort(void *context)
{
	(void)context;
	looks++;
	assert_int_equal(kill(vm.pid, 0), 0); /* it is still there */
}

static void on_heartbeat(void *context)
{
	(void)context;
	beats++;
}

/* Writes the fake QEMU and the records that it can send. */
static void prepare(const char *script)
{
	static const char *const kinds[] = { "level", "ready", "end" };
	char text[8192], line[RECORD_MAX];
	struct record rec;
	FILE *f = fopen("records", "w");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		record_init(&rec, kinds[i], 1, 1);
		rec.seq = i;
		assert_true(record_encode(&rec, ID, line) > 0);
		fputs(line, f);
	}
	fclose(f);
	record_init(&rec, "out", 1, 1);
	assert_true(record_encode(&rec, ID, line) > 0);
	write_file("output", line);
	snprintf(text, sizeof(text), "#!/bin/sh\n%s", script);
	write_file("qemu", text);
	chmod("qemu", 0755);

	r = (struct relay){
		.vm = &vm,
		.limits = { .idle_s = 2,
			    .spin_s = 20,
			    .silent_s = 20,
			    .dead_s = 0.5,
			    .boot_s = 20 },
		.deadline_s = now_s() + 10, /* limits the test */
		.context = &r,
		.on_record = on_record,
		.on_console = on_console,
		.on_heartbeat = on_heartbeat,
		.on_line = on_line,
		.on_abort = on_abort,
	};
	console_lines = beats = records = 0;
	console_is_harmless = true;
	relay_stop_requested = 0;
}

static enum stop supervise_machine(const struct vm_config *config)
{
	enum stop stop;

	assert_int_equal(vm_start(&vm, config), 0);
	r.save_restore.requests = vm.requests;
	vm.stats[0] = open("exits", O_RDONLY | O_CLOEXEC); /* where there are any */
	vm.stats_count = vm.stats[0] >= 0;
	relay_run(&r);
	stop = relay_verdict(&r, false, &why);
	vm_close(&vm);
	return stop;
}

static enum stop supervise(void)
{
	const struct vm_config config = { .qemu = "./qemu",
					  .machine = VM_MICROVM,
					  .machine_options = ",x=on",
					  .firmware_dir = "/share",
					  .kernel = "/boot/bzImage",
					  .initramfs = "/run/i",
					  .cmdline = "quiet nest.level=1",
					  .extra_args = "",
					  .memory_kib = 65536,
					  .kvm = true,
					  .monitor = r.save_restore.wanted > 0 };

	return supervise_machine(&config);
}

/* Bochs prints the records among its own messages, and goes on after its guest has ended. */
static void test_bochs(void **state)
{
	const struct vm_config config = {
		.qemu = "./qemu", .machine = VM_BOCHS, .folder = "/nowhere", .debugger = true
	};

	prepare("[ \"$*\" = '-q -f /nowhere/bochsrc -rc /nowhere/continue' ] || exit 3\n"
		"echo Bochs; printf 'Next at t=0'; cat records; sleep 60\n");
	assert_int_equal(supervise_machine(&config), STOP_NONE);
	assert_int_equal(records, 3);

	prepare("for i in $(seq 30); do echo '00000000000i[PLUGIN] loaded plugin libbx_serial.so'; "
		"done >&2\n"
		"echo '[BIOS  ] No bootable device.' >&2; exit 1\n");
	assert_int_equal(supervise_machine(&config), STOP_QEMU);
	assert_string_equal(why.detail, "Bochs ended with status 1: [BIOS  ] No bootable device.");
}

static enum stop run_fake(const char *script)
{
	prepare(script);
	return supervise();
}

static void expect(const char *script, enum stop stop, const char *words)
{
	enum stop is = run_fake(script);

	if (is != stop || !strstr(why.detail, words))
		wrong("%s: %s, '%s' instead of %s, '%s'", script, stop_names[is], why.detail,
		      stop_names[stop], words);
}

static void test_ends(void **state)
{
	expect(ORDERLY, STOP_NONE, "");
	assert_int_equal(records, 3);
	expect("echo '-bogus: invalid option' >&2; exit 1", STOP_QEMU, "-bogus: invalid option");
	expect("exit 1", STOP_QEMU, "status 1");
	expect("cat records >&4; echo 'error: it broke' >&2; exit 1", STOP_CRASH, "it broke");
	expect("exit 0", STOP_CRASH, "reset");
	expect("cat records >&4; exit 0", STOP_CRASH, "reset");
	expect("kill -SEGV $$", STOP_CRASH, "signal 11");
	expect("echo 'qemu: terminating on signal 15 from pid 1' >&2; exit 0", STOP_CRASH,
	       "from outside");
	expect("echo 'out of luck' >&2; kill -ABRT $$", STOP_CRASH, "out of luck");
}

static void test_no_program(void **state)
{
	prepare("exit 0");
	chmod("qemu", 0644);
	assert_int_equal(supervise(), STOP_QEMU);
	assert_non_null(strstr(why.detail, "Permission denied"));
	unlink("qemu");
	assert_int_equal(supervise(), STOP_QEMU);
	assert_non_null(strstr(why.detail, "No such file"));
}

static void test_lost(void **state)
{
	expect("head -n 2 records >&4; exit 33", STOP_LOST, "never came");
	expect("head -c 60 records >&4; exit 33", STOP_LOST, "never came");
	assert_int_equal(r.bad_records, 0); /* cut off, not made up */
	expect("exit 33", STOP_LOST, "never came");
	expect("sed s/end/enD/ records >&4; exit 33", STOP_LOST, "never came");
	assert_int_equal(r.bad_records, 1);
	run_fake(ORDERLY);
	assert_int_equal(relay_verdict(&r, true, &why), STOP_LOST);
}

static void test_panic(void **state)
{
	expect("echo '[    1.5] Kernel panic - not syncing: Fatal exception' >&3; exit 0",
	       STOP_PANIC, "Fatal exception");
	expect("printf 'Kernel panic - not syncing: VFS' >&3; exit 0", STOP_PANIC, "VFS");
	expect("cat records >&4; echo Kernel panic - not syncing: sysrq triggered crash >&3; exit "
	       "0",
	       STOP_CRASH, ""); /* after the end: not evidence */
	expect("head -n 2 records >&4; echo 'Kernel panic - not syncing: one' >&3\n"
	       "echo 'Kernel panic - not syncing: two' >&3; exit 0",
	       STOP_PANIC, "one");
	expect("echo 'Kernel panic - not syncing: Out of memory and no killable processes...' >&3",
	       STOP_OOM, "no killable");
	expect("echo 'Kernel panic - not syncing: System is deadlocked on memory' >&3", STOP_OOM,
	       "deadlocked");
	/* A panic message that a program prints does not outweigh an orderly end. */
	expect("echo 'Kernel panic - not syncing: a joke' >&3; " ORDERLY, STOP_NONE, "");
	/* It panicked and hangs: the panic is the reason, not the hang. */
	prepare("echo 'Kernel panic - not syncing: stuck' >&3; sleep 60");
	r.limits.boot_s = 0.05;
	assert_int_equal(supervise(), STOP_PANIC);
}

/* Every death message is reported as the reason, with its text, without waiting for the watchdog. */
static void test_death_sentences(void **state)
{
	static const struct {
		const char *line, *words;
	} table[] = {
		{ "PANIC: early exception 0x0d IP 10:ffffffff81000000 error 0 cr2 0x0",
		  "early exception 0x0d IP 10:ffffffff81000000" },
		{ "[    0.1] BUG: unable to handle page fault for address: 0000000000001000",
		  "address: 0000000000001000" },
		{ "[    0.1] Oops: 0002 [#1] SMP", "Oops: 0002 [#1]" },
		{ "[    0.1] Oops: general protection fault, probably for address 0x1: 0000 [#1]",
		  "general protection fault" },
		{ "[    0.1] kernel BUG at mm/slub.c:448!", "mm/slub.c:448" },
		{ "xx?Kernel panic - not sync?ing: Attempted to kill",
		  "Kernel panic - not sync?ing" },
		{ "?ernel panic - not syncing: VFS", "VFS" },
		{ "---[ end Kernel panic - not syncing: Fatal exception ]---", "Fatal exception" },
		{ "ZSTD-compressed data is corrupt -- System halted", "-- System halted" },
		{ "supernest: the launcher died of signal 4 (Illegal instruction) at address 0x4",
		  "died of signal 4 (Illegal instruction) at address 0x4" },
	};
	char script[400];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		double start = now_s();

		snprintf(script, sizeof(script), "head -n 2 records >&4; echo '%s' >&3; sleep 60",
			 table[i].line);
		expect(script, STOP_PANIC, table[i].words);
		assert_int_equal(r.abort, ABORT_DEAD);
		assert_true(now_s() - start < 5);
	}
	/* A kernel that sends records after such a message lives: the message is no verdict. */
	expect("echo 'Oops: 0002 [#1]' >&3; sleep 0.2; head -n 2 records >&4; sleep 1.5; "
	       "tail -n 1 records >&4; exit 33",
	       STOP_NONE, "");
	/* The hint before the panic tells the cause. */
	expect("echo 'BUG: unable to handle page fault' >&3\n"
	       "echo 'Kernel panic - not syncing: Fatal exception' >&3; exit 0",
	       STOP_PANIC, "Fatal exception; before that: BUG: unable to handle page fault");
	/* A dying kernel that still prints is not cut off. */
	expect("echo 'Kernel panic - not syncing: slow' >&3; for i in 1 2 3 4; do sleep 0.3; echo "
	       "$i >&3; "
	       "done; exit 0",
	       STOP_PANIC, "slow");
	assert_int_equal(r.abort, ABORT_NONE);
}

static int own_lines;

static void on_own_line(void *context, const char *line)
{
	(void)context;
	own_lines += !strcmp(line, "of our own");
}

/* Output of this level's programs is passed on meanwhile; a program that closed its end costs nothing. */
static void test_own_words(void **state)
{
	clock_t cpu = clock();
	struct own_lines own;
	pid_t child;

	own_lines = 0;
	assert_int_equal(own_lines_open(&own, on_own_line, NULL), 0);
	prepare("cat records >&4; sleep 1; exit 33");
	r.own = &own;
	child = fork();
	if (!child) {
		usleep(300000);
		_exit(write(own.out, "of our own\n", 11) != 11);
	}
	assert_int_equal(supervise(), STOP_NONE);
	waitpid(child, NULL, 0);
	assert_int_equal(own_lines, 1);
	assert_true((double)(clock() - cpu) / CLOCKS_PER_SEC < 0.5);
	close(own.in);
	close(own.out);
}

/* Lines that a panicking kernel repeats are not shown again, but all of them are evidence. */
static void test_replay(void **state)
{
	lines[0] = lines[1] = 0;
	expect("for l in 'Linux version 6' one 'Kernel panic - not syncing: x' 'Linux version 6' "
	       "one 'Kernel panic - not "
	       "syncing: x'; do echo \"$l\" >&3; done; exit 0",
	       STOP_PANIC, "x");
	assert_int_equal(console_lines, 3);
	assert_int_equal(lines[1], 6);
	assert_string_equal(r.last[LAST_LINES - 1], "Kernel panic - not syncing: x");
}

/* A child that the watchdog ends is inspected before it is killed; one whose time is up is not. */
static void test_look(void **state)
{
	looks = 0;
	prepare("cat records >&4; sleep 60");
	r.limits.silent_s = 0.3;
	assert_int_equal(supervise(), STOP_HANG);
	assert_int_equal(looks, 1);
	prepare("sleep 60");
	r.deadline_s = now_s() + 0.3;
	assert_int_equal(supervise(), STOP_TIME);
	assert_int_equal(looks, 1);
}

static void test_kvm_errors(void **state)
{
	double start = now_s();

	expect("echo 'KVM internal error. Suberror: 1' >&2; sleep 60", STOP_CRASH, "Suberror: 1");
	expect("echo 'error: kvm run failed Invalid argument' >&2; sleep 60", STOP_CRASH,
	       "kvm run failed");
	expect("head -n 2 records >&4; echo 'KVM: entry failed, hardware error 0x7' >&2; sleep 60",
	       STOP_CRASH, "0x7");
	assert_true(now_s() - start < 5);
}

/* KVM's statistics as they would be after so many exits (Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD) */
static void write_exits(const char *path, uint64_t exits)
{
	const struct kvm_stats_header header = {
		.name_size = 8,
		.num_desc = 1,
		.desc_offset = sizeof(header),
		.data_offset = sizeof(header) + sizeof(struct kvm_stats_desc) + 8,
	};
	const struct kvm_stats_desc desc = { .size = 1 };
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fwrite(&header, sizeof(header), 1, f);
	fwrite(&desc, sizeof(desc), 1, f);
	fwrite("exits\0\0", 8, 1, f);
	fwrite(&exits, sizeof(exits), 1, f);
	assert_int_equal(fclose(f), 0);
}

/* A kernel that only exits does not come up; one that prints much needs exits to print. */
static void test_exits(void **state)
{
	write_exits("exits", 1200000);
	prepare("sleep 60");
	assert_int_equal(supervise(), STOP_HANG);
	assert_non_null(strstr(why.detail, "did not start"));
	assert_non_null(strstr(why.detail, "exits: 1200000"));
	write_exits("exits", 1000);
	write_exits("many", 1200000);
	prepare("yes 0123456789 | head -n 20000 >&3; sleep 0.5; "
		"dd if=many of=exits conv=notrunc 2>/dev/null; sleep 1; " ORDERLY);
	assert_int_equal(supervise(), STOP_NONE);
	assert_int_equal(r.exits, 1200000);
	write_exits("many", 3000000); /* but one that floods its console does not come up */
	prepare("trap '' PIPE; dd if=many of=exits conv=notrunc 2>/dev/null; yes >&3");
	assert_int_equal(supervise(), STOP_HANG);
	unlink("exits");
}

/* Exits of all vCPUs are added up, once all of them exist. */
static void test_exits_of_all_vcpus(void **state)
{
	struct vm all = { .pid = -1, .vcpus = 2, .stats_count = 2 };
	int64_t total = 0, work = 0;

	write_exits("one", 1000);
	write_exits("two", 30);
	all.stats[0] = open("one", O_RDONLY | O_CLOEXEC);
	all.stats[1] = open("two", O_RDONLY | O_CLOEXEC);
	assert_int_equal(vm_exits(&all, &total, &work), 0);
	assert_int_equal(total, 1030);
	assert_int_equal(work, 1030);
	all.vcpus = 3;
	assert_int_equal(vm_exits(&all, &total, &work), -1);
	close(all.stats[0]);
	close(all.stats[1]);
}

static void test_watchdog_limits(void **state)
{
	double start = now_s();

	prepare("sleep 60");
	r.limits.boot_s = 0.05; /* ten times that on the clock */
	assert_int_equal(supervise(), STOP_HANG);
	assert_non_null(strstr(why.detail, "did not start"));
	prepare("while :; do :; done");
	r.limits.boot_s = 0.5;
	assert_int_equal(supervise(), STOP_HANG);
	assert_non_null(strstr(why.detail, "did not start"));

	prepare("head -n 1 records >&4; sleep 60");
	r.limits.idle_s = 0.5;
	assert_int_equal(supervise(), STOP_HANG);
	assert_non_null(strstr(why.detail, "nothing was executed"));
	assert_non_null(strstr(why.detail, "exits not counted"));

	/* It uses no CPU time, and so may be starved. */
	prepare("head -n 2 records >&4; sleep 60");
	r.limits.idle_s = 30;
	r.limits.silent_s = 0.3;
	assert_int_equal(supervise(), STOP_HANG);
	assert_true(r.clock_s >= 0.3 / 0.2);
	assert_non_null(strstr(why.detail, "sent nothing"));
	prepare("head -n 2 records >&4; while :; do :; done");
	r.limits.silent_s = 0.5;
	assert_int_equal(supervise(), STOP_HANG);
	assert_true(r.cpu_s > 0.05);

	prepare("head -n 2 records >&4; while :; do echo noise >&3; echo noise >&4; sleep 0.1; "
		"done");
	r.limits.silent_s = 0.5; /* noise on the console is no sign of life */
	assert_int_equal(supervise(), STOP_HANG);

	prepare("trap '' TERM INT HUP; sleep 60");
	r.deadline_s = now_s() + 0.5;
	assert_int_equal(supervise(), STOP_TIME);

	prepare("kill -STOP $$");
	r.deadline_s = now_s() + 0.5;
	assert_int_equal(supervise(), STOP_TIME);

	prepare("sleep 60");
	relay_stop_requested = SIGINT;
	assert_int_equal(supervise(), STOP_TIME);
	assert_non_null(strstr(why.detail, "signal"));
	assert_true(now_s() - start < 45); /* less than a child's own 60 s, on a busy machine too */
}

/* A slow child is not dead: one that gets a hundredth of the CPU, and one whose supervisor was stopped too. */
static void test_slow(void **state)
{
	pid_t child;
	int status;

	prepare("for i in 1 2 3 4 5 6; do sleep 0.3; for j in $(seq 20000); do :; done; "
		"done; " ORDERLY);
	r.limits.idle_s = 1;
	assert_int_equal(supervise(), STOP_NONE);

	prepare("sleep 3.2; " ORDERLY);
	child = fork();
	if (!child)
		_exit(supervise());
	usleep(300000);
	kill(child, SIGSTOP);
	usleep(2500000);
	kill(child, SIGCONT);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), STOP_NONE);
}

/* One that took long to speak may compute for long without an exit. */
static void test_slow_without_exits(void **state)
{
	(void)state;
	write_exits("exits", 1000);
	prepare("sleep 1; head -n 1 records >&4; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); "
		"done; " ORDERLY);
	r.limits.spin_s = 0.05;
	assert_int_equal(supervise(), STOP_NONE);
	assert_true(r.cpu_s > r.limits.spin_s);

	prepare("head -n 2 records >&4; while :; do :; done");
	r.limits.spin_s = 0.5;
	assert_int_equal(supervise(), STOP_HANG);
	assert_non_null(strstr(why.detail, "it spins"));
	unlink("exits");
}

/* Somebody who stops QEMU for a while has not made it hang; if it stays stopped, it has. */
static void test_stopped(void **state)
{
	(void)state;
	prepare("(sleep 1.5; kill -CONT $$) & kill -STOP $$; " ORDERLY);
	r.limits.idle_s = 0.4;
	r.limits.stopped_s = 5;
	assert_int_equal(supervise(), STOP_NONE);

	prepare("kill -STOP $$");
	r.limits.idle_s = 0.4;
	r.limits.stopped_s = 1;
	assert_int_equal(supervise(), STOP_HANG);
	assert_true(r.stopped_s > 1);
	assert_non_null(strstr(why.detail, "nothing was executed"));
}

#define MONITOR                                                                                  \
	"head -n 1 records >&4; echo '{\"QMP\": {}}' >&6; read -r line <&7; echo '{\"return\": " \
	"{}}' >&6; "
#define ANSWER(text) "read -r line <&7; echo '" text "' >&6; "
#define TRIP ANSWER("{\"return\": {}, \"id\": 1}")

static void check_trips(bool broken, enum result result, const char *detail)
{
	struct save_restore_checks k;

	save_restore_checks(&r.save_restore, broken, &k);
	assert_int_equal(k.trips.result, result);
	assert_string_equal(k.trips.detail, detail);
	assert_int_equal(*k.downtime.id != '\0', r.save_restore.done > 0 || broken);
}

#define LOG_ANSWER(lost, address)                                                        \
	"{\"return\": {\"address\": " #address ", \"lost\": " #lost ", \"us\": 750000, " \
	"\"pages\": 50, \"dirty\": 9}, \"id\": 1}"

/* The dirty log is tried at once, and then as often as takes a part of the time. */
static void test_dirty_log(void **state)
{
	static const struct {
		double asked_s, answered_s;
		bool logs;
		const char *answer;
	} trips[] = {
		{ 100, 101, true, LOG_ANSWER(0, 0) },
		{ 102.1, 102.2, false, LOG_ANSWER(0, 0) },
		{ 106, 106.8, true, LOG_ANSWER(2, 4096) },
		{ 112, 112.8, true, LOG_ANSWER(1, 8192) },
	};
	struct save_restore s = { .wanted = ARRAY_SIZE(trips), .all = true };
	struct save_restore_checks k;
	char text[1000];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	s.requests = fds[1];
	save_restore_checks(&s, false, &k);
	assert_string_equal(k.dirty_log.id, "");
	for (size_t i = 0; i < ARRAY_SIZE(trips); i++) {
		save_restore_step(&s, trips[i].asked_s);
		text[read(fds[0], text, sizeof(text) - 1)] = '\0';
		assert_int_equal(strstr(text, "\"dirty-log\":true") != NULL, trips[i].logs);
		save_restore_answer(&s, trips[i].answer, trips[i].answered_s);
		save_restore_checks(&s, false, &k);
		assert_int_equal(k.trips.result, RESULT_PASS);
		assert_string_equal(k.dirty_log.id, "dirty_log");
		assert_int_equal(k.dirty_log.result, i < 2 ? RESULT_PASS : RESULT_FAIL);
	}
	assert_string_equal(
		k.dirty_log.detail,
		"the dirty log missed changed pages of its RAM: 3, the first at 0x1000");
	assert_true(k.dirty_log.value == 27);
	assert_int_equal(s.done, 4);
	assert_true(s.longest_s > 0.249 && s.longest_s < 0.251); /* without the time that it ran */
	close(fds[0]);
	close(fds[1]);
}

/* A child whose state is saved and restored: as often as asked, with the child's time in between; and what can go wrong. */
static void test_save_restore(void **state)
{
	double start = now_s();

	(void)state;
	prepare(MONITOR TRIP "sleep 0.3; echo '{\"event\": \"RESUME\"}' >&6; " TRIP TRIP
			     "if read -t 1 -r line <&7; then exit 1; fi; " ORDERLY);
	r.save_restore.wanted = 3;
	r.save_restore.all = true;
	assert_int_equal(supervise(), STOP_NONE);
	assert_int_equal(r.save_restore.done, 3);
	assert_true(r.save_restore.longest_s >= 0.25);
	check_trips(false, RESULT_PASS, "");

	/* The other half waits until a guest of the child runs. */
	prepare(MONITOR TRIP TRIP "if read -t 1 -r line <&7; then exit 1; fi; " ORDERLY);
	r.save_restore.wanted = 4;
	assert_int_equal(supervise(), STOP_NONE);
	assert_int_equal(r.save_restore.done, 2);

	prepare("cat records >&4; exit 33");
	r.save_restore.wanted = 3;
	r.save_restore.all = true;
	assert_int_equal(supervise(), STOP_NONE);
	check_trips(false, RESULT_SKIP, "it ended before the first");

	prepare(MONITOR ANSWER(
		"{\"id\": 1, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"x\"}}")
			ORDERLY);
	r.save_restore.wanted = 3;
	r.save_restore.all = true;
	assert_int_equal(supervise(), STOP_NONE);
	check_trips(false, RESULT_SKIP, "this level's QEMU has no x-save-restore");

	prepare(MONITOR TRIP ANSWER("{\"id\": 1, \"error\": {\"class\": \"GenericError\", "
				    "\"desc\": \"the state is lost: no room\"}}") "sleep 60");
	r.save_restore.wanted = 3;
	r.save_restore.all = true;
	assert_int_equal(supervise(), STOP_CRASH);
	assert_non_null(strstr(why.detail, "could not be restored: the state is lost: no room"));
	check_trips(true, RESULT_FAIL,
		    "its state could not be restored: the state is lost: no room");

	prepare(MONITOR ANSWER("{\"id\": 1, \"error\": {\"class\": \"GenericError\", "
			       "\"desc\": \"it is blocked\"}}") ORDERLY);
	r.save_restore.wanted = 3;
	r.save_restore.all = true;
	assert_int_equal(supervise(), STOP_NONE);
	check_trips(false, RESULT_SKIP, "it is blocked");

	prepare(MONITOR TRIP "kill -SEGV $$");
	r.save_restore.wanted = 3;
	r.save_restore.all = true;
	assert_int_equal(supervise(), STOP_CRASH);
	check_trips(true, RESULT_FAIL, "it did not run on until its end");

	prepare(MONITOR "while :; do :; done");
	r.save_restore.wanted = 3;
	r.save_restore.all = true;
	r.limits.spin_s = 0.5;
	assert_int_equal(supervise(), STOP_HANG);
	assert_non_null(strstr(why.detail, "did not save and restore it"));
	assert_true(now_s() - start < 25);
}

static void test_closed_pipes(void **state)
{
	clock_t cpu = clock();
	double start = now_s();

	prepare("exec 2>&- 3>&- 4>&-; sleep 60");
	r.deadline_s = start + 2;
	r.limits.idle_s = 20;
	assert_int_equal(supervise(), STOP_TIME);
	assert_true(now_s() - start < 4);
	assert_true((double)(clock() - cpu) / CLOCKS_PER_SEC < 0.5); /* it slept meanwhile */

	/* Once its record channel is closed, a child is ended whatever else it does. */
	prepare("exec 4>&-; while :; do echo noise >&3; sleep 0.1; done");
	r.limits.idle_s = 0.5;
	assert_int_equal(supervise(), STOP_LOST);
	assert_non_null(strstr(why.detail, "channel"));

	/* And a QEMU that has ended, while a child process of it holds the pipes open, counts as ended. */
	start = now_s();
	expect("sleep 20 & cat records >&4; exit 33", STOP_NONE, "");
	expect("(sleep 20; echo late >&3) & exit 0", STOP_CRASH, "reset");
	assert_true(now_s() - start < 3);
}

static void test_flood(void **state)
{
	double start = now_s();
	int bound;

	prepare("yes 'a line of the flood' | head -n 200000 >&3; echo the last one >&3; " ORDERLY);
	r.limits.idle_s = 9; /* a busy machine may take its time */
	assert_int_equal(supervise(), STOP_NONE);
	bound = 200 + 50 * (now_s() - start + 1);
	assert_in_range(console_lines, 200, bound);
	assert_int_equal(console_lines + r.console.dropped,
			 200001); /* lines over the limit are counted */
	assert_int_equal(r.last_count, LAST_LINES);
	assert_string_equal(r.last[LAST_LINES - 1],
			    "the last one"); /* the evidence is the newest */
	assert_int_equal(records, 3);	     /* and no record was lost */
}

/* More records than honest levels can send: the child is ended at once. */
static void test_record_flood(void **state)
{
	double start;

	prepare("while :; do cat many >&4; done");
	if (system("yes \"$(sed -n 1p records)\" | head -n 1000 >many"))
		wrong("cannot make many");
	start = now_s();
	assert_int_equal(supervise(), STOP_LOST);
	assert_non_null(strstr(why.detail, "flooded"));
	assert_true(now_s() - start < 8);
	/* As many records as 64 levels could send at once are no flood. */
	expect("for i in $(seq 19); do cat many; done >&4; " ORDERLY, STOP_NONE, "");
	assert_int_equal(records, 19003);
	/* A program may print more, but it too has a limit. */
	if (system("yes \"$(cat output)\" | head -n 1000 >many"))
		wrong("cannot make many");
	expect("for i in $(seq 60); do cat many; done >&4; " ORDERLY, STOP_NONE, "");
	assert_int_equal(records, 60003);
	prepare("while :; do cat output >&4; done");
	r.records = r.outputs = 1000000; /* so many in no time */
	assert_int_equal(supervise(), STOP_LOST);
	assert_non_null(strstr(why.detail, "flooded"));
}

static void test_long_lines(void **state)
{
	expect("head -c 10000000 /dev/zero | tr '\\0' x >&3; echo >&3; echo after >&3; " ORDERLY,
	       STOP_NONE, "");
	assert_int_equal(console_lines, 2);
	assert_string_equal(r.last[LAST_LINES - 1], "after");
	expect("head -c 10000000 /dev/zero | tr '\\0' x >&4; echo >&4; " ORDERLY, STOP_NONE, "");
	assert_int_equal(records, 3);
	assert_int_equal(r.bad_records, 1);
	expect("head -c 10000000 /dev/zero | tr '\\0' x >&2; exit 1", STOP_QEMU, "xxx");
	expect("yes 'many words' | head -n 100000 >&2; exit 1", STOP_QEMU, "many words");
	/* a whole record behind an endless line */
	expect("head -c 5000 /dev/zero | tr '\\0' x >&4; cat records >&4; exit 33", STOP_NONE, "");
	assert_int_equal(records, 3);
	/* in two pieces, the second of which has no room behind what was before the first */
	expect("head -c 4080 /dev/zero | tr '\\0' x >&4; head -c 10 records >&4; sleep 0.1; "
	       "tail -c +11 records >&4; exit 33",
	       STOP_NONE, "");
	assert_int_equal(records, 3);
}

static void test_control_characters(void **state)
{
	expect("printf 'a\\0b\\033[2Jc\\007\\177\\377\\n\\0\\n\\r\\n \\t\\r\\n' >&3\n"
	       "head -c 100000 /dev/urandom >&3; head -c 100000 /dev/urandom >&4\n"
	       "echo >&4; printf 'x\\0y\\n' >&2; " ORDERLY,
	       STOP_NONE, "");
	assert_true(console_is_harmless);
	assert_int_equal(records, 3);
	expect("printf 'a\\0b\\033[2Jc\\177\\377\\n' >&3; exit 0", STOP_CRASH, "");
	assert_string_equal(r.last[LAST_LINES - 1], "a?b?[2Jc??");
	expect("printf 'x\\033[2Jy\\n' >&2; exit 1", STOP_QEMU, "x?[2Jy");
	/* What a lab's parser would obey */
	expect("echo '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=l9_ready RESULT=pass>' >&3; exit 0",
	       STOP_CRASH, "");
	assert_string_equal(r.last[LAST_LINES - 1],
			    "?LAVA_SIGNAL_TESTCASE TEST_CASE_ID=l9_ready RESULT=pass>");
}

/* Records that arrive in pieces, and records on a busy console. */
static void test_pieces(void **state)
{
	expect("head -c 9 records >&4; sleep 0.3; tail -c +10 records >&4; exit 33", STOP_NONE, "");
	assert_int_equal(records, 3);
	expect("yes x >&3 & cat records >&4; sleep 0.5; kill $!; exit 33", STOP_NONE, "");
	assert_int_equal(records, 3);
}

static void test_heartbeats(void **state)
{
	prepare("sleep 1.2; " ORDERLY);
	r.heartbeat_s = 0.2;
	assert_int_equal(supervise(), STOP_NONE);
	assert_in_range(beats, 3, 7);
	run_fake("sleep 0.3; " ORDERLY);
	assert_int_equal(beats, 0);
	/* A record of the child that is passed on counts as our own sign of life. */
	prepare("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do head -n 1 records >&4; sleep 0.2; "
		"done; " ORDERLY);
	r.heartbeat_s = 1.5;
	assert_int_equal(supervise(), STOP_NONE);
	assert_int_equal(beats, 0);
	prepare("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do head -n 1 records >&4; sleep 0.2; "
		"done; " ORDERLY);
	r.heartbeat_s = 1.5;
	r.beats_always = true;
	assert_int_equal(supervise(), STOP_NONE);
	assert_in_range(beats, 1, 2);
}

/* If we die, our machine dies too. */
static void test_dies_with_us(void **state)
{
	char pid[16] = "", path[40];
	pid_t child;

	unlink("pid");
	prepare("echo $$ >pid.new; mv pid.new pid; exec sleep 60");
	child = fork();
	if (!child) {
		supervise();
		_exit(0);
	}
	for (int i = 0; i < 500 && read_text("pid", pid, sizeof(pid)); i++)
		usleep(10000);
	format(path, sizeof(path), "/proc/%s/stat", pid);
	assert_int_equal(access(path, F_OK), 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (int i = 0; i < 500 && !kill(atoi(pid), 0); i++)
		usleep(10000);
	assert_int_equal(kill(atoi(pid), 0), -1);
}

RUN(T(test_ends), T(test_no_program), T(test_lost), T(test_panic), T(test_death_sentences),
    T(test_own_words), T(test_replay), T(test_look), T(test_kvm_errors), T(test_exits),
    T(test_exits_of_all_vcpus), T(test_watchdog_limits), T(test_slow), T(test_slow_without_exits),
    T(test_stopped), T(test_save_restore), T(test_dirty_log), T(test_closed_pipes), T(test_flood),
    T(test_record_flood), T(test_long_lines), T(test_control_characters), T(test_pieces),
    T(test_heartbeats), T(test_bochs), T(test_dies_with_us))
