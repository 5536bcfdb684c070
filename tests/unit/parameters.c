// SPDX-License-Identifier: GPL-2.0-or-later
/* KVM's parameters: which differ from their defaults, and which the kernel did not accept. */
#include "test.h"
#include "level/parameters.h"

#include <sys/stat.h>

static void set(const char *module, const char *name, const char *value)
{
	char path[200];

	format(path, sizeof(path), "module/%s", module);
	mkdir("module", 0755);
	mkdir(path, 0755);
	strcat(path, "/parameters");
	mkdir(path, 0755);
	strcat(path, "/");
	strcat(path, name);
	write_file(path, value);
}

static void test_list(void **state)
{
	char list[250], little[30];

	set("kvm", "tdp_mmu", "N\n");
	set("kvm", "halt_poll_ns", "200000\n");
	set("kvm_amd", "npt", "Y\n");
	set("kvm_amd", "vgif", "0\n");
	set("kvm_intel", "ept", "N\n");
	parameters_list("module", "svm", list, sizeof(list));
	assert_string_equal(list, "kvm.tdp_mmu=N kvm_amd.vgif=0");
	parameters_list("module", "vmx", list, sizeof(list));
	assert_string_equal(list, "kvm.tdp_mmu=N kvm_intel.ept=N");
	parameters_list("module", "svm", little, 20); /* no half of one */
	assert_string_equal(little, "kvm.tdp_mmu=N");
	parameters_list("nowhere", "svm", list, sizeof(list));
	assert_string_equal(list, "");
}

static struct check check_with(const char *log, const char *item, const char *second)
{
	struct settings s = { .count = second ? 2 : 1 };
	struct check k;

	strcpy(s.item[0], item);
	strcpy(s.item[1], second ? second : "");
	if (!parameters_check("module", log, &s, 1, &k))
		k.value = -1;
	return k;
}

static void test_taken(void **state)
{
	static const char *const good[] = { "1:kvm_amd.npt=1", "all:kvm_amd.npt=on",
					    "L1:kvm.tdp_mmu=off", "0,1:kvm_amd.vgif=0x0",
					    "1:kvm.halt_poll_ns=200000" };
	struct check k;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		k = check_with("", good[i], NULL);
		if (k.result != RESULT_PASS || k.value != 1)
			wrong("%s: %s", good[i], k.detail);
	}
	k = check_with("", "2:kvm_amd.npt=0", NULL); /* not this level's */
	assert_true(k.value == -1);
}

static void test_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "1:kvm_amd.npt=0", "kvm_amd.npt=0: not taken: it is Y" },
		{ "1:kvm_amd.npt=maybe", "kvm_amd.npt=maybe: not taken: it is Y" },
		{ "1:kvm.halt_poll_ns=1", "kvm.halt_poll_ns=1: not taken: it is 200000" },
		{ "1:kvm_amd.bogus=1", "kvm_amd.bogus=1: the module has no such parameter" },
		{ "1:nokvm.npt=1", "nokvm.npt=1: this kernel has no such module" },
	};
	struct check k;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		k = check_with("", bad[i][0], NULL);
		assert_int_equal(k.result, RESULT_FAIL);
		assert_string_equal(k.detail, bad[i][1]);
		assert_string_equal(last_error(), bad[i][1]);
	}
	/* the first error is the detail, whatever follows */
	k = check_with("", "1:kvm_amd.npt=0", "1:kvm_amd.bogus=1");
	assert_string_equal(k.detail, bad[0][1]);
	k = check_with("", "1:kvm_amd.bogus=1", "1:kvm_amd.npt=1");
	assert_int_equal(k.result, RESULT_FAIL);
}

/* Parameters from the kernel command line, not from --set. */
static void test_log(void **state)
{
	static const char built_in[] =
		"<6>[ 0.0] Linux\n<3>[ 0.1] Booting kernel: `maybe' invalid for parameter "
		"`kvm_amd.npt'\n<6>[ 0.2] x\n";
	static const char module[] = "<3>[ 1.1] kvm_amd: `2' invalid for parameter `npt'\n";
	static const char other[] = "<3>[ 0.1] Booting kernel: `x' invalid for parameter `foo'\n"
				    "<3>[ 0.1] `' invalid for parameter `\n";
	struct check k;

	k = check_with(built_in, "2:kvm.tdp_mmu=1", NULL);
	assert_int_equal(k.result, RESULT_FAIL);
	assert_string_equal(k.detail, "kvm_amd.npt=maybe: invalid, by the kernel's log");
	k = check_with(built_in, "1:kvm_amd.npt=maybe", NULL); /* said once */
	assert_string_equal(k.detail, "kvm_amd.npt=maybe: not taken: it is Y");
	k = check_with(module, "2:kvm.tdp_mmu=1", NULL);
	assert_string_equal(k.detail, "kvm_amd.npt=2: invalid, by the kernel's log");
	k = check_with(other, "2:kvm.tdp_mmu=1", NULL);
	assert_true(k.value == -1 && k.result == RESULT_PASS);
}

RUN(T(test_list), T(test_taken), T(test_refused), T(test_log))
