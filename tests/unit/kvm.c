// SPDX-License-Identifier: GPL-2.0-or-later
/* Why KVM cannot be used: the explanation fits a host or a level. */
#include "test.h"
#include "level/kvm.h"

#include <errno.h>

static void test_words(void **state)
{
	static const char log[] = "<6>[    0.1] Linux version 6.1 kvm_amd: no\n"
				  "<6>[    1.1] kvm: Nested Virtualization enabled\n"
				  "<3>[    1.2] kvm_amd: NX (Execute Disable) not\033 supported\n"
				  "<6>[    1.3] virtio: kvm: is not it\n";
	char words[120];

	kvm_find_message(log, words, sizeof(words));
	assert_string_equal(words, "kvm_amd: NX (Execute Disable) not? supported");
	kvm_find_message("<6>[ 0.1] nothing of it\n", words, sizeof(words));
	assert_string_equal(words, "");
}

static void test_sentences(void **state)
{
	static const struct {
		struct kvm_facts facts;
		const char *says, *not_says;
	} table[] = {
		/* a host */
		{ { .err = EACCES, .mode = 0660, .group = "kvm" },
		  "the group kvm may: usermod -aG kvm $USER",
		  "modprobe" },
		{ { .err = EACCES, .mode = 0600, .group = "root" }, "(mode 0600)", "usermod" },
		{ { .err = EACCES, .mode = 0660, .group = "" }, "(mode 0660)", "usermod" },
		{ { .err = ENOENT, .module = "kvm_intel" }, "modprobe kvm_intel", "container" },
		{ { .err = ENODEV, .module = "kvm_amd" }, "modprobe kvm_amd", "container" },
		{ { .err = ENOENT, .module = "kvm_amd", .said = "kvm: disabled by bios" },
		  "it said 'kvm: disabled by bios'",
		  "container" },
		{ { .err = ENOENT,
		    .module = "kvm_amd",
		    .module_loaded = true,
		    .said = "kvm_amd: NX" },
		  "did not start; it says 'kvm_amd: NX'",
		  "modprobe" },
		{ { .err = ENOENT, .module_loaded = true, .runs = true, .said = "kvm_amd: x" },
		  "no node for it",
		  "says" },
		{ { .err = ENOENT, .in_container = true, .module_loaded = true },
		  "--device /dev/kvm",
		  "modprobe" },
		{ { .err = EPERM, .in_container = true, .mode = 0666 },
		  "--device /dev/kvm",
		  "usermod" },
		{ { .err = EPERM, .mode = 0666 }, "a policy of this system", "container" },
		/* a level */
		{ { .err = ENOENT, .in_appliance = true, .said = "kvm_amd: NX" },
		  "KVM did not start; it says 'kvm_amd: NX'",
		  "modprobe" },
		{ { .err = ENOENT, .in_appliance = true },
		  "the kernel's log does not say why",
		  "modprobe" },
	};
	char why[300];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		kvm_explain(&table[i].facts, why, sizeof(why));
		if (!strstr(why, table[i].says) || strstr(why, table[i].not_says) ||
		    strstr(why, "see the kernel's log"))
			wrong("%zu: %s", i, why);
		if (strncmp(why, "/dev/kvm: ", 10))
			wrong("%zu does not name it: %s", i, why);
	}
}

static void test_nesting_is_not_guessed(void **state)
{
	/* Neither the parameter nor KVM is there to ask. */
	if (access("/sys/module/kvm_intel/parameters/nested", R_OK))
		assert_int_equal(kvm_nests(-1, "vmx"), -1);
	if (access("/sys/module/kvm_amd/parameters/nested", R_OK))
		assert_int_equal(kvm_nests(-1, "svm"), -1);
}

RUN(T(test_words), T(test_sentences), T(test_nesting_is_not_guessed))
