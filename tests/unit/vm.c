// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The child's machine: QEMU's arguments, and what QEMU inherits, prints and leaves behind.  QEMU is a
 * shell script.
 */
#include "test.h"
#include "child/vm.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const struct vm_config plain = {
	.machine = VM_MICROVM,
	.machine_options = "",
	.firmware_dir = "/share",
	.qemu = "./qemu",
	.kernel = "/boot/my kernel",
	.initramfs = "/boot/initramfs",
	.cmdline = "nest.level=1 quiet",
	.extra_args = "",
	.memory_kib = 524288,
	.vcpus = 1,
	.kvm = true,
};

static char command[4096];

static bool has(const struct vm_config *c, const char *words)
{
	vm_command(c, command, sizeof(command));
	return strstr(command, words);
}

static void test_sets_memory(void **state)
{
	assert_true(vm_sets_memory("-m%2064M"));
	assert_true(vm_sets_memory("-S%20--m%2064M"));
	assert_true(vm_sets_memory("-numa%20node"));
	assert_true(vm_sets_memory("-machine%20memory-backend=x"));
	assert_false(vm_sets_memory(""));
	assert_false(vm_sets_memory("-name%20m%20-smp%202"));
}

static void test_words(void **state)
{
	struct vm_config c = plain;

	assert_true(has(&c, "./qemu -nodefaults "));
	assert_true(has(&c, " -kernel '/boot/my kernel' "));
	assert_true(has(&c, " -append 'nest.level=1 quiet' "));
	assert_false(has(&c, "-smp") || has(&c, "virtio") || has(&c, "-icount"));
	c.cpu = "host,-x2apic";
	assert_true(has(&c, " -cpu host,-x2apic "));
	/* With any CPU, Hyper-V's interface replaces KVM's, with all that an enlightened VMCS needs. */
	c.enlightened = true;
	assert_true(has(&c, " -cpu host,-x2apic,kvm=off,hv-relaxed,hv-vpindex,hv-time,hv-vapic,"
			    "hv-frequencies,hv-evmcs "));

	c = plain;
	c.vcpus = 4;
	c.machine = VM_PC;
	c.kvm = false;
	c.deterministic = true;
	assert_true(has(&c, " -M q35 ") && has(&c, " -smp 4 "));
	assert_true(has(&c, " -accel tcg,thread=single -cpu " VM_TCG_CPU " "));
	assert_true(has(&c, " -icount shift=0,sleep=off "));
	assert_false(has(&c, "-sandbox"));
	c.sandbox = "on,spawn=deny";
	assert_true(has(&c, " -sandbox on,spawn=deny "));
	assert_false(has(&c, "memory-backend"));
	c.memory_folder = "/ram";
	assert_true(has(&c, " -machine memory-backend=ram ") &&
		    has(&c, "align=2M,mem-path=/ram,size=524288K"));
	vm_command(&c, command, 20); /* cut, not overrun */
	assert_int_equal(strlen(command), 19);
}

/* Each end of the monitor is a file of its own, as a pipe has one direction. */
static void test_monitor(void **state)
{
	struct vm_config c = plain;

	(void)state;
	assert_false(has(&c, "qmp"));
	c.monitor = true;
	assert_true(has(
		&c, " -chardev file,id=qmp,path=/proc/self/fd/6,input-path=/proc/self/fd/7 -mon "
		    "chardev=qmp,mode=control"));
}

/* The kernel can find the terminal's device only by this parameter. */
static void test_terminal(void **state)
{
	struct vm_config c = plain;

	c.terminal = VM_TERMINAL_SHELL;
	assert_true(has(&c, "virtconsole,nr=0") && has(&c, " virtio_mmio.device=512@"));
	c.terminal = VM_TERMINAL_PASSED_ON;
	assert_true(has(&c, "virtserialport,nr=2"));
	c.machine = VM_PC;
	assert_true(has(&c, "virtio-serial-pci") && !has(&c, "virtio_mmio.device"));
}

static void test_extra_words(void **state)
{
	struct vm_config c = plain;
	char longest[300] = "-device%20", many[1024] = "";
	struct vm vm;

	c.extra_args = "-device%20virtio-rng-device%20%20-S";
	assert_true(has(&c, " -device virtio-rng-device -S"));
	memset(longest + 10, 'x', sizeof(longest) - 11);
	c.extra_args = longest;
	assert_int_equal(vm_start(&vm, &c), -1);
	assert_non_null(strstr(last_error(), "too long"));
	for (int i = 0; i < 100; i++)
		strcat(many, "-x%20");
	c.extra_args = many;
	assert_int_equal(vm_start(&vm, &c), -1);
}

static void program(const char *script)
{
	write_file("qemu", script);
	assert_int_equal(chmod("qemu", 0755), 0);
}

/* Everything from a pipe until its end */
static const char *all_of(int fd)
{
	static char text[4096];
	struct pollfd p = { fd, POLLIN, 0 };
	size_t len = 0;
	ssize_t n;

	while (poll(&p, 1, 10000) == 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	return text;
}

static void test_arguments(void **state)
{
	struct vm_config c = plain;
	char text[8192];
	struct vm vm;

	c.machine_options = ",x=on";
	c.extra_args = "-smp%202%20%20-name%20x";
	assert_int_equal(dup2(1, 200), 200); /* left open for us by who started us */
	program("#!/bin/sh\nprintf '%s\\n' \"$@\" >args\nls /proc/self/fd | tr '\\n' ' ' >fds\n");
	assert_int_equal(vm_start(&vm, &c), 0);
	all_of(vm.messages);
	vm_end(&vm);
	vm_close(&vm);
	assert_int_equal(read_text("args", text, sizeof(text)), 0);
	assert_non_null(strstr(text, "-append\nnest.level=1 quiet\n")); /* one word each */
	assert_non_null(strstr(text, "-kernel\n/boot/my kernel\n"));
	assert_non_null(strstr(text, "-initrd\n/boot/initramfs\n"));
	assert_non_null(strstr(text, "-m\n524288K\n"));
	assert_non_null(strstr(text, "-accel\nkvm\n-cpu\nhost\n"));
	assert_non_null(strstr(text, "-no-reboot\n"));
	assert_non_null(strstr(text, "-M\nmicrovm,"));
	assert_non_null(strstr(text, ",x=on\n"));
	assert_string_equal(strstr(text, "-smp"), "-smp\n2\n-name\nx");
	/* No other descriptors are open: QEMU's five, and the directory that ls reads. */
	assert_int_equal(read_text("fds", text, sizeof(text)), 0);
	assert_string_equal(text, "0 1 2 3 4 5 ");
}

static void test_pipes(void **state)
{
	struct vm vm;
	int status;

	program("#!/bin/sh\necho console >&3\necho record >&4\necho trouble >&2\n"
		"[ -z \"$(cat)\" ] && [ ! -e /proc/$$/fd/5 ] && exit 7\n");
	assert_int_equal(vm_start(&vm, &plain), 0);
	assert_string_equal(all_of(vm.console), "console\n");
	assert_string_equal(all_of(vm.records), "record\n");
	assert_string_equal(all_of(vm.messages), "trouble\n");
	status = vm_end(&vm);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_true(vm_cpu_s(&vm) < 0);
	vm_close(&vm);
}

static void test_end(void **state)
{
	int64_t total, work;
	struct vm vm;
	int status;

	program("#!/bin/sh\ntrap '' TERM INT HUP\necho up >&3\nwhile :; do :; done\n");
	assert_int_equal(vm_start(&vm, &plain), 0);
	assert_int_equal(poll(&(struct pollfd){ vm.console, POLLIN, 0 }, 1, 10000), 1);
	assert_true(vm_cpu_s(&vm) >= 0);
	assert_int_equal(vm_exits(&vm, &total, &work), -1);
	status = vm_end(&vm);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(vm_end(&vm), 0);
	vm_close(&vm);
}

static void test_no_program(void **state)
{
	struct vm_config c = plain;
	struct vm vm;
	int status;

	c.qemu = "./nowhere/qemu";
	assert_int_equal(vm_start(&vm, &c), 0);
	assert_string_equal(all_of(vm.messages), "./nowhere/qemu: No such file or directory\n");
	status = vm_end(&vm);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 127);
	vm_close(&vm);
}

RUN(T(test_sets_memory), T(test_words), T(test_terminal), T(test_monitor), T(test_extra_words),
    T(test_arguments), T(test_pipes), T(test_end), T(test_no_program))
