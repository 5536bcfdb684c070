// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/refusal.h"
#include "host/files.h"
#include "lib/output.h"

#include <string.h>

int refuse_contradictions(const struct options *asked, const struct decided *d)
{
	bool bochs = asked->cpu_emulator == CPU_EMULATOR_BOCHS, shell = d->shell != SHELL_NONE;
	const struct {
		bool is_so;
		const char *why;
	} contradictions[] = {
		{ bochs && (asked->qemu || *asked->qemu_args || asked->accel == ACCEL_KVM ||
			    asked->strict),
		  "--cpu-emulator bochs: --qemu, nest.qemu=, --strict and --accel kvm are for a "
		  "machine of QEMU: leave them out" },
		{ bochs && shell,
		  "--cpu-emulator bochs has no terminal for --shell: leave out one of them" },
		{ asked->program && (asked->programs.count || asked->suites.count || asked->guest),
		  "--exec, --suite, --guest and -- each name a program: leave out -- or the "
		  "others" },
		{ asked->program && shell,
		  "--shell and -- both read the standard input: leave out one of them, or use "
		  "--exec" },
		{ !asked->guest && (asked->guest_append || asked->guest_initrd),
		  "--guest-append and --guest-initrd need --guest, the kernel that they are for" },
		{ asked->strict && asked->accel == ACCEL_KVM,
		  "--strict is about the emulated AMD-V of make emulator: leave out --accel kvm" },
		{ asked->strict && asked->nesting == NESTING_RECURSIVE,
		  "--strict does not go with --nesting recursive: real hardware has no recursive "
		  "SVM" },
		/* The appliance's own kernel has an interface of its own instead, and no clock but KVM's. */
		{ asked->enlightened && !files_is_foreign_kernel(asked->kernel, asked->smp),
		  "--enlightened is for a kernel of your own, with CONFIG_HYPERV and "
		  "CONFIG_KVM_HYPERV: name it with --kernel; the appliance's own kernel accesses "
		  "VMCSs without exits anyway" },
		{ shell && asked->deterministic,
		  "--shell does not go with --deterministic, whose clock does not wait for input" },
		{ shell && output_is_standard(asked->json_path),
		  "--shell does not go with --json -: standard output is the shell's terminal" },
		{ !asked->kernel &&
			  (asked->modules || asked->config || levels_last(&asked->levels) >= 0),
		  "--modules, --levels and --config need --kernel" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(contradictions); i++)
		if (contradictions[i].is_so)
			return fail("%s", contradictions[i].why);
	return 0;
}

static int refuse_settings(const char *flag, const struct settings *s, int outermost)
{
	struct levels levels;

	for (int i = 0; i < s->count; i++) {
		setting_get(s, i, &levels);
		if (strncmp(s->item[i], "all:", 4) && levels_first(&levels) < outermost)
			return fail("%s %s: the outermost level here is L%d", flag, s->item[i],
				    outermost);
	}
	return 0;
}

int refuse_levels(const struct options *asked, const struct decided *d, int outermost)
{
	const struct levels *at = &asked->exec.at, *kernel = &asked->levels;

	if (refuse_settings("--set", &d->set, outermost) ||
	    refuse_settings("--cpu-at", &d->cpus, outermost))
		return -1;
	if (levels_last(kernel) >= 0 && levels_last(kernel) < outermost)
		return fail("--levels: the outermost level here is L%d", outermost);
	if (d->shell != SHELL_NONE && d->shell < outermost)
		return fail("--shell %d: the outermost level here is L%d", d->shell, outermost);
	if (levels_last(at) >= 0 && levels_first(at) < outermost)
		return fail("--at: the outermost level here is L%d", outermost);
	return 0;
}

/* Prints why --enlightened does not work here.  What KVM offers in an emulated machine is known only there. */
static int refuse_enlightened(const struct options *asked, const struct host *h)
{
	bool kvm = h->accel == ACCEL_KVM;

	if (asked->cpu_emulator == CPU_EMULATOR_BOCHS || (kvm && h->platform.kvm_enlightens))
		return 0;
	if (kvm && !strcmp(h->self.cpu_virt, "vmx"))
		fail("skipped: --enlightened: this host's KVM offers no enlightened VMCS: its "
		     "kernel lacks CONFIG_KVM_HYPERV");
	else
		fail("skipped: --enlightened: only VT-x has an enlightened VMCS, and the CPU here "
		     "has AMD-V: --cpu-emulator bochs emulates one with VT-x");
	return STATUS_SKIPPED;
}

int refuse_host(const struct options *asked, const struct host *h, FILE *out)
{
	if (!h->usable) {
		host_print(h, false, out);
		fail("skipped: this machine cannot do it with --accel %s",
		     h->accel == ACCEL_KVM ? "kvm" : "tcg");
		return STATUS_SKIPPED;
	}
	if (asked->nesting == NESTING_RECURSIVE && !h->recursion_fits) {
		fail("skipped: --nesting recursive: %s", h->recursion_why);
		return STATUS_SKIPPED;
	}
	if (asked->strict && !h->strict_fits)
		return fail("--strict: the CPU that %s emulates cannot be strict: make emulator "
			    "builds a QEMU whose CPU can, or unpack the emulator's archive beside "
			    "this command",
			    h->qemu);
	return asked->enlightened ? refuse_enlightened(asked, h) : 0;
}
