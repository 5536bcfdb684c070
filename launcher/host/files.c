// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* asprintf */
#include "host/files.h"
#include "lib/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PUBLISHED(name) "supernest-" VERSION "-" name /* the name that scripts/dist gives it */

static char *file_beside(const char *name, const char *published)
{
	const struct {
		const char *dir, *name;
	} places[] = { { ".", name },
		       { ".", published },
		       { "../share/supernest", name },
		       { "../lib/supernest", name } };
	char self[512], *slash, *path, *real;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (asprintf(&path, "%s/%s/%s", self, places[i].dir, places[i].name) < 0)
			return NULL;
		real = realpath(path, NULL);
		free(path);
		if (real && !access(real, R_OK))
			return real;
		free(real);
	}
	return NULL;
}

char *files_kernel(int vcpus)
{
	return vcpus > 1 ? file_beside("bzImage-smp", PUBLISHED("bzImage-smp-x86_64"))
			 : file_beside("bzImage", PUBLISHED("bzImage-x86_64"));
}

char *files_smp(void)
{
	return file_beside("smp.cpio.gz", PUBLISHED("smp-x86_64.cpio.gz"));
}

char *files_initramfs(void)
{
	return file_beside("initramfs.cpio.gz", PUBLISHED("initramfs-x86_64.cpio.gz"));
}

char *files_emulator(void)
{
	return file_beside("qemu-emulator", "qemu-emulator");
}

char *files_selftests(void)
{
	return file_beside("kvm-selftests", "kvm-selftests");
}

int files_need(const char *path, const char *what)
{
	struct stat st;

	if (path && !access(path, R_OK) && !stat(path, &st)) {
		if (S_ISREG(st.st_mode) && st.st_size)
			return 0;
		return fail("%s %s: %s; name another with --%s", what, path,
			    S_ISREG(st.st_mode) ? "it is empty" : "not a file", what);
	}
	if (!path)
		return fail("no %s beside this command or installed with it; build it with make, "
			    "or name one with --%s",
			    what, what);
	return fail("%s %s: %m; name another with --%s", what, path, what);
}

/* Whether both files have the same bytes. */
static bool files_same(const char *a, const char *b)
{
	char sum[2][65];

	return !sha256_file(a, sum[0]) && !sha256_file(b, sum[1]) && !strcmp(sum[0], sum[1]);
}

bool files_is_foreign_kernel(const char *kernel, int vcpus)
{
	char *own = files_kernel(vcpus);
	bool foreign = kernel && !(own && files_same(kernel, own));

	free(own);
	return foreign;
}
