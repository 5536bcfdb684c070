// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CPUINFO_MAX 8192

/* Who answers CPUID leaf 0x40000000, and how each shows svm or vmx to its guests. */
static const struct hypervisor {
	const char *signature, *name, *advice;
} hypervisors[] = {
	{ "", "none", "turn SVM or VT-x on in the firmware's set-up" },
	{ "KVMKVMKVM", "KVM",
	  "its host must load kvm_amd or kvm_intel with nested=1 and its QEMU pass -cpu host" },
	{ "TCGTCGTCGTCG", "TCG", "start QEMU with -cpu max,+svm" },
	{ "VMwareVMware", "VMware", "set vhv.enable = \"TRUE\" in the guest's .vmx file" },
	{ "Microsoft Hv", "Hyper-V",
	  "Set-VMProcessor -ExposeVirtualizationExtensions $true on its host" },
	{ "XenVMMXenVMM", "Xen", "set nestedhvm=1 in the guest's configuration" },
	{ "VBoxVBoxVBox", "VirtualBox", "VBoxManage modifyvm NAME --nested-hw-virt on" },
	{ "bhyve bhyve ", "bhyve", "bhyve does not nest" },
	{ " lrpepyh  vr", "Parallels",
	  "turn nested virtualization on in the guest's CPU settings" },
	{ "ACRNACRNACRN", "ACRN", "set nested virtualization for this guest in its scenario" },
};

static const struct hypervisor *find_hypervisor(bool present)
{
	static struct hypervisor unknown = { .advice = "ask its manual for nested virtualization" };
	static char signature[13];
	unsigned int eax;

	if (!present)
		return &hypervisors[0];
	__cpuid(0x40000000, eax, *(unsigned int *)signature, *(unsigned int *)(signature + 4),
		*(unsigned int *)(signature + 8));
	for (size_t i = 1; i < ARRAY_SIZE(hypervisors); i++)
		if (!strncmp(signature, hypervisors[i].signature, 12))
			return &hypervisors[i];
	make_harmless(signature);
	unknown.name = signature;
	return &unknown;
}

/* The value of the first "KEY : value" of /proc/cpuinfo, up to its newline. */
static void cpuinfo_value(const char *cpuinfo, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);
	const char *p = cpuinfo;

	buf[0] = '\0';
	for (; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, key, len) || !strchr("\t ", p[len]))
			continue;
		p = strchr(p, ':');
		if (p && p[1] == ' ')
			format(buf, size, "%.*s", (int)strcspn(p + 2, "\n"), p + 2);
		return;
	}
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *p = list;

	while ((p = strstr(p, word))) {
		if ((p == list || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
		p += len;
	}
	return false;
}

/* What helps or hinders nesting, by the names of /proc/cpuinfo (arch/x86/include/asm/cpufeatures.h). */
static void list_features(const char *flags, const char *vmx_flags, char *out, size_t size)
{
	static const char *const amd[] = {
		"npt",		 "nrip_save",  "vgif",	      "v_vmsave_vmload",
		"decodeassists", "vmcb_clean", "flushbyasid", "pausefilter",
		"tsc_scale",	 "avic",       "vnmi"
	};
	static const char *const intel[] = {
		"ept",	  "unrestricted_guest", "vpid",	 "shadow_vmcs",
		"ept_ad", "preemption_timer",	"apicv", "posted_intr"
	};
	bool is_amd = has_word(flags, "svm");
	const char *const *names = is_amd ? amd : intel;
	size_t count = is_amd ? ARRAY_SIZE(amd) : ARRAY_SIZE(intel), len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (has_word(is_amd ? flags : vmx_flags, names[i])) {
			format(out + len, size - len, "%s%s", len ? " " : "", names[i]);
			len = strlen(out);
		}
}

static void learn_cpu(struct level *self, struct platform *p, int level)
{
	const struct hypervisor *hv;
	char cpuinfo[CPUINFO_MAX], flags[4096], vmx_flags[512];

	read_text("/proc/cpuinfo", cpuinfo, sizeof(cpuinfo));
	cpuinfo_value(cpuinfo, "vendor_id", self->cpu_vendor, sizeof(self->cpu_vendor));
	cpuinfo_value(cpuinfo, "model name", self->cpu_model, sizeof(self->cpu_model));
	cpuinfo_value(cpuinfo, "flags", flags, sizeof(flags));
	cpuinfo_value(cpuinfo, "vmx flags", vmx_flags, sizeof(vmx_flags));
	list_features(flags, vmx_flags, self->cpu_features, sizeof(self->cpu_features));
	strcpy(self->cpu_virt, has_word(flags, "svm")	? "svm"
			       : has_word(flags, "vmx") ? "vmx"
							: "none");
	hv = find_hypervisor(has_word(flags, "hypervisor"));
	format(self->hypervisor, sizeof(self->hypervisor), "%s", hv->name);
	self->level = level >= 0 ? level : strcmp(hv->name, "none") && strcmp(hv->name, "TCG");
	p->have_avx = has_word(flags, "avx");
	/*
	 * QEMU's TCG does not intercept XSETBV: KVM does not learn what its guest enabled and tells
	 * it a wrong size, which the guest's kernel finds out after 46 CPUID exits, and gives up.
	 * A TCG with virtual VMLOAD is newer.
	 */
	p->child_xsave = has_word(flags, "xsave") &&
			 (strcmp(hv->name, "TCG") || has_word(flags, "v_vmsave_vmload"));
	p->have_virt = strcmp(self->cpu_virt, "none");
	if (!p->have_virt && level > 0)
		format(p->virt_problem, sizeof(p->virt_problem),
		       "no svm or vmx in this CPU: level %d's KVM does not pass it on (nested=1?)",
		       level - 1);
	else if (!p->have_virt)
		format(p->virt_problem, sizeof(p->virt_problem),
		       "no svm or vmx in this CPU (hypervisor: %s): %s", hv->name, hv->advice);
}

void platform_learn_kvm(const struct level *self, struct platform *p)
{
	char path[64], value[8];
	int fd;

	p->kvm_api = p->kvm_nested = UNKNOWN;
	format(path, sizeof(path), "/sys/module/kvm_%s/parameters/nested",
	       strcmp(self->cpu_virt, "vmx") ? "amd" : "intel");
	if (!read_text(path, value, sizeof(value)))
		p->kvm_nested = value[0] == '1' || value[0] == 'Y';
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		format(p->kvm_problem, sizeof(p->kvm_problem), "/dev/kvm: %s: %s", strerror(errno),
		       errno == EACCES ? "this user may not open it"
		       : p->have_virt  ? "KVM did not start; see the kernel's log (firmware?)"
				       : "the CPU has no svm or vmx");
		return;
	}
	p->kvm_api = ioctl(fd, KVM_GET_API_VERSION, 0);
	close(fd);
	if (p->kvm_api == KVM_API_VERSION)
		p->have_kvm = true;
	else
		format(p->kvm_problem, sizeof(p->kvm_problem),
		       "/dev/kvm has API version %d, KVM's is %d: not KVM", p->kvm_api,
		       KVM_API_VERSION);
}

void platform_learn(struct level *self, struct platform *p, int level)
{
	struct utsname uts;

	memset(p, 0, sizeof(*p));
	learn_cpu(self, p, level);
	uname(&uts);
	format(self->kernel, sizeof(self->kernel), "%s", uts.release);
	make_harmless(self->cpu_model);
}

void platform_prepare_kvm(void)
{
	/*
	 * Built in, KVM notes the TSC's frequency before the kernel has refined it.  If the two are
	 * more than 250 ppm apart and the CPU cannot scale the TSC, KVM refuses the vCPU's frequency
	 * and leaves its ratio at 0 (kvm_set_tsc_khz, x86.c): the child's timers are seconds late.
	 * One percent of a clock's pace is nothing to us.
	 */
	write_text("/sys/module/kvm/parameters/tsc_tolerance_ppm", "10000");
}
