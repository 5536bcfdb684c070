// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* asprintf */
#include "host/kconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *option;
	const char *why;
	const char *only; /* needed only on this CPU, or with this option; NULL: always */
	bool module;	  /* may be a module, which the launcher loads */
} needs[] = {
	{ "BLK_DEV_INITRD", "everything runs from the initramfs", NULL, false },
	{ "RD_GZIP", "the published initramfs is compressed by gzip", NULL, false },
	{ "BINFMT_ELF", "the launcher is an ELF program", NULL, false },
	{ "PROC_FS", "the launcher reads there what memory and CPU it has", NULL, false },
	{ "SYSFS", "KVM's parameters are read there", NULL, false },
	{ "DEVTMPFS", "/dev/kvm must appear", NULL, false },
	{ "TMPFS", "the files for the next level are written there", NULL, false },
	{ "SHMEM", "tmpfs needs it", NULL, false },
	{ "PRINTK", "kernel messages are the evidence of a failure", NULL, false },
	{ "SERIAL_8250_CONSOLE", "the console of a kernel that is not ours", NULL, false },
	{ "X86_IOPL_IOPERM", "the launcher writes its records to a port", NULL, false },
	{ "HIGH_RES_TIMERS", "QEMU and guest clocks need timers finer than a tick", NULL, false },
	{ "POSIX_TIMERS", "QEMU needs them", NULL, false },
	{ "FUTEX", "QEMU's threads need it", NULL, false },
	{ "EPOLL", "QEMU needs it", NULL, false },
	{ "EVENTFD", "QEMU and KVM need it", NULL, false },
	{ "SIGNALFD", "QEMU needs it", NULL, false },
	{ "TIMERFD", "the check of timers needs it", NULL, false },
	{ "ACPI", "nested levels find their APIC by its tables", NULL, false },
	{ "KVM_GUEST", "without KVM's clock a guest does not know the frequency of its TSC", NULL,
	  false },
	{ "TRANSPARENT_HUGEPAGE", "with small pages a level has 30 times the page faults", NULL,
	  false },
	{ "KVM", "nothing nests without it", NULL, true },
	{ "KVM_AMD", "this CPU has svm", "svm", true },
	{ "KVM_INTEL", "this CPU has vmx", "vmx", true },
	/* Even as a module it brings arch/x86/hyperv, which is all that --enlightened needs. */
	{ "HYPERV", "--enlightened shows nested levels Hyper-V's interface in place of KVM's",
	  "enlightened", true },
};

static char *readable(const char *fmt, const char *a, const char *b)
{
	char *path;

	if (asprintf(&path, fmt, a, b) < 0)
		return NULL;
	if (!access(path, R_OK))
		return path;
	free(path);
	return NULL;
}

char *kconfig_find(const char *kernel, const char *release, const char *modules)
{
	char dir[512], *slash, *path;

	format(dir, sizeof(dir), "%s%s", strchr(kernel, '/') ? "" : "./", kernel);
	slash = strrchr(dir, '/');
	*slash = '\0';
	path = readable("%s/config-%s", dir, release);
	if (!path)
		path = readable("%s/config%s", dir, "");
	if (!path && strstr(dir, "arch/x86/boot"))
		path = readable("%s/../../../.config%s", dir, "");
	if (!path && modules)
		path = readable("%s/config%s", modules, "");
	if (!path && modules)
		path = readable("%s/build/.config%s", modules, "");
	return path;
}

int kconfig_value(const char *path, const char *option)
{
	FILE *f = fopen(path, "re");
	size_t len = strlen(option);
	int value = f ? 'n' : -1;
	char line[256];

	while (f && value == 'n' && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CONFIG_", 7) && !strncmp(line + 7, option, len) &&
		    line[7 + len] == '=')
			value = (unsigned char)line[8 + len];
	if (f)
		fclose(f);
	return value;
}

int kconfig_check(const char *path, const char *virt, bool enlightened,
		  void (*missing)(void *context, const char *option, const char *why),
		  void *context)
{
	int value = kconfig_value(path, "X86_64");
	const char *only;

	if (value < 0)
		return fail("%s: %m", path);
	if (value != 'y')
		return fail("%s: not the configuration of a 64-bit x86 kernel: it lacks "
			    "CONFIG_X86_64=y",
			    path);
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		only = needs[i].only;
		if (only && strcmp(only, virt) && !(enlightened && !strcmp(only, "enlightened")))
			continue;
		value = kconfig_value(path, needs[i].option);
		if (value != 'y' && !(value == 'm' && needs[i].module))
			missing(context, needs[i].option, needs[i].why);
	}
	return 0;
}
