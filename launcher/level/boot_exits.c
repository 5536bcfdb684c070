// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/boot_exits.h"
#include "child/kernel.h"
#include "level/appliance.h"
#include "lib/sha256.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of each vCPU: 258 to 371 were measured, on AMD-V and VT-x, at every depth (docs/performance.md). */
#define USUAL_EXITS 350
#define FAR 4
/* A slow boot has more ticks, 20 a second (kernel-config): 2 to 4 exits a second were measured under load. */
#define TICK_EXITS_PER_S 50

bool boot_exits_are_many(int64_t work, double wall_s, int vcpus)
{
	return work > vcpus * (FAR * USUAL_EXITS + TICK_EXITS_PER_S * wall_s);
}

/* Without huge pages, or if those that a guest executes are split (iTLB multihit), each 4 KiB costs an exit. */
static bool maps_huge_pages(void)
{
	static const struct {
		const char *path, *usual;
	} parameters[] = {
		{ "/sys/module/kvm_amd/parameters/npt", "Y1" },
		{ "/sys/module/kvm_intel/parameters/ept", "Y1" },
		{ "/sys/module/kvm/parameters/nx_huge_pages", "N0" },
	};
	char value[16];

	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++)
		if (!read_text(parameters[i].path, value, sizeof(value)) &&
		    !strchr(parameters[i].usual, *value))
			return false;
	return !access("/sys/kernel/mm/transparent_hugepage", F_OK);
}

static bool is_as_built(const char *path)
{
	char is[65], built[65];

	appliance_built_sum(path, built);
	return !sha256_file(path, is) && !strcmp(is, built);
}

/* A kernel or QEMU from a tree of the user's own may lack what makes a boot cheap (scripts/manifest). */
static bool is_of_own_sources(void)
{
	FILE *f = fopen(MANIFEST_PATH, "re");
	bool own = f;
	char line[300];

	while (f && fgets(line, sizeof(line), f))
		own &= !strstr(line, " own-tree ");
	if (f)
		fclose(f);
	return own;
}

bool boot_exits_are_known(const char *kernel_sha256)
{
	char built[65];

	appliance_built_sum(KERNEL_PATH, built);
	return *built && !strcmp(kernel_sha256, built) && maps_huge_pages() &&
	       is_of_own_sources() && is_as_built(QEMU_PATH) && is_as_built(MACHINE_PATH) &&
	       is_as_built(PARAMETERS_PATH);
}

void boot_exits_warn(struct check *k, int vcpus, int64_t exits,
		     int64_t (*count)(const struct vm *vm, const char *name), const struct vm *vm)
{
	/* kvm_vcpu_stats_desc[] in Linux's arch/x86/kvm/x86.c: each exit counts in at most one of these. */
	static const struct {
		const char *name, *reason;
	} stats[] = {
		{ "pf_taken", "page faults" },	       { "io_exits", "port accesses" },
		{ "irq_exits", "interrupts" },	       { "irq_window_exits", "interrupt windows" },
		{ "nmi_window_exits", "NMI windows" }, { "halt_exits", "HLT" },
		{ "hypercalls", "hypercalls" },	       { "nested_run", "VM entries of its own" },
	};
	const char *reason = NULL;
	int64_t most = 0, rest = exits, n;

	for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
		n = count(vm, stats[i].name);
		if (n <= 0)
			continue;
		rest -= n;
		if (n > most) {
			most = n;
			reason = stats[i].reason;
		}
	}
	if (rest > most) { /* KVM does not count these separately */
		most = rest;
		reason = "CPUID, MSRs and the like";
	}
	*k = (struct check){ "exits", RESULT_PASS, exits, "exits", "" };
	check_set(k, RESULT_PASS, "far more than the usual %d, mostly for %s: %lld",
		  USUAL_EXITS * vcpus, reason, (long long)most);
}
