// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* fopencookie, strsep, dup3 */
#include "level/appliance.h"
#include "lib/base.h"
#include "lib/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h> /* MS_NOSUID */
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUMS_PATH "/etc/supernest/sha256sums" /* of files that the build put into it */
#define HOOK_PATH "/etc/supernest/hook"
#define HOOK_HEARTBEAT_S 2
#define DRAIN_S 60

static void mount_one(const struct appliance *a, const char *type, const char *where,
		      const char *data)
{
	mkdir(where, 0755);
	if (system_mount(a, type, where, type, MS_NOSUID, data) && errno != EBUSY)
		fail("cannot mount %s on %s: %m", type, where);
}

void appliance_mount(const struct appliance *a)
{
	mount_one(a, "proc", "/proc", NULL);
	mount_one(a, "sysfs", "/sys", NULL);
	mount_one(a, "devtmpfs", "/dev", NULL);
	/* All files of a run go here, never into the root: the archive must stay the same. */
	mount_one(a, "tmpfs", "/run", "size=100%,mode=0755");
	mount_one(a, "tmpfs", "/tmp", "size=50%,mode=1777");
}

/* Makes FD, unless it is negative, stdin, stdout and stderr. */
static void become_standard(int fd)
{
	for (int i = 0; fd >= 0 && i < 3; i++)
		if (fd != i)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* Opens stdin, stdout and stderr: on the console, or on /dev/kmsg if there is none. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		fd = open("/dev/kmsg", O_RDWR); /* in a nested level: a hook's output is in dmesg */
	become_standard(fd);
}

static ssize_t write_consoles(void *cookie, const char *buf, size_t len)
{
	const struct consoles *c = cookie;

	for (int i = 0; i < c->count; i++)
		write_all(c->fd[i], buf, len);
	return len;
}

/* Every console= that exists; /dev/console, where a shell runs, is only the last of them. */
FILE *appliance_consoles(struct consoles *c)
{
	cookie_io_functions_t functions = { .write = write_consoles };
	char active[256], *path, *next = active, *name;
	int fd;

	open_console();
	read_text("/sys/class/tty/console/active", active, sizeof(active));
	while (c->count < CONSOLES_MAX && (name = strsep(&next, " "))) {
		path = c->path[c->count];
		format(path, sizeof(c->path[0]), "/dev/%s", name);
		fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		if (fd >= 0)
			c->fd[c->count++] = fd;
	}
	return c->count ? fopencookie(c, "w", functions) : NULL;
}

void appliance_reopen_consoles(const struct consoles *c)
{
	int fd;

	open_console();
	for (int i = 0; i < c->count; i++) {
		fd = open(c->path[i], O_WRONLY | O_NOCTTY | O_CLOEXEC);
		if (fd < 0)
			continue;
		dup3(fd, c->fd[i], O_CLOEXEC);
		close(fd);
	}
}

void appliance_silence_kernel(const struct appliance *a)
{
	system_silence_kernel(a);
}

bool appliance_is_damaged(char *why, size_t size)
{
	static const char message[] = "Initramfs unpacking failed: ";
	char *log = system_kernel_log();
	const char *p = log ? strstr(log, message) : NULL;
	bool found = p;

	if (found) {
		p += sizeof(message) - 1;
		format(why, size, "%.*s", (int)strcspn(p, "\n"), p);
	}
	free(log);
	return found;
}

bool appliance_cannot_unpack(const char *message, char *what, size_t size)
{
	char method[16];

	/* init/initramfs.c, unpack_to_rootfs(); we were in the part that was unpacked before */
	if (!strncmp(message, "invalid magic", 13)) {
		format(what, size,
		       "the initramfs is damaged (what was appended to it is not an archive, or is "
		       "an uncompressed cpio that does not begin at a multiple of 4 bytes)");
		return true;
	}
	/* The names come from lib/decompress.c. */
	if (sscanf(message, "compression method %15s not configured", method) != 1)
		return false;
	format(what, size,
	       "a part of the initramfs is compressed with %s, which its kernel cannot unpack: use "
	       "gzip or no compression",
	       method);
	return true;
}

void appliance_compare_files(const struct lines *lines)
{
	char is[65], should_be[65], path[256];
	FILE *sums = fopen(SUMS_PATH, "re");

	if (!sums)
		fail("%s: %m: cannot verify that the files are as they were built", SUMS_PATH);
	while (sums && fscanf(sums, "%64s %255s", should_be, path) == 2)
		if (sha256_file(path, is))
			lines_say(lines, "%s: %m", path);
		else if (strcmp(is, should_be))
			lines_say(lines,
				  "%s differs from the one that was built: you replaced it, or it "
				  "is damaged",
				  path);
	if (sums)
		fclose(sums);
}

void appliance_built_sum(const char *path, char sum[65])
{
	FILE *sums = fopen(SUMS_PATH, "re");
	char name[256] = "";

	sum[0] = '\0';
	while (sums && strcmp(name, path) && fscanf(sums, "%64s %255s", sum, name) == 2)
		;
	if (strcmp(name, path))
		sum[0] = '\0';
	if (sums)
		fclose(sums);
}

static void run_hook(int own_level, const struct own_lines *lines)
{
	char level[24];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid(); /* a session of its own, so that everything it starts can be ended with it */
	format(level, sizeof(level), "%d", own_level);
	setenv("NEST_LEVEL", level, 1);
	setenv("PATH", "/bin", 1);
	if (lines->out >= 0) {
		if (null >= 0)
			dup2(null, 0);
		dup2(lines->out, 1);
		dup2(lines->out, 2);
	}
	execl(HOOK_PATH, HOOK_PATH, (char *)NULL);
	_exit(127);
}

/* Waits for its end.  False if it did not end within TIMEOUT_S. */
static bool await_hook(pid_t pid, int timeout_s, struct own_lines *lines,
		       void (*on_heartbeat)(void *context), void *context, int *status)
{
	double until_s = now_s() + timeout_s, heartbeat_s = now_s() + HOOK_HEARTBEAT_S;
	bool ended = false;

	while (!ended && now_s() < until_s) {
		ended = waitpid(pid, status, WNOHANG) == pid;
		own_lines_take(lines);
		if (!ended)
			usleep(10000);
		if (now_s() < heartbeat_s)
			continue;
		on_heartbeat(context);
		heartbeat_s = now_s() + HOOK_HEARTBEAT_S;
	}
	return ended;
}

bool appliance_has_hook(void)
{
	return !access(HOOK_PATH, X_OK);
}

bool appliance_hook(int own_level, int timeout_s, struct own_lines *lines,
		    void (*on_heartbeat)(void *context), void *context, struct check *k)
{
	double start_s = now_s();
	int status = 0;
	pid_t pid;

	if (!appliance_has_hook())
		return false;
	pid = fork();
	if (!pid)
		run_hook(own_level, lines);
	*k = (struct check){ .id = "hook", .result = RESULT_FAIL, .unit = "s" };
	if (pid < 0) {
		format(k->detail, sizeof(k->detail), "cannot be started: %s", strerror(errno));
		return true;
	}
	if (!await_hook(pid, timeout_s, lines, on_heartbeat, context, &status)) {
		kill(-pid, SIGKILL);
		format(k->detail, sizeof(k->detail), "did not end within %d s, and was killed",
		       timeout_s);
	} else {
		check_status(k, status);
	}
	k->value = now_s() - start_s;
	return true;
}

pid_t appliance_start_shell(const char *tty, int level, bool interactive)
{
	char *const login[] = { "-sh", NULL };
	char *const script[] = { "sh", "/proc/self/fd/0", NULL };
	char number[16];
	pid_t pid = fork();

	if (pid)
		return pid;
	setsid();
	/* The shell gets the terminal as its controlling one, so that Ctrl-C reaches what it runs. */
	int fd = open(tty, O_RDWR | O_NOCTTY);
	ioctl(fd, 0x540e /* TIOCSCTTY */, 1);
	become_standard(fd);
	setenv("PATH", "/bin", 1);
	setenv("HOME", "/root", 1);
	format(number, sizeof(number), "%d", level);
	if (level >= 0)
		setenv("NEST_LEVEL", number, 1);
	execv("/bin/sh", interactive ? login : script);
	_exit(127);
}

void appliance_shell(void)
{
	pid_t pid = appliance_start_shell("/dev/console", LEVEL_NONE, true);
	int status;

	while (pid > 0 && waitpid(-1, &status, 0) != pid)
		;
}

/*
 * Chooses a reset that works.  Without ACPI other ways may spin for ever.  With hardware-reduced ACPI the
 * kernel uses UEFI's reset (reboot_init, arch/x86/kernel/reboot.c), which a microvm does not have.
 */
static void choose_reset(const struct appliance *a)
{
	if (access("/sys/firmware/acpi", F_OK))
		system_write(a, "/sys/kernel/reboot/type", "triple");
	else if (access("/sys/firmware/efi", F_OK))
		system_write(a, "/sys/kernel/reboot/type", "acpi");
}

/* A serial port drains more slowly than a machine resets; one that is stuck must not delay us for long. */
static void drain_consoles(const struct consoles *consoles)
{
	int waiting, sum = 1;

	for (int i = 0; i < DRAIN_S * 100 && sum; i++) {
		sum = 0;
		for (int c = 0; c < consoles->count; c++)
			if (!ioctl(consoles->fd[c], TIOCOUTQ, &waiting))
				sum += waiting;
		usleep(10000);
	}
	usleep(200000); /* for what is in the UART's own buffer */
}

noreturn void appliance_end(const struct appliance *a, enum ending how, const struct consoles *c)
{
	static const int commands[] = { [END_REBOOT] = RB_AUTOBOOT,
					[END_POWEROFF] = RB_POWER_OFF,
					[END_HALT] = RB_HALT_SYSTEM,
					[END_SHELL] = RB_AUTOBOOT };

	if (how == END_SHELL)
		appliance_shell();
	drain_consoles(c);
	choose_reset(a);
	system_end(a, commands[how]);
	for (;;)
		pause();
}
