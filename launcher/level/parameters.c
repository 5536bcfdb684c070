// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/parameters.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX 100

/*
 * Linux 6.12: module_param() in arch/x86/kvm and virt/kvm, without those whose default depends on the
 * machine.
 */
static const struct {
	const char *module, *name, *usual;
} defaults[] = {
	{ "kvm", "tdp_mmu", "Y" },
	{ "kvm", "mmio_caching", "Y" },
	{ "kvm", "flush_on_reuse", "N" },
	{ "kvm", "eager_page_split", "Y" },
	{ "kvm", "enable_pmu", "Y" },
	{ "kvm", "enable_vmware_backdoor", "N" },
	{ "kvm", "enable_virt_at_load", "Y" },
	{ "kvm", "force_emulation_prefix", "0" },
	{ "kvm", "halt_poll_ns", "200000" },
	{ "kvm", "ignore_msrs", "N" },
	{ "kvm", "report_ignored_msrs", "Y" },
	{ "kvm", "kvmclock_periodic_sync", "Y" },
	{ "kvm", "min_timer_period_us", "200" },
	{ "kvm", "vector_hashing", "Y" },
	{ "kvm_amd", "npt", "Y" },
	{ "kvm_amd", "nested", "1" },
	{ "kvm_amd", "nrips", "1" },
	{ "kvm_amd", "vls", "1" },
	{ "kvm_amd", "vgif", "1" },
	{ "kvm_amd", "lbrv", "1" },
	{ "kvm_amd", "tsc_scaling", "1" },
	{ "kvm_amd", "avic", "N" },
	{ "kvm_amd", "vnmi", "Y" },
	{ "kvm_amd", "intercept_smi", "Y" },
	{ "kvm_amd", "dump_invalid_vmcb", "N" },
	{ "kvm_amd", "recursion", "Y" }, /* scripts/patches/linux */
	{ "kvm_amd", "provide_recursion", "N" },
	{ "kvm_amd", "switch_by_msr", "Y" },
	{ "kvm_intel", "ept", "Y" },
	{ "kvm_intel", "eptad", "Y" },
	{ "kvm_intel", "unrestricted_guest", "Y" },
	{ "kvm_intel", "vpid", "Y" },
	{ "kvm_intel", "vnmi", "Y" },
	{ "kvm_intel", "flexpriority", "Y" },
	{ "kvm_intel", "nested", "Y" },
	{ "kvm_intel", "enable_apicv", "Y" },
	{ "kvm_intel", "enable_shadow_vmcs", "Y" },
	{ "kvm_intel", "nested_early_check", "N" },
	{ "kvm_intel", "pml", "Y" },
	{ "kvm_intel", "preemption_timer", "Y" },
	{ "kvm_intel", "emulate_invalid_guest_state", "Y" },
	{ "kvm_intel", "fasteoi", "Y" },
	{ "kvm_intel", "dump_invalid_vmcs", "N" },
	{ "kvm_intel", "vmcs_in_memory", "Y" }, /* scripts/patches/linux */
};

static int read_parameter(const char *root, const char *module, const char *name, char *value,
			  size_t size)
{
	char path[300];

	format(path, sizeof(path), "%s/%s/parameters/%s", root, module, name);
	if (read_text(path, value, size))
		return -1;
	sanitize(value);
	return 0;
}

void parameters_list(const char *root, const char *virt, char *list, size_t size)
{
	const char *vendors = strcmp(virt, "vmx") ? "kvm_amd" : "kvm_intel";
	char value[VALUE_MAX], word[VALUE_MAX + 80];
	size_t len = 0;

	list[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		const char *module = defaults[i].module;

		if ((strcmp(module, "kvm") && strcmp(module, vendors)) ||
		    read_parameter(root, module, defaults[i].name, value, sizeof(value)) ||
		    !strcmp(value, defaults[i].usual))
			continue;
		format(word, sizeof(word), "%s%s.%s=%s", len ? " " : "", module, defaults[i].name,
		       value);
		if (len + strlen(word) >= size)
			return;
		strcpy(list + len, word);
		len += strlen(word);
	}
}

/* ---- what was asked for ------------------------------------------------------------------ */

/* As lib/kstrtox.c, kstrtobool(); -1 if it is not a truth value. */
static int as_bool(const char *value)
{
	if (!strcmp(value, "on") || !strcmp(value, "On") || !strcmp(value, "ON"))
		return 1;
	if (strchr("yYtT1", *value))
		return 1;
	return strchr("nNfF0", *value) || !strncmp(value, "of", 2) ? 0 : -1;
}

static bool is_same(const char *is, const char *asked)
{
	char *end_is, *end_asked;
	long long a = strtoll(is, &end_is, 0), b = strtoll(asked, &end_asked, 0);

	if (!strcmp(is, "Y") || !strcmp(is, "N"))
		return as_bool(asked) == as_bool(is);
	if (end_is > is && end_asked > asked && !*end_is && !*end_asked)
		return a == b;
	return !strcmp(is, asked);
}

/* The first one that was refused is in the check's detail; a line is printed for each. */
static void refuse(struct check *k, const char *what, const char *why)
{
	fail("%s: %s", what, why);
	if (k->result == RESULT_FAIL)
		return;
	k->result = RESULT_FAIL;
	format(k->detail, sizeof(k->detail), "%.50s: %s", what, why);
}

static void check_setting(const char *root, const char *what, struct check *k)
{
	const char *dot = strchr(what, '.'), *equals = strchr(what, '=');
	char module[64], name[64], path[300], value[VALUE_MAX], why[VALUE_MAX + 40];

	format(module, sizeof(module), "%.*s", (int)(dot - what), what);
	format(name, sizeof(name), "%.*s", (int)(equals - dot - 1), dot + 1);
	format(path, sizeof(path), "%s/%s", root, module);
	if (access(path, F_OK)) {
		refuse(k, what, "this kernel has no such module");
	} else if (read_parameter(root, module, name, value, sizeof(value))) {
		refuse(k, what, "the module has no such parameter");
	} else if (!is_same(value, equals + 1)) {
		format(why, sizeof(why), "not taken: it is %s", value);
		refuse(k, what, why);
	}
}

/*
 * kernel/params.c, parse_args(): "Booting kernel: `maybe' invalid for parameter `kvm_amd.npt'", or with a
 * module's name in front.
 */
static void check_line(const char *line, size_t len, const struct settings *s, int level,
		       struct check *k)
{
	static const char invalid[] = "' invalid for parameter `";
	char text[300], what[200], *value, *name, *end, *module;
	struct levels levels;

	format(text, sizeof(text), "%.*s", (int)len, line);
	sanitize(text);
	name = strstr(text, invalid);
	end = name ? strrchr(name, '\'') : NULL;
	value = strchr(text, '`');
	if (!name || !value || value > name || end < name + sizeof(invalid) - 1)
		return;
	*name = *end = '\0';
	name += sizeof(invalid) - 1;
	module = strstr(text, "] kvm");
	if (!strncmp(name, "kvm", 3) && strchr(name, '.'))
		format(what, sizeof(what), "%s=%s", name, value + 1);
	else if (module)
		format(what, sizeof(what), "%.*s.%s=%s", (int)strcspn(module + 2, ":"), module + 2,
		       name, value + 1);
	else
		return;
	for (int i = 0; i < s->count; i++) /* its value is compared anyway */
		if (!strcmp(setting_get(s, i, &levels), what) && levels_have(&levels, level))
			return;
	refuse(k, what, "invalid, by the kernel's log");
}

bool parameters_check(const char *root, const char *log, const struct settings *s, int level,
		      struct check *k)
{
	struct levels levels;
	const char *what;
	int asked = 0;

	*k = (struct check){ .id = "set", .unit = "parameters" };
	for (int i = 0; i < s->count; i++) {
		what = setting_get(s, i, &levels);
		if (!levels_have(&levels, level))
			continue;
		asked++;
		check_setting(root, what, k);
	}
	for (; *log; log += strcspn(log, "\n"), log += *log == '\n')
		check_line(log, strcspn(log, "\n"), s, level, k);
	k->value = asked;
	return asked || k->result == RESULT_FAIL;
}
