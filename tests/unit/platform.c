// SPDX-License-Identifier: GPL-2.0-or-later
/* The hypervisor that we run on, and whether firmware is to blame. */
#include "test.h"
#include "level/platform.h"

static void test_hypervisors(void **state)
{
	static const struct {
		const char *signature, *name, *advice;
		bool is_machine;
	} table[] = {
		{ "KVMKVMKVM\0\0\0", "KVM", "nested=1", false },
		{ "TCGTCGTCGTCG", "TCG", "-cpu max,+svm", true },
		{ "VMwareVMware", "VMware", "vhv.enable", false },
		{ "Microsoft Hv", "Hyper-V", "ExposeVirtualizationExtensions", false },
		{ "XenVMMXenVMM", "Xen", "nestedhvm", false },
		{ "VBoxVBoxVBox", "VirtualBox", "--nested-hw-virt", false },
		{ "bhyve bhyve ", "bhyve", "does not nest", false },
		{ " lrpepyh  vr", "Parallels", "nested", false },
		{ "ACRNACRNACRN", "ACRN", "nested", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct hypervisor *hv = platform_hypervisor(table[i].signature);

		assert_non_null(hv);
		assert_string_equal(hv->name, table[i].name);
		assert_non_null(strstr(hv->advice, table[i].advice));
		assert_int_equal(hv->is_machine, table[i].is_machine);
	}
	assert_null(platform_hypervisor(""));
	assert_null(platform_hypervisor("KVM"));
	assert_null(platform_hypervisor("VMwareVMwarf"));
}

static bool explain(const char *virt, bool kernel_has_it, uint64_t msr, char why[200])
{
	why[0] = '\0';
	return platform_explain_firmware(virt, kernel_has_it, &msr, why, 200);
}

static void test_firmware(void **state)
{
	char why[200];

	/* IA32_FEATURE_CONTROL: bit 0 locks, bit 1 is VMX within TXT, bit 2 VMX without */
	assert_false(explain("vmx", false, 0, why)); /* open: the kernel may turn it on */
	assert_true(explain("vmx", false, 1, why));
	assert_string_equal(why,
			    "the CPU has vmx, but firmware turned it off (IA32_FEATURE_CONTROL is "
			    "0x1): turn it on in its setup");
	assert_true(explain("vmx", false, 3, why));
	assert_false(explain("vmx", false, 5, why));
	assert_false(explain("vmx", false, 0xff07, why));
	/* VM_CR: bit 3 locks, bit 4 is SVMDIS */
	assert_false(explain("svm", false, 0, why));
	assert_false(explain("svm", true, 8, why));
	assert_true(explain("svm", true, 0x18, why));
	assert_string_equal(why, "the CPU has svm, but firmware turned it off (VM_CR is 0x18): "
				 "turn it on in its setup");
	assert_true(explain("svm", false, 0x10, why));

	/* Without access to the MSR only the kernel's flags are known. */
	assert_false(platform_explain_firmware("svm", true, NULL, why, sizeof(why)));
	assert_true(platform_explain_firmware("svm", false, NULL, why, sizeof(why)));
	assert_non_null(strstr(why, "root can read VM_CR"));
}

static void test_this_machine(void **state)
{
	struct platform p;
	struct level self;

	level_init(&self, 0);
	platform_learn(&self, &p, -1, "");
	assert_true(self.level == 0 || self.level == 1);
	assert_string_not_equal(self.hypervisor, "");
	assert_int_equal(p.have_virt, strcmp(self.cpu_virt, "none") != 0);
	assert_int_equal(*p.virt_problem == '\0', p.have_virt);
	platform_learn(&self, &p, 3, "");
	assert_int_equal(self.level, 3);
	if (!p.have_virt) { /* the level above has said whose fault it is */
		assert_non_null(strstr(p.virt_problem, "level 2's KVM does not pass it on"));
		platform_learn(&self, &p, 3, "svm");
		assert_non_null(
			strstr(p.virt_problem, "no svm in this CPU: level 2's KVM offers it"));
	}
}

RUN(T(test_hypervisors), T(test_firmware), T(test_this_machine))
