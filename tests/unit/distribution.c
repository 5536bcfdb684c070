// SPDX-License-Identifier: GPL-2.0-or-later
/* How a distribution installs a QEMU, by its os-release. */
#include "test.h"
#include "host/distribution.h"

static void test_advice(void **state)
{
	static const struct {
		const char *text, *says;
	} table[] = {
		{ "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n", "apt install" },
		{ "ID=ubuntu\nID_LIKE=debian\n", "apt install" },
		{ "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "apt install" },
		{ "NAME=\"Fedora Linux\"\nID=fedora\n", "dnf install qemu-system-x86" },
		{ "ID=\"rhel\"\nID_LIKE=\"fedora\"\n", "dnf install qemu-kvm" },
		{ "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "dnf install qemu-kvm" },
		{ "ID='centos'\n", "dnf install qemu-kvm" },
		{ "ID=arch\n", "pacman -S" },
		{ "ID=manjaro\nID_LIKE=arch\n", "pacman -S" },
		{ "ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n", "zypper install" },
		{ "ID=sles\nID_LIKE=suse\n", "zypper install" },
		{ "ID=nixos\n", "install QEMU for x86-64" },
		{ "VARIANT_ID=debian\nID=debianish\n", "install QEMU for x86-64" },
		{ "", "install QEMU for x86-64" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strstr(distribution_qemu_advice(table[i].text), table[i].says))
			wrong("%s: %s", table[i].text, distribution_qemu_advice(table[i].text));
}

RUN(T(test_advice))
