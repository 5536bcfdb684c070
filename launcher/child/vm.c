// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* pipe2, unshare */
#include "child/vm.h"
#include "child/wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGS 96
#define KILL_WAIT_MS 60000
#define CONSOLE_FD VM_CONSOLE_FD
#define RECORD_FD 4
#define CONTROL_FD 5
#define ANSWERS_FD 6
#define REQUESTS_FD 7
#define TERMINAL_PIPE (1 << 20) /* a virtio console drops what its pipe has no room for */
/* The first of microvm's virtio-mmio slots: the kernel has no other way to find it. */
#define MMIO_PARAMETER " virtio_mmio.device=512@0xfeb00000:5"

struct args {
	int count;
	char *word[MAX_ARGS + 1];
	bool full;
};

static void add_word(struct args *a, const char *text)
{
	if (a->count == MAX_ARGS || !(a->word[a->count] = strdup(text)))
		a->full = true;
	else
		a->word[++a->count] = NULL;
} /* NOLINT(clang-analyzer-unix.Malloc): it is in a->word, which free_args() frees */

/* Adds words, separated by blanks. */
static void add(struct args *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add(struct args *a, const char *fmt, ...)
{
	char text[512], *save, *word;
	va_list args;

	va_start(args, fmt);
	a->full |= (size_t)vsnprintf(text, sizeof(text), fmt, args) >= sizeof(text);
	va_end(args);
	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		add_word(a, word);
}

static void add_path(struct args *a, const char *option, const char *path)
{
	add_word(a, option);
	add_word(a, path);
}

/* nest.qemu=: words separated by %20. */
static void add_extra(struct args *a, const char *extra)
{
	char word[256];
	const char *end;

	for (; *extra; extra = *end ? end + 3 : end) {
		end = strstr(extra, "%20");
		if (!end)
			end = extra + strlen(extra);
		a->full |= (size_t)(end - extra) >= sizeof(word);
		format(word, sizeof(word), "%.*s", (int)(end - extra), extra);
		if (*word)
			add_word(a, word);
	}
}

static void free_args(struct args *a)
{
	while (a->count)
		free(a->word[--a->count]);
}

bool vm_sets_memory(const char *extra)
{
	static const char *const options[] = { "-m",	  "-M",	       "-machine",     "-numa",
					       "-object", "-mem-path", "-mem-prealloc" };
	struct args a = { 0 };
	bool found = false;

	add_extra(&a, extra);
	for (int i = 0; i < a.count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(options); k++)
			found |= !strcmp(a.word[i] + !strncmp(a.word[i], "--", 2), options[k]);
	free_args(&a);
	return found;
}

static bool is_microvm(const struct vm_config *c)
{
	return c->machine == VM_MICROVM || c->machine == VM_FIRMWARE;
}

static bool has_serial(const struct vm_config *c)
{
	return c->terminal || c->serial_records;
}

/*
 * The terminal's device has an interrupt, which needs an IOAPIC.  The kernel finds that only by the
 * firmware's MP table.
 */
static void add_terminal(struct args *a, const struct vm_config *c)
{
	if (is_microvm(c))
		add(a, "-device virtio-serial-device,bus=virtio-mmio-bus.0,max_ports=4");
	else
		add(a, "-device virtio-serial-pci,max_ports=4");
	if (c->terminal)
		add(a, "-chardev stdio,id=term,signal=off -device %s,chardev=term",
		    c->terminal == VM_TERMINAL_SHELL ? "virtconsole,nr=0" : "virtserialport,nr=2");
	/* The same pipe as the port's.  The port has sent a whole record before another is sent. */
	if (c->serial_records)
		add(a,
		    "-chardev file,id=bulk,path=/proc/self/fd/%d "
		    "-device virtserialport,nr=3,chardev=bulk",
		    RECORD_FD);
	add(a, "-chardev pipe,id=ctl,path=/proc/self/fd/%d -device virtserialport,nr=1,chardev=ctl",
	    CONTROL_FD);
}

static void add_machine(struct args *a, const struct vm_config *c)
{
	bool firmware = has_serial(c) &&
			strstr(c->machine_options ? c->machine_options : "", "x-direct-boot");

	switch (c->machine) {
	case VM_PC:
		add(a, "-M q35 -serial chardev:con");
		break;
	case VM_MICROVM:
		/* Leaves out devices that our kernel does not need: to probe one costs exits. */
		add(a,
		    "-M microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=off,"
		    "auto-kernel-cmdline=off,x-option-roms=off%s%s",
		    c->machine_options, firmware ? ",x-direct-boot=off" : "");
		add_path(a, "-L", c->firmware_dir);
		break;
	case VM_FIRMWARE:
		/*
		 * Hardware that every kernel supports: an APIC, described by the firmware's tables, and a
		 * serial port.
		 */
		add(a, "-M microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on,"
		       "auto-kernel-cmdline=off,x-option-roms=off -serial chardev:con");
		add_path(a, "-bios", c->firmware);
		break;
	case VM_NAMED:
		add(a, "-M %s -serial chardev:con", c->machine_options);
		add_path(a, "-L", c->firmware_dir);
		break;
	case VM_BOCHS: /* see add_bochs() */
		break;
	}
}

static void add_cpu(struct args *a, const struct vm_config *c)
{
	/*
	 * The ROM that optimizes old guests' TPR makes QEMU write back all registers, TR among them.
	 * If the host runs on QEMU's own emulation of AMD-V, the emulated CPU then refuses the guest
	 * all ports (port.h).
	 */
	if (c->kvm && c->machine == VM_PC)
		add(a, "-global kvm-apic.vapic=off");
	if (c->kvm)
		add(a, "-accel kvm -cpu %s%s", c->cpu ? c->cpu : "host",
		    c->enlightened ? "," VM_ENLIGHTENED : "");
	else
		/* One thread for all vCPUs: the clock of two threads is not reproducible. */
		add(a, "-accel tcg,thread=single -cpu %s", c->cpu ? c->cpu : VM_TCG_CPU);
	if (c->deterministic)
		/* Time is the number of instructions; nothing depends on the host's clock. */
		add(a, "-icount shift=0,sleep=off -rtc base=2000-01-01,clock=vm -seed 1");
	add(a, "-m %lldK", (long long)c->memory_kib);
	/* A huge page of a file is mapped as such only where its address is a multiple of its size. */
	if (c->memory_folder)
		add(a,
		    "-machine memory-backend=ram -object memory-backend-file,id=ram,share=on,"
		    "align=2M,mem-path=%s,size=%lldK",
		    c->memory_folder, (long long)c->memory_kib);
	if (c->vcpus > 1)
		add(a, "-smp %d", c->vcpus);
}

static void add_bochs(struct args *a, const struct vm_config *c)
{
	char path[256];

	add_word(a, c->qemu);
	add_word(a, "-q");
	format(path, sizeof(path), "%s/" VM_BOCHS_CONFIG, c->folder);
	add_path(a, "-f", path);
	format(path, sizeof(path), "%s/" VM_BOCHS_COMMANDS, c->folder);
	if (c->debugger)
		add_path(a, "-rc", path);
}

static void build_args(struct args *a, const struct vm_config *c)
{
	char cmdline[2200];

	*a = (struct args){ 0 };
	if (c->machine == VM_BOCHS) {
		add_bochs(a, c);
		return;
	}
	format(cmdline, sizeof(cmdline), "%s%s", c->cmdline,
	       has_serial(c) && is_microvm(c) ? MMIO_PARAMETER : "");
	add_word(a, c->qemu);
	/* Only what is listed: no default devices, no user configuration, no window. */
	add(a, "-nodefaults -no-user-config -display none");
	/* A reset ends QEMU.  So nothing is booted twice, and what the child has read can be freed. */
	add(a, "-no-reboot");
	if (c->sandbox)
		add(a, "-sandbox %s", c->sandbox);
	add_machine(a, c);
	add_cpu(a, c);
	add_path(a, "-kernel", c->kernel);
	add_path(a, "-initrd", c->initramfs);
	add_path(a, "-append", cmdline);
	/* rep outsb: one exit for a whole line, which is delivered when the instruction retires. */
	add(a, "-chardev file,id=con,path=/proc/self/fd/%d", CONSOLE_FD);
	add(a, "-chardev file,id=rec,path=/proc/self/fd/%d", RECORD_FD);
	if (c->machine == VM_MICROVM)
		add(a, "-device isa-debugcon,iobase=%#x,chardev=con", CONSOLE_PORT);
	add(a, "-device isa-debugcon,iobase=%#x,chardev=rec", RECORD_PORT);
	/* The orderly end: nothing else leads to this exit status. */
	add(a, "-device isa-debug-exit,iobase=%#x,iosize=1", EXIT_PORT);
	if (has_serial(c))
		add_terminal(a, c);
	if (c->monitor)
		add(a,
		    "-chardev file,id=qmp,path=/proc/self/fd/%d,input-path=/proc/self/fd/%d "
		    "-mon chardev=qmp,mode=control",
		    ANSWERS_FD, REQUESTS_FD);
	add_extra(a, c->extra_args);
}

void vm_command(const struct vm_config *config, char *buf, size_t size)
{
	struct args a;

	build_args(&a, config);
	buf[0] = '\0';
	for (int i = 0; i < a.count; i++)
		append_word(buf, size, a.word[i]);
	free_args(&a);
}

/* The pipes between us and QEMU; each side has one end. */
enum pipe {
	CONSOLE,
	RECORDS,
	MESSAGES,
	TERMINAL_OUT,
	TERMINAL_IN,
	CONTROL,
	ANSWERS,
	REQUESTS,
	PIPES
};
struct pipes {
	int ours[PIPES], qemus[PIPES];
};

/* Bochs listens for viewers of its screen on a network port: gives it a network of its own. */
static void leave_network(void)
{
	if (unshare(CLONE_NEWNET))
		unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

/* In the child process: keeps QEMU's ends of the pipes, and none of our other files. */
static void exec_qemu(struct args *a, const struct pipes *p, const struct vm_config *c,
		      pid_t launcher)
{
	const int *q = p->qemus;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool terminal = q[TERMINAL_IN] >= 0;
	int from[] = { terminal ? q[TERMINAL_IN] : null,
		       terminal ? q[TERMINAL_OUT] : q[MESSAGES],
		       q[MESSAGES],
		       q[CONSOLE],
		       q[RECORDS],
		       q[CONTROL],
		       q[ANSWERS],
		       q[REQUESTS] };
	size_t count = ARRAY_SIZE(from);
	sigset_t none;

	if (c->machine == VM_BOCHS) {
		from[1] = q[RECORDS]; /* it prints what its guest writes to port 0xe9 */
		setenv("LC_ALL", "C",
		       1); /* 2.7 aborts in UTF-8 locales: "buffer overflow detected" */
		leave_network();
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* If we die, QEMU dies too. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != launcher) /* the launcher has already died */
		_exit(127);
	/* First moves them above their final numbers, then to these. */
	for (size_t i = 0; i < count; i++)
		if (from[i] >= 0)
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 10);
	/* All others that we inherited are closed. */
	for (size_t i = 0; i < count; i++)
		if (dup2(from[i], i) < 0)
			close(i);
	syscall(SYS_close_range, count, ~0U, 0);
	execvp(a->word[0], a->word);
	dprintf(2, "%s: %s\n", a->word[0], strerror(errno));
	_exit(127);
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int open_pipes(struct pipes *p, const struct vm_config *c)
{
	bool terminal = has_serial(c);
	const bool wanted[PIPES] = {
		[CONSOLE] = true,	   [RECORDS] = true,	     [MESSAGES] = true,
		[TERMINAL_OUT] = terminal, [TERMINAL_IN] = terminal, [CONTROL] = terminal,
		[ANSWERS] = c->monitor,	   [REQUESTS] = c->monitor,
	};
	int ends[2];

	for (int i = 0; i < PIPES; i++)
		p->ours[i] = p->qemus[i] = -1;
	for (int i = 0; i < PIPES; i++) {
		bool ours_reads = i <= TERMINAL_OUT || i == ANSWERS;

		if (!wanted[i])
			continue;
		if (pipe2(ends, O_CLOEXEC))
			return fail("pipe for QEMU: %m");
		p->ours[i] = ends[!ours_reads];
		p->qemus[i] = ends[ours_reads];
		fcntl(p->ours[i], F_SETFL, O_NONBLOCK);
	}
	if (terminal)
		fcntl(p->ours[TERMINAL_OUT], F_SETPIPE_SZ, TERMINAL_PIPE);
	return 0;
}

int vm_start(struct vm *vm, const struct vm_config *config)
{
	struct pipes pipes;
	pid_t launcher = getpid();
	struct args a;

	*vm = (struct vm){ .appliance = config->appliance,
			   .pid = -1,
			   .pidfd = -1,
			   .vcpus = config->vcpus > 1 ? config->vcpus : 1 };
	vm->terminal_in = vm->terminal_out = vm->control = vm->requests = vm->answers = -1;
	build_args(&a, config);
	if (a.full) {
		free_args(&a);
		return fail(
			"QEMU's command line has more than %d arguments, or one that is too long",
			MAX_ARGS);
	}
	if (open_pipes(&pipes, config)) {
		free_args(&a);
		return -1;
	}
	vm->start_s = now_s();
	vm->pid = fork();
	if (!vm->pid)
		exec_qemu(&a, &pipes, config, launcher);
	free_args(&a);
	close_all(pipes.qemus, PIPES);
	vm->console = pipes.ours[CONSOLE];
	vm->records = pipes.ours[RECORDS];
	vm->messages = pipes.ours[MESSAGES];
	vm->terminal_out = pipes.ours[TERMINAL_OUT];
	vm->terminal_in = pipes.ours[TERMINAL_IN];
	vm->control = pipes.ours[CONTROL];
	vm->requests = pipes.ours[REQUESTS];
	vm->answers = pipes.ours[ANSWERS];
	vm->serial_records = config->serial_records;
	vm->stays = config->machine == VM_BOCHS;
	vm->name = vm->stays ? "Bochs" : "qemu";
	if (vm->pid < 0)
		return fail("fork for QEMU: %m");
	vm->pidfd = syscall(SYS_pidfd_open, vm->pid, 0);
	if (vm->pidfd < 0) {
		fail("pidfd_open: %m (Linux 5.3 or newer is needed)");
		vm_end(vm);
		return -1;
	}
	return 0;
}

/* A signal to us does not shorten the wait. */
static bool ends_within(int pidfd, int ms)
{
	struct pollfd fd = { pidfd, POLLIN, 0 };
	double until_s = now_s() + ms / 1e3;
	int n;

	do
		n = poll(&fd, 1, ms);
	while (n < 0 && errno == EINTR && now_s() < until_s);
	return n == 1;
}

int vm_end(struct vm *vm)
{
	int status = 0;

	if (vm->pid <= 0)
		return 0;
	kill(vm->pid, SIGKILL); /* no effect if it has ended */
	/* A process stuck in the kernel does not die: a KVM bug must not make us wait for ever. */
	if (vm->pidfd < 0 || ends_within(vm->pidfd, KILL_WAIT_MS))
		waitpid(vm->pid, &status, 0);
	else
		fail("QEMU (pid %d) cannot be killed: it is stuck in the kernel", vm->pid);
	vm->pid = -1;
	return status;
}

static void close_stats(struct vm *vm)
{
	close_all(vm->stats, vm->stats_count);
	vm->stats_count = 0;
}

void vm_close(struct vm *vm)
{
	int fds[] = { vm->pidfd,       vm->console, vm->records,  vm->messages, vm->terminal_out,
		      vm->terminal_in, vm->control, vm->requests, vm->answers };

	close_all(fds, ARRAY_SIZE(fds));
	close_stats(vm);
	vm->pidfd = vm->console = vm->records = vm->messages = -1;
	vm->terminal_out = vm->terminal_in = vm->control = vm->requests = vm->answers = -1;
}

/*
 * QEMU keeps the statistics of each vCPU open.  A second reference reads them without QEMU's help, even
 * while it hangs and after it has ended (Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD).
 */
static void find_stats(struct vm *vm)
{
	static const char want[] = "anon_inode:kvm-vcpu-stats:";
	char dir_path[64], link[64];
	struct dirent *entry;
	ssize_t n;
	DIR *dir;
	int fd;

	close_stats(vm); /* found before all vCPUs existed */
	format(dir_path, sizeof(dir_path), "/proc/%d/fd", vm->pid);
	dir = opendir(dir_path);
	while (dir && vm->stats_count < vm->vcpus && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (strncmp(link, want, sizeof(want) - 1))
			continue;
		fd = syscall(SYS_pidfd_getfd, vm->pidfd, atoi(entry->d_name), 0);
		if (fd >= 0)
			vm->stats[vm->stats_count++] = fd;
	}
	if (dir)
		closedir(dir);
}

static int64_t read_stat(int fd, const struct kvm_stats_header *h, const char *name)
{
	char buf[sizeof(struct kvm_stats_desc) + 128];
	struct kvm_stats_desc *desc = (struct kvm_stats_desc *)buf;
	size_t size = sizeof(*desc) + h->name_size;
	uint64_t value;

	for (uint32_t i = 0; size < sizeof(buf) && i < h->num_desc; i++) {
		if (pread(fd, buf, size, h->desc_offset + i * size) != (ssize_t)size)
			break;
		buf[size] = '\0';
		if (!strcmp(desc->name, name) &&
		    pread(fd, &value, sizeof(value), h->data_offset + desc->offset) ==
			    sizeof(value))
			return value;
	}
	return UINT64_MAX;
}

/*
 * The VM's directory in debugfs, for a QEMU that does not keep the statistics open (before 8.1).  In the
 * appliance we mount debugfs; on a host it may be mounted.
 */
static int64_t debugfs_stat(const struct vm *vm, const char *name)
{
	static const char root[] = "/sys/kernel/debug/kvm";
	char prefix[16], path[320], text[32];
	int64_t value = UINT64_MAX;
	struct dirent *entry;
	DIR *dir = opendir(root);

	if (!dir &&
	    !system_mount(vm->appliance, "debugfs", "/sys/kernel/debug", "debugfs", 0, NULL))
		dir = opendir(root);
	format(prefix, sizeof(prefix), "%d-", vm->pid);
	while (dir && value < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		format(path, sizeof(path), "%s/%s/%s", root, entry->d_name, name);
		if (!read_text(path, text, sizeof(text)))
			value = strtoll(text, NULL, 10);
	}
	if (dir)
		closedir(dir);
	return value;
}

int64_t vm_stat(const struct vm *vm, const char *name)
{
	struct kvm_stats_header header;
	int64_t sum = 0, n;

	if (!vm->stats_count)
		return debugfs_stat(vm, name);
	for (int i = 0; i < vm->stats_count; i++) {
		if (pread(vm->stats[i], &header, sizeof(header), 0) != sizeof(header))
			return -1;
		n = read_stat(vm->stats[i], &header, name);
		if (n < 0)
			return -1;
		sum += n;
	}
	return sum;
}

int vm_exits(struct vm *vm, int64_t *total, int64_t *work)
{
	int64_t exits, interrupts;

	if (vm->stats_count < vm->vcpus && vm->pid > 0)
		find_stats(vm);
	if (vm->stats_count && vm->stats_count < vm->vcpus) /* QEMU has not created all vCPUs yet */
		return -1;
	exits = vm_stat(vm, "exits");
	if (exits < 0)
		return -1;
	interrupts = vm_stat(vm, "irq_exits");
	*total = exits;
	*work = exits - (interrupts > 0 ? interrupts : 0);
	return 0;
}

double vm_cpu_s(const struct vm *vm)
{
	struct timespec ts;
	clockid_t clock;

	if (vm->pid <= 0 || clock_getcpuclockid(vm->pid, &clock) || clock_gettime(clock, &ts))
		return -1;
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

bool vm_is_stopped(const struct vm *vm)
{
	char path[32], stat[200] = "";
	const char *state;

	format(path, sizeof(path), "/proc/%d/stat", vm->pid);
	if (vm->pid <= 0 || read_text(path, stat, sizeof(stat)))
		return false;
	state = strrchr(stat, ')'); /* behind the name, which may have any character */
	return state && (!strncmp(state, ") T", 3) || !strncmp(state, ") t", 3));
}

int64_t vm_anonymous_kib(const struct vm *vm, int64_t guest_kib)
{
	int64_t sum_kib = -1, size_kib = 0;
	char path[32], line[256];
	long long kib;
	FILE *f;

	format(path, sizeof(path), "/proc/%d/smaps", vm->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Size: %lld kB", &kib) == 1)
			size_kib = kib;
		else if (size_kib < guest_kib && sscanf(line, "Anonymous: %lld kB", &kib) == 1)
			sum_kib += kib + (sum_kib < 0);
	}
	if (f)
		fclose(f);
	return sum_kib;
}
