// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "level/modules.h"

static void test_module_names(void **state)
{
	assert_true(modules_is_file_of("kernel/arch/x86/kvm/kvm-amd.ko.xz", "kvm_amd"));
	assert_true(modules_is_file_of("kvm_amd.ko", "kvm-amd"));
	assert_true(modules_is_file_of("/a/kvm.ko.zst", "kvm"));
	assert_false(modules_is_file_of("/a/kvm-amd.ko", "kvm"));
	assert_false(modules_is_file_of("/a/kvm.ko", "kvm-amd"));
	assert_false(modules_is_file_of("/a/kvm.c", "kvm"));
	assert_false(modules_is_file_of("/a/k", "kvm"));
}

/* A kernel ignores the parameters of its modules: passing them is modprobe's work. */
static void test_module_parameters(void **state)
{
	static const char cmdline[] = "quiet kvm_amd.npt=0 kvm.tdp_mmu=0 kvm-amd.nested=1 kvm_amd= "
				      "kvm_amd.flag xkvm_amd.vgif=0\n";
	char parameters[100];

	modules_parameters(cmdline, "kernel/arch/x86/kvm/kvm-amd.ko.xz", parameters,
			   sizeof(parameters));
	assert_string_equal(parameters, "npt=0 nested=1 flag");
	modules_parameters(cmdline, "kvm.ko", parameters, sizeof(parameters));
	assert_string_equal(parameters, "tdp_mmu=0");
	modules_parameters(cmdline, "irqbypass.ko", parameters, sizeof(parameters));
	assert_string_equal(parameters, "");
}

/* Which of KVM's two modules a level loads. */
static void test_kvm_names(void **state)
{
	assert_string_equal(modules_kvm_name("svm"), "kvm-amd");
	assert_string_equal(modules_kvm_name("vmx"), "kvm-intel");
	assert_null(modules_kvm_name("none"));
}

RUN(T(test_module_names), T(test_kvm_names), T(test_module_parameters))
