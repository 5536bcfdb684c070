// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define COMPRESSED_FILE 4 /* MODULE_INIT_COMPRESSED_FILE, linux/module.h */
#define DEP_LINE 4096

const char *modules_kvm_name(const char *virt)
{
	return !strcmp(virt, "svm") ? "kvm-amd" : !strcmp(virt, "vmx") ? "kvm-intel" : NULL;
}

/* File names may have '-' where the kernel has '_'. */
static bool is_name(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!a[i] || !b[i] || (a[i] != b[i] && !(strchr("-_", a[i]) && strchr("-_", b[i]))))
			return false;
	return true;
}

bool modules_is_file_of(const char *path, const char *name)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return is_name(base, name, strlen(name)) && !strncmp(base + strlen(name), ".ko", 3);
}

void modules_parameters(const char *cmdline, const char *file, char *parameters, size_t size)
{
	const char *base = strrchr(file, '/');
	size_t module, len = 0, word;

	base = base ? base + 1 : file;
	module = strcspn(base, ".");
	parameters[0] = '\0';
	for (; *cmdline; cmdline += word) {
		cmdline += strspn(cmdline, " \t\n");
		word = strcspn(cmdline, " \t\n");
		if (word <= module + 1 || cmdline[module] != '.' || !is_name(cmdline, base, module))
			continue;
		format(parameters + len, size - len, "%s%.*s", len ? " " : "",
		       (int)(word - module - 1), cmdline + module + 1);
		len = strlen(parameters);
	}
}

static void load(const struct appliance *a, const char *dir, const char *file)
{
	const char *dot = strrchr(file, '.');
	char path[600], cmdline[4096], parameters[1024];
	int fd;

	if (read_text("/proc/cmdline", cmdline, sizeof(cmdline)))
		cmdline[0] = '\0';
	modules_parameters(cmdline, file, parameters, sizeof(parameters));
	if (file[0] == '/')
		format(path, sizeof(path), "%s", file);
	else
		format(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fail("%s: %m; modules.dep names it", path);
		return;
	}
	if (system_load_module(a, fd, parameters,
			       dot && strcmp(dot, ".ko") ? COMPRESSED_FILE : 0) &&
	    errno != EEXIST)
		fail("%s: the kernel refused to load it: %m; its log says why", path);
	close(fd);
}

/* Loads the modules of a line "a.ko: b.ko c.ko": those that a needs, from the last on, and then a. */
static void load_line(const struct appliance *a, const char *dir, char *line)
{
	char *last;

	line[strcspn(line, ":")] = ' ';
	while ((last = strrchr(line, ' '))) {
		if (last[1])
			load(a, dir, last + 1);
		*last = '\0';
	}
	load(a, dir, line);
}

void modules_load_kvm(const struct appliance *a, const char *virt)
{
	const char *name = modules_kvm_name(virt);
	char dir[120], path[140], line[DEP_LINE];
	struct utsname uts;
	bool found = false;
	FILE *dep;

	if (!name || uname(&uts) || access(MODULES_DIR, F_OK))
		return;
	format(dir, sizeof(dir), MODULES_DIR "/%s", uts.release);
	format(path, sizeof(path), "%s/modules.dep", dir);
	dep = fopen(path, "re");
	if (!dep) {
		fail("%s: %m: no module is loaded; depmod creates this file", path);
		return;
	}
	while (!found && fgets(line, sizeof(line), dep)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		found = modules_is_file_of(line, name);
		*colon = ':';
	}
	fclose(dep);
	line[strcspn(line, "\n")] = '\0';
	if (found)
		load_line(a, dir, line);
	else
		fail("%s does not list %s: KVM is built in, or was not packed", path, name);
}
