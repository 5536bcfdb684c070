// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memfd_create, memmem, nftw */
#include "host/overlay.h"
#include "child/archive.h"
#include "host/kconfig.h"
#include "child/kernel.h"
#include "report/level.h"
#include "level/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODULES_MAX 32
#define MODULE_BYTES_MAX (64 << 20)
#define ENTRIES_MAX (MAX_LEVEL + MODULES_MAX + 8)

/* A module; the list has the modules that it needs before it. */
struct module {
	char name[64];
	char *data;
	size_t size;
};

struct packing {
	const struct overlay *overlay;
	struct kernel kernel;
	char modules_dir[512];
	struct module module[MODULES_MAX];
	int module_count;
	char *dep; /* modules.dep for the packed modules */
	struct archive_entry entry[ENTRIES_MAX];
	int entry_count;
};

bool overlay_has_level(const struct overlay *o, int level)
{
	return levels_choose(&o->levels, level);
}

/* ---- modules ----------------------------------------------------------------------------- */

/* nftw() gives its callback no context, hence these variables. */
static const char *wanted_module;
static char found_module[512];

static int match_module(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type != FTW_F || strlen(path) >= sizeof(found_module) ||
	    !modules_is_file_of(path, wanted_module))
		return 0;
	strcpy(found_module, path);
	return 1;
}

/* The program that decompresses a file with this name, or NULL. */
static const char *unpacker(const char *path)
{
	static const char *const programs[][2] = { { ".xz", "xz" },
						   { ".zst", "zstd" },
						   { ".gz", "gzip" } };
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(programs); i++)
		if (!strcmp(dot, programs[i][0]))
			return programs[i][1];
	return NULL;
}

static int read_all(int fd, struct module *m)
{
	size_t room = 1 << 20;
	ssize_t n = 1;
	char *bigger;

	m->data = malloc(room);
	while (m->data && (n = read(fd, m->data + m->size, room - m->size)) > 0) {
		m->size += n;
		if (m->size < room)
			continue;
		if (room >= MODULE_BYTES_MAX)
			return -1;
		bigger = realloc(m->data, room *= 2);
		if (!bigger)
			return -1;
		m->data = bigger;
	}
	return m->data && !n ? 0 : -1;
}

static int read_module(const char *path, struct module *m)
{
	const char *program = unpacker(path);
	int ends[2], status = 0, err, fd = open(path, O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (fd < 0)
		return fail("%s: %m", path);
	if (!program) {
		err = read_all(fd, m);
		close(fd);
		return err ? fail("%s: cannot be read: %m", path) : 0;
	}
	if (pipe2(ends, O_CLOEXEC))
		return fail("%s: pipe: %m", path);
	pid = fork();
	if (!pid) {
		dup2(fd, 0);
		dup2(ends[1], 1);
		execlp(program, program, "-dc", (char *)NULL);
		_exit(127);
	}
	close(fd);
	close(ends[1]);
	err = pid < 0 || read_all(ends[0], m);
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (err || status)
		return fail("%s: %s cannot unpack it (wait status %#x): is %s installed?", path,
			    program, status, program);
	return 0;
}

static int add_module(struct packing *p, const char *name);

/* Adds the modules of "depends=a,b" in the section .modinfo, whose strings end with NUL. */
static int add_needed(struct packing *p, const struct module *m)
{
	static const char key[] = "\0depends=";
	const char *at = memmem(m->data, m->size, key, sizeof(key) - 1);
	char list[512], *rest = list, *name;

	if (!at)
		return 0;
	at += sizeof(key) - 1;
	format(list, sizeof(list), "%.*s", (int)strnlen(at, m->data + m->size - at), at);
	while ((name = strsep(&rest, ",")))
		if (*name && add_module(p, name))
			return -1;
	return 0;
}

/* Adds a module after all that it needs.  Returns 1 if there is none with this name. */
static int add_module(struct packing *p, const char *name)
{
	struct module m = { 0 };
	bool found;

	for (int i = 0; i < p->module_count; i++)
		if (!strcmp(p->module[i].name, name))
			return 0;
	wanted_module = name;
	found = nftw(p->modules_dir, match_module, 16, FTW_PHYS) == 1;
	wanted_module = NULL;
	if (!found)
		return 1;
	format(m.name, sizeof(m.name), "%s", name);
	if (read_module(found_module, &m) || add_needed(p, &m))
		return fail("module %s of %s: not packed, see above", name, p->modules_dir);
	if (p->module_count == MODULES_MAX)
		return fail("%s: KVM needs more than %d modules", p->modules_dir, MODULES_MAX);
	p->module[p->module_count++] = m;
	return 0;
}

/* Looks where `make modules_install`, a distribution's package or a plain directory has them. */
static bool find_modules(struct packing *p)
{
	static const char *const below[] = { "/lib/modules/", "/usr/lib/modules/", "/" };
	const char *dir = p->overlay->modules ? p->overlay->modules : "";
	size_t places = p->overlay->modules ? ARRAY_SIZE(below) : 1;

	for (size_t i = 0; i < places; i++) {
		format(p->modules_dir, sizeof(p->modules_dir), "%s%s%s", dir, below[i],
		       p->kernel.release);
		if (!access(p->modules_dir, R_OK | X_OK))
			return true;
	}
	format(p->modules_dir, sizeof(p->modules_dir), "%s", dir);
	return *dir;
}

static int pack_modules(struct packing *p, const char *config)
{
	const char *name = modules_kvm_name(p->overlay->virt);
	int kvm = config ? kconfig_value(config, "KVM") : -1;
	bool there = find_modules(p);
	int err;

	if (p->overlay->modules && access(p->modules_dir, R_OK | X_OK))
		return fail("--modules %s: %m", p->overlay->modules);
	if (!name || kvm == 'y' || kvm == 'n')
		return 0;
	err = there ? add_module(p, name) : 1;
	if (err > 0 && (kvm == 'm' || p->overlay->modules))
		return fail(
			"KVM is a module of Linux %s, and no %s.ko is in %s: name the directory "
			"with its modules with --modules",
			p->kernel.release, name, p->modules_dir);
	return err < 0 ? -1 : 0;
}

/* ---- the archive ------------------------------------------------------------------------- */

static void add_entry(struct packing *p, mode_t mode, const char *name, const void *data,
		      size_t size)
{
	p->entry[p->entry_count++] = (struct archive_entry){ strdup(name), mode, data, size };
}

static void add_modules(struct packing *p)
{
	char name[200], dir[160];
	size_t room = 0;

	if (!p->module_count)
		return;
	format(dir, sizeof(dir), "%s/%s", &MODULES_DIR[1], p->kernel.release);
	add_entry(p, S_IFDIR | 0755, "lib", NULL, 0);
	add_entry(p, S_IFDIR | 0755, "lib/modules", NULL, 0);
	add_entry(p, S_IFDIR | 0755, dir, NULL, 0);
	p->dep = calloc(MODULES_MAX, sizeof(p->module[0].name) + 8);
	for (int i = 0; i < p->module_count; i++) {
		format(name, sizeof(name), "%s/%s.ko", dir, p->module[i].name);
		add_entry(p, S_IFREG | 0644, name, p->module[i].data, p->module[i].size);
	}
	/* KVM's own module is the last; the others are there because it needs them. */
	for (int i = p->module_count - 1; i >= 0; i--)
		room += sprintf(p->dep + room, "%s.ko%s", p->module[i].name,
				!i && !room ? ":\n"
				: !room	    ? ": "
				: i	    ? " "
					    : "\n");
	format(name, sizeof(name), "%s/modules.dep", dir);
	add_entry(p, S_IFREG | 0644, name, p->dep, room);
}

/*
 * Adds boot/bzImage for all levels; or boot/bzImage-N for the first of some levels, and links for the
 * others.
 */
static int add_kernels(struct packing *p, int outermost)
{
	char name[40], first[40] = "";
	struct stat st;
	void *data;
	int fd = open(p->overlay->kernel, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		return fail("--kernel %s: %m", p->overlay->kernel);
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return fail("--kernel %s: %m", p->overlay->kernel);
	if (levels_last(&p->overlay->levels) < 0)
		add_entry(p, S_IFREG | 0644, &KERNEL_PATH[1], data, st.st_size);
	for (int i = outermost + 1; levels_last(&p->overlay->levels) >= 0 && i <= MAX_LEVEL; i++) {
		if (!overlay_has_level(p->overlay, i))
			continue;
		format(name, sizeof(name), "%s-%d", &KERNEL_PATH[1], i);
		if (!*first) {
			add_entry(p, S_IFREG | 0644, name, data, st.st_size);
			strcpy(first, strrchr(name, '/') + 1);
		} else {
			add_entry(p, S_IFLNK | 0777, name, strdup(first), strlen(first));
		}
	}
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

static void say_missing(void *context, const char *option, const char *why)
{
	const struct packing *p = context;

	lines_say(p->overlay->lines, "Linux %s lacks CONFIG_%s: %s", p->kernel.release, option,
		  why);
}

static int check_config(struct packing *p, const char *config)
{
	if (config)
		return kconfig_check(config, p->overlay->virt, p->overlay->enlightened, say_missing,
				     p);
	lines_say(p->overlay->lines, "found no configuration of Linux %s; name it with --config",
		  p->kernel.release);
	return 0;
}

/* The header, which is at the start of the file, and that the rest is there. */
static int read_kernel(const char *path, struct kernel *k)
{
	struct stat st;

	if (kernel_read(path, k) || stat(path, &st))
		return fail("--kernel %s: %s", path,
			    errno ? strerror(errno)
				  : "not a bzImage: it lacks the header of a Linux kernel for x86");
	if (st.st_size + 16 < k->file_bytes) /* its header counts in units of 16 */
		return fail("--kernel %s: cut off: it has %lld of %lld bytes", path,
			    (long long)st.st_size, (long long)k->file_bytes);
	return 0;
}

int overlay_make(const struct overlay *o, int outermost, char *path, size_t size)
{
	struct packing *p = calloc(1, sizeof(*p));
	const char *config = o->config;

	if (!p)
		return fail("out of memory");
	p->overlay = o;
	if (read_kernel(o->kernel, &p->kernel)) {
		free(p);
		return -1;
	}
	if (!config)
		config = kconfig_find(o->kernel, p->kernel.release,
				      find_modules(p) ? p->modules_dir : NULL);
	if (check_config(p, config) || pack_modules(p, config) || add_kernels(p, outermost))
		return -1;
	add_modules(p);
	return archive_extend(o->initramfs, p->entry, p->entry_count, path, size);
}
