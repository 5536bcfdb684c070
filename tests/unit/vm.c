// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's command line. */
#include "child/vm.h"
#include "test.h"

static char command[4096];

static const char *command_of(const struct vm_config *c)
{
	vm_command(c, command, sizeof(command));
	return command;
}

static void test_cpu(void **state)
{
	struct vm_config c = {
		.machine = VM_MICROVM,
		.machine_options = "",
		.qemu = "qemu",
		.firmware_dir = "/share",
		.kernel = "k",
		.initramfs = "i",
		.cmdline = "c",
		.extra_args = "",
		.memory_kib = 65536,
	};

	(void)state;
	assert_non_null(strstr(command_of(&c), " -cpu max,+svm "));
	c.kvm = true;
	assert_non_null(strstr(command_of(&c), " -accel kvm -cpu host "));
	/* Whatever CPU it has, KVM's interface gives way to Hyper-V's, with all that an enlightened VMCS needs. */
	c.enlightened = true;
	assert_non_null(strstr(command_of(&c), " -cpu host,kvm=off,hv-relaxed,hv-vpindex,hv-time,"
					       "hv-vapic,hv-frequencies,hv-evmcs "));
	c.cpu = "host,-x2apic";
	assert_non_null(strstr(command_of(&c), " -cpu host,-x2apic,kvm=off,"));
}

RUN(T(test_cpu))
