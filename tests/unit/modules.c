// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "level/modules.h"

static void test_module_names(void **state)
{
	(void)state;
	assert_true(modules_is_file_of("kernel/arch/x86/kvm/kvm-amd.ko.xz", "kvm_amd"));
	assert_true(modules_is_file_of("kvm_amd.ko", "kvm-amd"));
	assert_true(modules_is_file_of("/a/kvm.ko.zst", "kvm"));
	assert_false(modules_is_file_of("/a/kvm-amd.ko", "kvm"));
	assert_false(modules_is_file_of("/a/kvm.ko", "kvm-amd"));
	assert_false(modules_is_file_of("/a/kvm.c", "kvm"));
}

/* Which of KVM's two modules a level loads. */
static void test_kvm_names(void **state)
{
	(void)state;
	assert_string_equal(modules_kvm_name("svm"), "kvm-amd");
	assert_string_equal(modules_kvm_name("vmx"), "kvm-intel");
	assert_null(modules_kvm_name("none"));
}

RUN(T(test_module_names), T(test_kvm_names))
