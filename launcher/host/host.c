// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* pipe2 */
#include "host/host.h"
#include "host/distribution.h"
#include "level/kvm.h"
#include "report/json.h"

#include <cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Names in distributions; Red Hat's is not in PATH. */
static const char *const qemus[] = { "qemu-system-x86_64", "qemu-kvm", "/usr/libexec/qemu-kvm" };
#define QEMU_WAIT_MS 10000
/* QEMU's own seccomp filter: even if QEMU is taken over, it can neither start processes nor change its user. */
#define SANDBOX "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

int program_says(char *const argv[], bool quiet, char *line, size_t size)
{
	struct pollfd fd = { .events = POLLIN };
	int ends[2], null, status = -1;
	size_t len = 0;
	ssize_t n = 1;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(ends[1], 1);
		null = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
		if (null >= 0)
			dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(ends[1]);
	fd.fd = ends[0];
	while (pid > 0 && n > 0 && len < size - 1 && poll(&fd, 1, QEMU_WAIT_MS) == 1) {
		n = read(ends[0], line + len, size - 1 - len);
		len += n > 0 ? n : 0;
	}
	close(ends[0]);
	if (pid > 0) {
		kill(pid, SIGKILL); /* we have all of its output that we want */
		waitpid(pid, &status, 0);
	}
	line[len] = '\0';
	return len ? 0 : -1;
}

static int qemu_version_line(const char *qemu, char *line, size_t size)
{
	char *const argv[] = { (char *)qemu, "--version", NULL };

	if (program_says(argv, false, line, size))
		return -1;
	line[strcspn(line, "\n")] = '\0';
	sanitize(line);
	return 0;
}

/*
 * QEMU lists its CPUs after it has installed the filter.  If it has no filter or the kernel refuses, it
 * fails before.
 */
static bool qemu_has_sandbox(const char *qemu)
{
	char *const argv[] = { (char *)qemu, "-sandbox", SANDBOX, "-cpu", "help", NULL };
	char line[64];

	return !program_says(argv, true, line, sizeof(line));
}

/* Features of the CPU that it emulates: the QEMU of `make emulator` has some that no other has. */
static void learn_cpu(struct host *h)
{
	char *const argv[] = { h->qemu, "-device", "max-x86_64-cpu,help", NULL };
	char properties[32768];

	if (program_says(argv, true, properties, sizeof(properties)))
		return;
	h->cpu_recurses = strstr(properties, "svm-recursion=");
	h->strict_fits = strstr(properties, "x-svm-strict=");
}

bool host_tcg_nests(const int v[3])
{
	/*
	 * Versions with "target/i386: Walk NPT in guest real mode": 9.2, and 9.1.2 and 7.2.15 of the
	 * stable branches.
	 */
	static const int first[][3] = { { 7, 2, 15 }, { 9, 1, 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (v[0] == first[i][0] && v[1] == first[i][1])
			return v[2] >= first[i][2];
	return v[0] > 9 || (v[0] == 9 && v[1] >= 2);
}

static void judge_kvm(struct host *h)
{
	const char *module = strcmp(h->self.cpu_virt, "svm") ? "intel" : "amd";
	const struct platform *p = &h->platform;

	if (!p->have_virt)
		format(h->kvm_why, sizeof(h->kvm_why), "%s%s", p->virt_problem,
		       p->have_kvm ? "; /dev/kvm is here, but cannot pass on what the CPU lacks"
				   : "");
	else if (!p->have_kvm)
		format(h->kvm_why, sizeof(h->kvm_why), "%s", p->kvm_problem);
	else if (p->kvm_nested == UNKNOWN)
		format(h->kvm_why, sizeof(h->kvm_why),
		       "cannot find out whether nesting is on: neither the module parameter nested "
		       "nor KVM tells");
	else if (!p->kvm_nested)
		format(h->kvm_why, sizeof(h->kvm_why),
		       "nesting is off: modprobe -r kvm_%s, then modprobe kvm_%s nested=1", module,
		       module);
	else
		h->kvm_fits = true;
	if (h->kvm_fits)
		format(h->kvm_why, sizeof(h->kvm_why),
		       "/dev/kvm opens, the CPU has %s, nesting is on", h->self.cpu_virt);
}

static void judge_tcg(struct host *h)
{
	const int *v = h->version;

	h->tcg_fits = host_tcg_nests(v);
	if (h->tcg_fits)
		format(h->tcg_why, sizeof(h->tcg_why), "QEMU %d.%d.%d emulates AMD-V that nests",
		       v[0], v[1], v[2]);
	else
		format(h->tcg_why, sizeof(h->tcg_why),
		       "QEMU %d.%d.%d does not walk nested page tables in real mode, so no nested "
		       "firmware starts: 7.2.15, 9.1.2 or 9.2 and newer do",
		       v[0], v[1], v[2]);
}

static void judge_recursion(struct host *h)
{
	if (h->accel == ACCEL_TCG)
		learn_cpu(h);
	h->recursion_fits = h->accel == ACCEL_TCG || kvm_recurses();
	format(h->recursion_why, sizeof(h->recursion_why), "%s",
	       h->cpu_recurses	       ? "VMRUN of a guest hypervisor need not exit"
	       : h->accel == ACCEL_TCG ? "L0's KVM provides it, as the CPU that this QEMU emulates "
					 "has none; make emulator builds one that has"
	       : h->recursion_fits     ? "this host's KVM offers it to its guests"
				   : "this host's kvm_amd does not offer it; supernest's kernel, "
				     "booted on this machine, does");
}

/* The first QEMU that runs; if none does, the one that should be there. */
static const char *own_qemu(void)
{
	char line[64];

	for (size_t i = 0; i < ARRAY_SIZE(qemus); i++)
		if (!qemu_version_line(qemus[i], line, sizeof(line)))
			return qemus[i];
	return qemus[0];
}

static void choose_qemu(struct host *h, const char *asked, const char *emulator)
{
	bool there = emulator && !access(emulator, X_OK);
	const char *qemu = NULL, *why;
	char line[64];

	if (asked) {
		qemu = asked;
		why = "named by --qemu";
	} else if (there && !qemu_version_line(emulator, line, sizeof(line))) {
		qemu = emulator;
		why = "built by make emulator: its emulated AMD-V is fixed for nesting";
	} else if (there) { /* damaged, or on a file system from which nothing can be executed */
		why = "this machine's own; the qemu-emulator beside this command does not run";
	} else {
		why = "this machine's own; make emulator builds one that nests better";
	}
	format(h->qemu, sizeof(h->qemu), "%s", qemu ? qemu : own_qemu());
	format(h->qemu_why, sizeof(h->qemu_why), "%s", why);
}

int host_learn(struct host *h, const struct options *o, const char *emulator)
{
	char line[256];

	memset(h, 0, sizeof(*h));
	level_init(&h->self, 0);
	platform_learn(&h->self, &h->platform, LEVEL_NONE, "");
	platform_learn_kvm(&h->self, &h->platform, NULL);
	choose_qemu(h, o->qemu, emulator);
	if (qemu_version_line(h->qemu, line, sizeof(line)))
		return fail("%s: does not run; %s, or unpack the emulator's archive beside this "
			    "command, or name a QEMU with --qemu",
			    h->qemu, distribution_this_qemu_advice());
	if (sscanf(line, "QEMU emulator version %d.%d.%d", &h->version[0], &h->version[1],
		   &h->version[2]) < 2)
		return fail("%s: not a QEMU: it prints '%.60s'", h->qemu, line);
	judge_kvm(h);
	judge_tcg(h);
	h->accel = o->accel != ACCEL_AUTO      ? o->accel
		   : h->kvm_fits && !o->strict ? ACCEL_KVM
					       : ACCEL_TCG;
	h->usable = h->accel == ACCEL_KVM ? h->kvm_fits : h->tcg_fits;
	if (h->usable)
		judge_recursion(h);
	h->sandbox = h->usable && qemu_has_sandbox(h->qemu) ? SANDBOX : NULL;
	return 0;
}

static void print_json(const struct host *h, FILE *out)
{
	cJSON *o = cJSON_CreateObject();
	char version[32];

	format(version, sizeof(version), "%d.%d.%d", h->version[0], h->version[1], h->version[2]);
	cJSON_AddStringToObject(o, "schema", "supernest-check/1");
	cJSON_AddNumberToObject(o, "level", h->self.level);
	cJSON_AddStringToObject(o, "hypervisor", h->self.hypervisor);
	cJSON_AddStringToObject(o, "cpu_vendor", h->self.cpu_vendor);
	cJSON_AddStringToObject(o, "cpu_model", h->self.cpu_model);
	cJSON_AddStringToObject(o, "virt", h->self.cpu_virt);
	cJSON_AddStringToObject(o, "features", h->self.cpu_features);
	cJSON_AddStringToObject(o, "qemu", h->qemu);
	cJSON_AddStringToObject(o, "qemu_version", version);
	cJSON_AddStringToObject(o, "qemu_why", h->qemu_why);
	cJSON_AddBoolToObject(o, "kvm", h->kvm_fits);
	cJSON_AddStringToObject(o, "kvm_why", h->kvm_why);
	cJSON_AddBoolToObject(o, "tcg", h->tcg_fits);
	cJSON_AddStringToObject(o, "tcg_why", h->tcg_why);
	cJSON_AddBoolToObject(o, "recursion", h->recursion_fits);
	cJSON_AddStringToObject(o, "recursion_why", h->recursion_why);
	cJSON_AddBoolToObject(o, "strict", h->strict_fits);
	cJSON_AddStringToObject(o, "accel", h->accel == ACCEL_KVM ? "kvm" : "tcg");
	cJSON_AddBoolToObject(o, "usable", h->usable);
	cJSON_AddBoolToObject(o, "sandbox", h->sandbox != NULL);
	json_print(o, out);
}

void host_print(const struct host *h, bool json, FILE *out)
{
	if (json) {
		print_json(h, out);
		return;
	}
	fprintf(out, "this machine: L%d, hypervisor %s, %s %s, virtualization %s%s%s\n",
		h->self.level, h->self.hypervisor, h->self.cpu_vendor, h->self.cpu_model,
		h->self.cpu_virt, *h->self.cpu_features ? ": " : "", h->self.cpu_features);
	fprintf(out, "qemu: %s, version %d.%d.%d: %s\n", h->qemu, h->version[0], h->version[1],
		h->version[2], h->qemu_why);
	fprintf(out, "kvm: %s: %s\n", h->kvm_fits ? "yes" : "no", h->kvm_why);
	fprintf(out, "tcg: %s: %s\n", h->tcg_fits ? "yes" : "no", h->tcg_why);
	fprintf(out, "run would use: %s\n",
		!h->usable		? "nothing: it would be skipped"
		: h->accel == ACCEL_KVM ? "kvm, the outermost guest nests in hardware"
					: "tcg, the outermost guest is L0");
	if (h->usable)
		fprintf(out, "nesting recursive: %s: %s\n", h->recursion_fits ? "yes" : "no",
			h->recursion_why);
	if (h->usable)
		fprintf(out, "strict: %s\n",
			h->strict_fits
				? "yes: the emulated AMD-V can be as strict as hardware may be"
			: h->accel == ACCEL_KVM ? "no: with KVM the CPU is the host's"
						: "no: make emulator builds a QEMU that can");
	if (h->usable)
		fprintf(out, "sandbox: %s\n",
			h->sandbox ? "yes: this QEMU filters its own system calls"
				   : "no: this QEMU, or this kernel, has no seccomp");
}
