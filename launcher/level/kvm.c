// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/kvm.h"
#include "report/level.h"

#include <errno.h>
#include <grp.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define CPUID_ENTRIES 256

static bool is_vmx(const char *virt)
{
	return !strcmp(virt, "vmx");
}

/* ---- what is known ----------------------------------------------------------------------- */

void kvm_find_message(const char *log, char *message, size_t size)
{
	/* Prefixes by pr_fmt(): arch/x86/kvm/svm/svm.c, vmx/vmx.c, x86.c */
	static const char *const speakers[] = { "] kvm_amd: ", "] kvm_intel: ", "] kvm: " };
	const char *last = NULL, *at;

	for (size_t i = 0; i < ARRAY_SIZE(speakers); i++)
		for (at = log; (at = strstr(at, speakers[i])); at++)
			last = at > last ? at : last;
	message[0] = '\0';
	if (!last)
		return;
	last += 2;
	format(message, size, "%.*s", (int)strcspn(last, "\n"), last);
	sanitize(message);
}

static void read_message(char *message, size_t size)
{
	char *log = system_kernel_log();

	kvm_find_message(log ? log : "", message, size);
	free(log);
}

void kvm_learn_facts(struct kvm_facts *f, const char *virt)
{
	char path[40];
	struct stat st;
	struct group *g;

	f->module = is_vmx(virt) ? "kvm_intel" : "kvm_amd";
	format(path, sizeof(path), "/sys/module/%s", f->module);
	f->module_loaded = !stat(path, &st);
	f->runs = !stat("/sys/class/misc/kvm", &st);
	f->in_container = system_is_container();
	f->group[0] = '\0';
	f->mode = 0;
	if (!stat("/dev/kvm", &st)) {
		f->mode = st.st_mode & 0777;
		g = getgrgid(st.st_gid);
		format(f->group, sizeof(f->group), "%s", g ? g->gr_name : "");
	}
	read_message(f->said, sizeof(f->said));
}

static int nests_by_cpuid(int fd, const char *virt)
{
	struct kvm_cpuid2 *list =
		calloc(1, sizeof(*list) + CPUID_ENTRIES * sizeof(list->entries[0]));
	int nests = UNKNOWN;

	if (list)
		list->nent = CPUID_ENTRIES;
	if (list && !ioctl(fd, KVM_GET_SUPPORTED_CPUID, list)) {
		nests = 0;
		for (uint32_t i = 0; i < list->nent; i++) {
			const struct kvm_cpuid_entry2 *e = &list->entries[i];

			if (is_vmx(virt) ? e->function == 1 : e->function == 0x80000001)
				nests = e->ecx >> (is_vmx(virt) ? 5 : 2) & 1; /* VMX, SVM */
		}
	}
	free(list);
	return nests;
}

int kvm_nests(int fd, const char *virt)
{
	char path[64], value[8];

	format(path, sizeof(path), "/sys/module/kvm_%s/parameters/nested",
	       is_vmx(virt) ? "intel" : "amd");
	if (!read_text(path, value, sizeof(value)))
		return value[0] == '1' || value[0] == 'Y';
	return fd < 0 ? UNKNOWN : nests_by_cpuid(fd, virt);
}

/* ---- the sentence ------------------------------------------------------------------------ */

static void explain_level(const struct kvm_facts *f, char *text, size_t size)
{
	if (*f->said)
		format(text, size, "KVM did not start; it says '%s'", f->said);
	else
		format(text, size, "KVM did not start, and the kernel's log does not say why");
}

static void explain_right(const struct kvm_facts *f, char *text, size_t size)
{
	if ((f->mode & 0060) != 0060 || !*f->group)
		format(text, size,
		       "this user may not open it, nor may its group (mode %04o): usually a udev "
		       "rule gives it to the group kvm, with mode 0660",
		       f->mode);
	else
		format(text, size,
		       "this user may not open it; the group %s may: usermod -aG %s $USER, then "
		       "log in again",
		       f->group, f->group);
}

static void explain_missing(const struct kvm_facts *f, char *text, size_t size)
{
	if (f->in_container)
		format(text, size,
		       "this container has none: start it with --device /dev/kvm, if its host has "
		       "one");
	else if (f->runs)
		format(text, size, "KVM runs, but this /dev has no node for it");
	else if (f->module_loaded)
		format(text, size, "%s is loaded, but did not start%s%s%s", f->module,
		       *f->said ? "; it says '" : "", f->said, *f->said ? "'" : "");
	else
		format(text, size, "%s is not loaded: modprobe %s%s%s%s", f->module, f->module,
		       *f->said ? "; before, it said '" : "", f->said, *f->said ? "'" : "");
}

void kvm_explain(const struct kvm_facts *f, char *why, size_t size)
{
	char text[220];

	if (f->in_appliance)
		explain_level(f, text, sizeof(text));
	else if (f->err == EPERM || (f->err == EACCES && f->in_container && (f->mode & 0006)))
		format(text, sizeof(text),
		       f->in_container
			       ? "this container's rules forbid the device: start it with --device "
				 "/dev/kvm"
			       : "a policy of this system forbids the device");
	else if (f->err == EACCES)
		explain_right(f, text, sizeof(text));
	else
		explain_missing(f, text, sizeof(text));
	format(why, size, "/dev/kvm: %s: %s", strerror(f->err), text);
}

static bool is_on(const char *parameter)
{
	char value[8];

	/* kvm_amd.npt was a number in older kernels */
	return !read_text(parameter, value, sizeof(value)) && (*value == 'Y' || *value == '1');
}

bool kvm_nests_pages(void)
{
	return is_on("/sys/module/kvm_amd/parameters/npt");
}

bool kvm_provides_recursion(void)
{
	return is_on(KVM_PROVIDES_RECURSION);
}

bool kvm_recurses(void)
{
	return is_on("/sys/module/kvm_amd/parameters/recursion") || kvm_provides_recursion();
}

bool kvm_has_smm(int fd)
{
	return ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM) > 0;
}

bool kvm_has_vmcs_in_memory(void)
{
	return is_on("/sys/module/kvm_intel/parameters/vmcs_in_memory_used");
}

bool kvm_offers_enlightened_vmcs(int fd)
{
	return ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_HYPERV_ENLIGHTENED_VMCS) > 0;
}

bool kvm_has_enlightened_vmcs(void)
{
	return is_on("/sys/module/kvm_intel/parameters/enlightened_vmcs");
}
