// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/inspect.h"
#include "report/formats.h"
#include "lib/options.h"

#include <cpuid.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MSR_DEVICE "/dev/cpu/0/msr"

/* A process whose name begins with "qemu-system", or 0. */
static int find_qemu(void)
{
	char path[300], name[32];
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	int pid = 0;

	while (dir && !pid && (entry = readdir(dir))) {
		format(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    !read_text(path, name, sizeof(name)) && !strncmp(name, "qemu-system", 11))
			pid = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return pid;
}

static void print_chain(int outermost, int level, FILE *out)
{
	fputs("chain: ", out);
	for (int i = outermost; i < level; i++)
		fprintf(out, "L%d > ", i);
	fprintf(out, "L%d (here)\n", level);
}

void inspect_status(const struct level *self, const struct platform *p, const struct report *so_far,
		    FILE *out)
{
	bool known = so_far->deepest >= so_far->outermost;
	int qemu = find_qemu();

	print_chain(known ? so_far->outermost : self->level, self->level, out);
	fprintf(out, "runs on: %s, %s %s, virtualization %s%s%s\n", self->hypervisor,
		self->cpu_vendor, self->cpu_model, self->cpu_virt, *self->cpu_features ? ": " : "",
		self->cpu_features);
	fprintf(out, "memory: %.1f MiB, available %.1f; up %.1f s\n", self->total_kib / 1024.0,
		self->available_kib / 1024.0, now_s());
	fprintf(out, "kvm: %s\n", p->have_kvm ? "yes" : p->kvm_problem);
	if (qemu)
		fprintf(out, "child: L%d, its qemu is process %d\n", self->level + 1, qemu);
	else
		fprintf(out, "child: none\n");
	if (known)
		formats_print(so_far, REPORT_TABLE, out);
}

static int parse_word(const char *text, uint32_t *out)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || n > UINT32_MAX)
		return fail("%.60s: not a 32-bit number such as 0x40000000 or 1", text);
	*out = n;
	return 0;
}

int inspect_cpuid(const char *leaf, const char *subleaf, FILE *out)
{
	uint32_t eax, ecx = 0, ebx, edx, l = 0;

	if (parse_word(leaf, &l) || (subleaf && parse_word(subleaf, &ecx)))
		return -1;
	fprintf(out, "cpuid %#x %#x: ", l, ecx);
	__cpuid_count(l, ecx, eax, ebx, ecx, edx);
	fprintf(out, "eax %#010x ebx %#010x ecx %#010x edx %#010x\n", eax, ebx, ecx, edx);
	return 0;
}

int inspect_msr(const char *number, FILE *out)
{
	uint64_t value;
	uint32_t msr = 0;
	bool known;
	int fd;

	if (parse_word(number, &msr))
		return -1;
	fd = open(MSR_DEVICE, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fail("%s: %m: no MSR can be read (are you root? modprobe msr)", MSR_DEVICE);
		return -2;
	}
	known = pread(fd, &value, sizeof(value), msr) == sizeof(value);
	close(fd);
	if (!known) {
		fail("MSR %#x: %s", msr,
		     errno == EIO ? "this CPU does not have it, or refuses access"
				  : strerror(errno));
		return -2;
	}
	fprintf(out, "msr %#x: 0x%016llx\n", msr, (unsigned long long)value);
	return 0;
}
