// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/distribution.h"

#include <string.h>

static const struct {
	const char *id; /* a word of ID= or ID_LIKE=, os-release(5) */
	const char *advice;
} distributions[] = {
	{ "ubuntu", "apt install qemu-system-x86" },
	{ "debian", "apt install qemu-system-x86" },
	{ "rhel",
	  "dnf install qemu-kvm" }, /* and its rebuilds, which have ID_LIKE="rhel centos fedora" */
	{ "centos", "dnf install qemu-kvm" },
	{ "fedora", "dnf install qemu-system-x86-core" },
	{ "arch", "pacman -S qemu-system-x86" },
	{ "suse", "zypper install qemu-x86" }, /* openSUSE and SLES have ID_LIKE="suse" */
	{ "opensuse", "zypper install qemu-x86" },
	{ "sles", "zypper install qemu-x86" },
	{ "alpine", "apk add qemu-system-x86_64" },
	{ "gentoo", "emerge app-emulation/qemu" },
};

/* Sets VALUE to the value of KEY, without its quotes; "" if there is none. */
static void value_of(const char *text, const char *key, char *value, size_t size)
{
	size_t len = strlen(key);

	value[0] = '\0';
	for (; text; text = strchr(text, '\n'), text = text ? text + 1 : NULL) {
		if (strncmp(text, key, len) || text[len] != '=')
			continue;
		text += len + 1;
		text += strspn(text, "\"'");
		format(value, size, "%.*s", (int)strcspn(text, "\"'\n"), text);
		return;
	}
}

const char *distribution_qemu_advice(const char *os_release)
{
	static const char *const keys[] = { "ID", "ID_LIKE" };
	char words[200];

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		value_of(os_release, keys[k], words, sizeof(words));
		for (size_t i = 0; i < ARRAY_SIZE(distributions); i++)
			if (has_word(words, distributions[i].id))
				return distributions[i].advice;
	}
	return "install QEMU for x86-64 guests";
}

const char *distribution_this_qemu_advice(void)
{
	char text[4096];

	if (read_text("/etc/os-release", text, sizeof(text)))
		read_text("/usr/lib/os-release", text, sizeof(text));
	return distribution_qemu_advice(text);
}
