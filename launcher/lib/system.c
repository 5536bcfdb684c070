// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* O_PATH */
#include "lib/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROC_MAGIC 0x9fa0 /* PROC_SUPER_MAGIC, linux/magic.h */
#define LOG_BYTES (256 << 10)
#define FIRST_PID_NAMESPACE 0xeffffffc /* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define CONFIG_CREATE 6		       /* FSCONFIG_CMD_CREATE, linux/mount.h */
#define SYSLOG_READ_ALL 3	       /* SYSLOG_ACTION_READ_ALL, linux/syslog.h */
#define SYSLOG_CONSOLE_OFF 6	       /* SYSLOG_ACTION_CONSOLE_OFF, linux/syslog.h */

struct appliance {
	bool is_init;
};

/* ---- recognizing our own machine --------------------------------------------------------- */

/*
 * Opens /proc.  Before PID 1 has mounted it, opens a new procfs that is mounted nowhere: if this turns out
 * to be a container, nothing has changed in it.
 */
static int open_proc(void)
{
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), context;
	struct statfs fs;

	if (fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == PROC_MAGIC)
		return fd;
	if (fd >= 0)
		close(fd);
	if (getpid() != 1)
		return -1;
	context = syscall(SYS_fsopen, "proc", 1 /* FSOPEN_CLOEXEC */);
	if (context < 0)
		return -1;
	fd = syscall(SYS_fsconfig, context, CONFIG_CREATE, NULL, NULL, 0);
	if (!fd)
		fd = syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
	close(context);
	return fd;
}

/* Whether PID 1 is this program. */
static bool init_is_ours(int proc)
{
	struct stat self, init;

	return !fstatat(proc, "self/exe", &self, 0) && !fstatat(proc, "1/exe", &init, 0) &&
	       self.st_dev == init.st_dev && self.st_ino == init.st_ino;
}

/*
 * Whether our PID namespace is the one that the kernel started with.  A kernel without CONFIG_PID_NS has
 * no other.
 */
static bool in_first_namespace(int proc)
{
	struct stat namespace;

	if (fstatat(proc, "self/ns/pid", &namespace, 0))
		return errno == ENOENT;
	return namespace.st_ino == FIRST_PID_NAMESPACE;
}

/*
 * Whether our root is the file system that the kernel unpacked its initramfs into: "rootfs", which nobody
 * can mount (init_mount_tree, fs/namespace.c), and its root directory, not one below.
 */
static bool root_is_initramfs(int proc)
{
	char line[1024], root[256], target[256], *type;
	int fd = openat(proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		type = strstr(line, " - ");
		found = type && !strncmp(type, " - rootfs ", 10) &&
			sscanf(line, "%*d %*d %*s %255s %255s", root, target) == 2 &&
			!strcmp(root, "/") && !strcmp(target, "/");
	}
	if (f)
		fclose(f);
	else if (fd >= 0)
		close(fd);
	return found;
}

const struct appliance *appliance_recognise(const char **why)
{
	static const struct appliance init = { .is_init = true }, command = { .is_init = false };
	const char *why_not = NULL;
	int proc = open_proc();

	if (proc < 0)
		why_not = "there is no /proc";
	else if (!init_is_ours(proc))
		why_not = "PID 1 is another program";
	else if (!in_first_namespace(proc))
		why_not = "this is a container: PID 1 is only the first process of a namespace";
	else if (!root_is_initramfs(proc))
		why_not = "the root is not the initramfs that the kernel unpacked";
	if (proc >= 0)
		close(proc);
	if (why)
		*why = why_not;
	return why_not ? NULL : getpid() == 1 ? &init : &command;
}

bool system_is_container(void)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool first = proc < 0 || in_first_namespace(proc);

	if (proc >= 0)
		close(proc);
	/* Docker and Podman leave these files; systemd-nspawn, LXC and Podman set this variable. */
	return !first || !access("/.dockerenv", F_OK) || !access("/run/.containerenv", F_OK) ||
	       getenv("container");
}

bool appliance_is_init(const struct appliance *a)
{
	return a && a->is_init;
}

/* ---- what its kernel tells --------------------------------------------------------------- */

int64_t system_oom_kills(void)
{
	return number_behind("/proc/vmstat", "oom_kill ");
}

char *system_kernel_log(void)
{
	char *log = malloc(LOG_BYTES);
	int len = log ? klogctl(SYSLOG_READ_ALL, log, LOG_BYTES - 1) : -1;

	if (len < 0) {
		free(log);
		return NULL;
	}
	log[len] = '\0';
	return log;
}

char *system_next_message(char **rest, double since_s)
{
	char *line, *stamp;

	while ((line = strsep(rest, "\n"))) {
		stamp = strchr(line, '[');
		if (stamp && strtod(stamp + 1, NULL) >= since_s)
			return stamp;
	}
	return NULL;
}

/* ---- changing it ------------------------------------------------------------------------- */

/* A caller without the proof has a bug; the change is refused. */
static bool is_ours(const struct appliance *a)
{
	errno = EPERM;
	return a;
}

int system_write(const struct appliance *a, const char *path, const char *text)
{
	int fd = is_ours(a) ? open(path, O_WRONLY | O_CLOEXEC) : -1;
	int err;

	if (fd < 0)
		return -1;
	err = write_all(fd, text, strlen(text));
	close(fd);
	return err;
}

int system_mount(const struct appliance *a, const char *source, const char *target,
		 const char *type, unsigned long flags, const char *data)
{
	return is_ours(a) ? mount(source, target, type, flags, data) : -1;
}

int system_unmount(const struct appliance *a, const char *target)
{
	return is_ours(a) ? umount(target) : -1;
}

int system_load_module(const struct appliance *a, int fd, const char *parameters, int flags)
{
	return is_ours(a) ? syscall(SYS_finit_module, fd, parameters, flags) : -1;
}

void system_silence_kernel(const struct appliance *a)
{
	if (is_ours(a))
		klogctl(SYSLOG_CONSOLE_OFF, NULL, 0);
}

void system_end(const struct appliance *a, int command)
{
	if (is_ours(a))
		reboot(command);
}
