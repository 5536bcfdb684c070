// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memmem */
#include "level/platform.h"
#include "level/kvm.h"
#include "level/needs.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <x86intrin.h>

#define CPUINFO_MAX 8192

#define CPUID_1_ECX_VMX (1 << 5)
#define CPUID_80000001_ECX_SVM (1 << 2)
#define CPUID_HYPERVISOR 0x40000000
#define CPUID_HYPERVISOR_NEXT 0x40000100 /* the hypervisor behind an emulated interface */

/* MSRs by which firmware locks virtualization: Intel SDM volume 3, 24.7; AMD APM volume 2, 15.30.1 */
#define MSR_IA32_FEATURE_CONTROL 0x3a
#define FEATURE_CONTROL_LOCKED (1 << 0)
#define FEATURE_CONTROL_VMX (1 << 2)
#define MSR_VM_CR 0xc0010114
#define VM_CR_SVMDIS (1 << 4)

/* A PC's firmware, as it appears below 1 MiB. */
#define FIRMWARE_START 0xf0000
#define FIRMWARE_SIZE 0x10000

static const struct hypervisor nobody = {
	"", "none", "turn on SVM or VT-x in the firmware's setup, if the CPU has it", true
};
static const struct hypervisor bochs = {
	"", "Bochs", "choose a CPU model that has it, as in cpu: model=tigerlake", true
};
static const struct hypervisor hypervisors[] = {
	{ "KVMKVMKVM", "KVM",
	  "its host must load kvm_amd or kvm_intel with nested=1 and its QEMU pass -cpu host",
	  false },
	{ "TCGTCGTCGTCG", "TCG", "start QEMU with -cpu max,+svm", true },
	{ "VMwareVMware", "VMware", "set vhv.enable = \"TRUE\" in the guest's .vmx file", false },
	{ "Microsoft Hv", "Hyper-V",
	  "Set-VMProcessor -ExposeVirtualizationExtensions $true on its host", false },
	{ "XenVMMXenVMM", "Xen", "set nestedhvm=1 in the guest's configuration", false },
	{ "VBoxVBoxVBox", "VirtualBox", "VBoxManage modifyvm NAME --nested-hw-virt on", false },
	{ "bhyve bhyve ", "bhyve", "bhyve does not nest", false },
	{ " lrpepyh  vr", "Parallels", "turn nested virtualization on in the guest's CPU settings",
	  false },
	{ "ACRNACRNACRN", "ACRN", "set nested virtualization for this guest in its scenario",
	  false },
};

const struct hypervisor *platform_hypervisor(const char *signature)
{
	for (size_t i = 0; i < ARRAY_SIZE(hypervisors); i++)
		if (!strncmp(signature, hypervisors[i].signature, 12))
			return &hypervisors[i];
	return NULL;
}

/* Bochs sets no hypervisor bit; its BIOS names it.  Without /dev/mem access we report bare metal. */
static bool on_bochs(void)
{
	char firmware[FIRMWARE_SIZE];
	static const char owner[] = "The Bochs Project";
	int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);
	bool found;

	if (fd < 0)
		return false;
	found = pread(fd, firmware, sizeof(firmware), FIRMWARE_START) == sizeof(firmware) &&
		memmem(firmware, sizeof(firmware), owner, sizeof(owner) - 1);
	close(fd);
	return found;
}

static void read_signature(unsigned int leaf, char signature[13])
{
	unsigned int eax, words[3];

	__cpuid(leaf, eax, words[0], words[1], words[2]);
	memcpy(signature, words, sizeof(words));
	signature[12] = '\0';
}

/* SIGNATURE is set to the name of an unknown one. */
static struct hypervisor find_hypervisor(bool present, int level, char signature[13])
{
	const struct hypervisor *hv, *behind;

	if (!present)
		return on_bochs() ? bochs : nobody;
	read_signature(CPUID_HYPERVISOR, signature);
	hv = platform_hypervisor(signature);
	if (hv && !strcmp(hv->name, "Hyper-V")) {
		/* KVM and Xen can present Hyper-V's interface, for Windows. */
		read_signature(CPUID_HYPERVISOR_NEXT, signature);
		behind = platform_hypervisor(signature);
		/* A level that was started by another is KVM's guest, but may not see KVM: VM_ENLIGHTENED */
		if (!behind && level > 0)
			behind = platform_hypervisor("KVMKVMKVM");
		return behind ? *behind : *hv;
	}
	if (hv)
		return *hv;
	sanitize(signature);
	return (struct hypervisor){ .name = *signature ? signature : "unknown",
				    .advice = "ask its manual for nested virtualization" };
}

/* The state that the operating system has enabled; 0 without XGETBV. */
static uint64_t read_xcr0(bool have_xsave)
{
	uint32_t low, high;

	if (!have_xsave) /* the flag is there only if Linux has set CR4.OSXSAVE */
		return 0;
	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

/*
 * Features that help or hinder nesting, by their names in /proc/cpuinfo
 * (arch/x86/include/asm/cpufeatures.h).
 */
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
	size_t count = is_amd ? ARRAY_SIZE(amd) : ARRAY_SIZE(intel);

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (has_word(is_amd ? flags : vmx_flags, names[i]))
			append(out, size, "%s%s", *out ? " " : "", names[i]);
}

bool platform_explain_firmware(const char *virt, bool kernel_has_it, const uint64_t *msr, char *why,
			       size_t size)
{
	bool svm = !strcmp(virt, "svm"), forbids;
	const char *name = svm ? "VM_CR" : "IA32_FEATURE_CONTROL";

	if (!msr) {
		format(why, size,
		       "the CPU has %s, but it is off, probably by firmware (root can read %s to "
		       "be sure)",
		       virt, name);
		return !kernel_has_it;
	}
	forbids = svm ? *msr & VM_CR_SVMDIS
		      : (*msr & FEATURE_CONTROL_LOCKED) && !(*msr & FEATURE_CONTROL_VMX);
	format(why, size,
	       "the CPU has %s, but firmware turned it off (%s is %#llx): turn it on in its setup",
	       virt, name, (unsigned long long)*msr);
	return forbids;
}

/* The same for the CPU that we run on; false too if it has neither svm nor vmx. */
static bool explain_firmware(bool kernel_has_it, char *why, size_t size)
{
	unsigned int eax, ebx, ecx, edx;
	const char *virt = NULL;
	uint64_t value;
	uint32_t msr;
	bool known;
	int fd;

	if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && (ecx & CPUID_80000001_ECX_SVM)) {
		virt = "svm";
		msr = MSR_VM_CR;
	} else if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & CPUID_1_ECX_VMX)) {
		virt = "vmx";
		msr = MSR_IA32_FEATURE_CONTROL;
	}
	if (!virt)
		return false;
	fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	known = fd >= 0 && pread(fd, &value, sizeof(value), msr) == sizeof(value);
	if (fd >= 0)
		close(fd);
	return platform_explain_firmware(virt, kernel_has_it, known ? &value : NULL, why, size);
}

/*
 * In a level that another has started: the parent's KVM, or the QEMU between them, hides what the
 * parent's CPU has.
 */
static void explain_parent(int level, const char *offered, char *why, size_t size)
{
	if (*offered)
		format(why, size,
		       "no %s in this CPU: level %d's KVM offers it, but its QEMU does not show "
		       "it: "
		       "see -cpu in --cpu-at, --cpu and nest.qemu=",
		       offered, level - 1);
	else
		format(why, size,
		       "no svm or vmx in this CPU: level %d's KVM does not pass it on (nested=1?)",
		       level - 1);
}

static void learn_cpu(struct level *self, struct platform *p, int level, const char *offered)
{
	struct hypervisor hv;
	char cpuinfo[CPUINFO_MAX], flags[4096], vmx_flags[512], signature[13];

	read_text("/proc/cpuinfo", cpuinfo, sizeof(cpuinfo));
	cpuinfo_value(cpuinfo, "vendor_id", self->cpu_vendor, sizeof(self->cpu_vendor));
	cpuinfo_value(cpuinfo, "model name", self->cpu_model, sizeof(self->cpu_model));
	cpuinfo_value(cpuinfo, "flags", flags, sizeof(flags));
	cpuinfo_value(cpuinfo, "vmx flags", vmx_flags, sizeof(vmx_flags));
	list_features(flags, vmx_flags, self->cpu_features, sizeof(self->cpu_features));
	strcpy(self->cpu_virt, has_word(flags, "svm")	? "svm"
			       : has_word(flags, "vmx") ? "vmx"
							: "none");
	hv = find_hypervisor(has_word(flags, "hypervisor"), level, signature);
	format(self->hypervisor, sizeof(self->hypervisor), "%s", hv.name);
	self->level = level >= 0 ? level : !hv.is_machine;
	p->have_avx = needs_avx(flags, read_xcr0(has_word(flags, "xsave")));
	p->tsc_varies = has_word(flags, "aperfmperf"); /* arch/x86/kernel/cpu/aperfmperf.c */
	p->tsc_khz = needs_tsc_khz(cpuinfo);
	needs_missing(cpuinfo, self->level, p->missing, sizeof(p->missing));
	/*
	 * TCG before XSETBV was intercepted (Debian 12's): KVM does not learn what its guest enabled, and
	 * reports a wrong size.  The guest's kernel notices after 46 CPUID exits, and gives up.  TCG's
	 * version is invisible, but one with virtual VMLOAD is new enough.
	 */
	p->child_xsave = has_word(flags, "xsave") &&
			 (strcmp(hv.name, "TCG") || has_word(flags, "v_vmsave_vmload"));
	p->have_virt = strcmp(self->cpu_virt, "none");
	if (p->have_virt || explain_firmware(false, p->virt_problem, sizeof(p->virt_problem)))
		return;
	if (level > 0)
		explain_parent(level, offered, p->virt_problem, sizeof(p->virt_problem));
	else
		format(p->virt_problem, sizeof(p->virt_problem),
		       "no svm or vmx in this CPU (hypervisor: %s): %s", hv.name, hv.advice);
}

/* Explains why /dev/kvm cannot be opened, by errno. */
static void explain_kvm(const struct level *self, struct platform *p, const struct appliance *a,
			int err)
{
	struct kvm_facts facts = { .err = err, .in_appliance = a };
	char reason[160];

	/* A kernel before 6.7 shows svm even if firmware has disabled it. */
	if (err != EACCES && err != EPERM &&
	    (!p->have_virt || explain_firmware(true, reason, sizeof(reason)))) {
		format(p->kvm_problem, sizeof(p->kvm_problem), "/dev/kvm: %s: %s", strerror(err),
		       p->have_virt ? reason : "the CPU has no svm or vmx");
		return;
	}
	kvm_learn_facts(&facts, self->cpu_virt);
	kvm_explain(&facts, p->kvm_problem, sizeof(p->kvm_problem));
}

/* Features that are not CPU flags: only KVM knows them, or provides them. */
static void learn_kvm_features(struct level *self, struct platform *p)
{
	char *features = self->cpu_features;
	bool svm = !strcmp(self->cpu_virt, "svm"), vmx = !strcmp(self->cpu_virt, "vmx");
	const char *name = NULL;

	p->kvm_recurses = svm && kvm_recurses();
	if (p->kvm_recurses)
		name = kvm_provides_recursion() ? "recursion-by-kvm" : "recursion";
	else if (vmx && kvm_has_vmcs_in_memory())
		name = "vmcs_in_memory";
	else if (vmx && kvm_has_enlightened_vmcs())
		name = "enlightened_vmcs";
	if (name)
		append(features, sizeof(self->cpu_features), "%s%s", *features ? " " : "", name);
}

void platform_provide_recursion(const struct appliance *a)
{
	if (!kvm_recurses())
		system_write(a, KVM_PROVIDES_RECURSION, "Y");
}

void platform_learn_kvm(struct level *self, struct platform *p, const struct appliance *a)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	p->kvm_api = UNKNOWN;
	if (fd < 0)
		explain_kvm(self, p, a, errno);
	p->kvm_nested = kvm_nests(fd, self->cpu_virt);
	learn_kvm_features(self, p);
	if (fd < 0)
		return;
	p->kvm_api = ioctl(fd, KVM_GET_API_VERSION, 0);
	p->kvm_has_smm = kvm_has_smm(fd);
	p->kvm_enlightens = kvm_offers_enlightened_vmcs(fd);
	close(fd);
	if (*p->missing)
		strcpy(p->kvm_problem, p->missing);
	else if (p->kvm_api == KVM_API_VERSION)
		p->have_kvm = true;
	else
		format(p->kvm_problem, sizeof(p->kvm_problem),
		       "/dev/kvm has API version %d, KVM's is %d: not KVM", p->kvm_api,
		       KVM_API_VERSION);
}

void platform_learn(struct level *self, struct platform *p, int level, const char *offered)
{
	struct utsname uts;

	memset(p, 0, sizeof(*p));
	p->began_tsc = __rdtsc();
	p->began_s = now_s();
	learn_cpu(self, p, level, offered);
	uname(&uts);
	format(self->kernel, sizeof(self->kernel), "%s", uts.release);
	sanitize(self->cpu_model);
}

void platform_prepare_kvm(const struct appliance *a)
{
	/*
	 * A built-in KVM reads the TSC's frequency before the kernel has refined it.  If the two differ by
	 * more than 250 ppm and the CPU cannot scale the TSC, KVM refuses the vCPU's frequency and leaves
	 * its ratio at 0 (kvm_set_tsc_khz, x86.c).  Then the child's timers are seconds late.  An error of
	 * one percent does not matter to us.
	 */
	system_write(a, "/sys/module/kvm/parameters/tsc_tolerance_ppm", "10000");
}
