// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/bochs.h"
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

#define CD_WAIT_MS 60000
#define HELP_SIZE 16384
#define PATH_BYTES (sizeof(((struct bochs *)0)->folder) + 32)
/*
 * Instructions per second of its devices' clock, for which firmware and boot loader wait.  The kernel
 * counts a nanosecond for each instruction, as in any deterministic run.
 */
#define IPS 50000000
#define PACKAGES "install bochs, bochsbios, vgabios, isolinux, syslinux-common and xorriso"

/* Directories in the folder. */
static const char *const dirs[] = { "cd", "cd/isolinux" };
static const char *const files[] = {
	"cd/isolinux/bzImage",	   "cd/isolinux/initramfs",    "cd/isolinux/isolinux.bin",
	"cd/isolinux/ldlinux.c32", "cd/isolinux/isolinux.cfg", "cd.iso",
	VM_BOCHS_CONFIG,	   VM_BOCHS_COMMANDS,	       "xorriso.log",
};

/* ---- what is installed ------------------------------------------------------------------- */

/* The first path that can be read; distributions differ.  NULL if there is none. */
static const char *first_of(const char *const paths[])
{
	while (*paths && access(*paths, R_OK))
		paths++;
	return *paths;
}

static bool runs(const char *program)
{
	char *const argv[] = { (char *)program, "--version", NULL };
	char line[16];

	return !program_says(argv, true, line, sizeof(line));
}

/* Bochs prints its help on stderr. */
static int read_help(const char *about, char *text, size_t size)
{
	static const char script[] = "exec " BOCHS_PROGRAM " --help $0 2>&1";
	char *const argv[] = { "sh", "-c", (char *)script, (char *)about, NULL };

	if (program_says(argv, true, text, size) || !strstr(text, "Bochs"))
		return -1;
	for (char *end = text; (end = strpbrk(end, "\n\t")); end++)
		*end = ' ';
	return 0;
}

static int skip(const char *what)
{
	fail("skipped: --cpu-emulator bochs: %s: " PACKAGES, what);
	return STATUS_SKIPPED;
}

int bochs_find(struct bochs *b, const char *cpu)
{
	static const char *const bioses[] = { "/usr/share/bochs/BIOS-bochs-latest", NULL };
	static const char *const vgas[] = { "/usr/share/vgabios/vgabios.bin",
					    "/usr/share/bochs/VGABIOS-lgpl-latest",
					    "/usr/share/bochs/VGABIOS-lgpl-latest.bin", NULL };
	static const char *const isolinuxes[] = { "/usr/lib/ISOLINUX/isolinux.bin",
						  "/usr/share/syslinux/isolinux.bin",
						  "/usr/lib/syslinux/bios/isolinux.bin", NULL };
	static const char *const ldlinuxes[] = { "/usr/lib/syslinux/modules/bios/ldlinux.c32",
						 "/usr/share/syslinux/ldlinux.c32",
						 "/usr/lib/syslinux/bios/ldlinux.c32", NULL };
	char help[HELP_SIZE];

	*b = (struct bochs){ .cpu = cpu ? cpu : BOCHS_CPU,
			     .bios = first_of(bioses),
			     .vga = first_of(vgas),
			     .isolinux = first_of(isolinuxes),
			     .ldlinux = first_of(ldlinuxes) };
	if (read_help("", help, sizeof(help)))
		return skip(BOCHS_PROGRAM " does not run");
	b->debugger = has_word(help, "-rc");
	if (!b->bios || !b->vga)
		return skip("the firmware of Bochs is missing");
	if (!b->isolinux || !b->ldlinux)
		return skip("isolinux, which starts the kernel from a CD, is missing");
	if (!runs("xorriso"))
		return skip("xorriso, which writes the CD, does not run");
	if (read_help("cpu", help, sizeof(help)) || !has_word(help, b->cpu))
		return fail("--cpu %s: this Bochs has no such model; " BOCHS_PROGRAM
			    " --help cpu lists them",
			    b->cpu);
	return 0;
}

/* ---- the folder -------------------------------------------------------------------------- */

static void path_in(const struct bochs *b, const char *name, char path[PATH_BYTES])
{
	format(path, PATH_BYTES, "%s/%s", b->folder, name);
}

static int make_folder(struct bochs *b)
{
	const char *tmp = getenv("TMPDIR");
	char path[PATH_BYTES];

	if (format_whole("a path in $TMPDIR", b->folder, sizeof(b->folder), "%s/supernest-XXXXXX",
			 tmp && *tmp ? tmp : "/tmp")) {
		b->folder[0] = '\0';
		return -1;
	}
	if (!mkdtemp(b->folder)) {
		fail("%s: %m", b->folder);
		b->folder[0] = '\0';
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		path_in(b, dirs[i], path);
		if (mkdir(path, 0700))
			return fail("%s: %m", path);
	}
	return 0;
}

/* An initramfs with the user's files is only in memory and cannot be linked to, so files are copied. */
static int copy_file(const struct bochs *b, const char *from, const char *name)
{
	char path[PATH_BYTES];
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	ssize_t n = -1;

	if (in < 0)
		return fail("%s: %m", from);
	path_in(b, name, path);
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	while (out >= 0 && (n = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	if (n < 0)
		fail("%s to %s: %m", from, path);
	if (out >= 0)
		close(out);
	close(in);
	return n < 0 ? -1 : 0;
}

static int write_file(const struct bochs *b, const char *name, const char *text)
{
	char path[PATH_BYTES];
	FILE *f;
	int err;

	path_in(b, name, path);
	f = fopen(path, "wxe");
	if (!f)
		return fail("%s: %m", path);
	err = fputs(text, f) < 0;
	return fclose(f) || err ? fail("%s: %m", path) : 0;
}

/*
 * Where the CPU has MWAITX, Linux waits by its timer, which does not wake Bochs 2.7:
 * docs/found/bochs-mwaitx.md.
 */
static const char *mwait_of(const char *cpu)
{
	return strcmp(cpu, "ryzen") ? "" : ", mwait_is_nop=1";
}

static int configure(const struct bochs *b, const struct vm_config *c)
{
	char text[2048];

	/*
	 * port_e9_hack and stdout carry the records.  A viewer may look at the screen, but Bochs does not
	 * wait for one.  Errors of a guest, such as unknown MSRs, are ignored.
	 */
	if (format_whole("the configuration of Bochs", text, sizeof(text),
			 "display_library: rfb, options=\"timeout=0\"\n"
			 "romimage: file=%s\n"
			 "vgaromimage: file=%s\n"
			 "cpu: model=%s, ips=%d%s\n"
			 "megs: %lld\n"
			 "ata0-master: type=cdrom, path=%s/cd.iso, status=inserted\n"
			 "boot: cdrom\n"
			 "clock: sync=none, time0=946684800\n"
			 "com1: enabled=1, mode=file, dev=/proc/self/fd/%d\n"
			 "port_e9_hack: enabled=1\n"
			 "sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy\n"
			 "log: /dev/null\n"
			 "panic: action=fatal\nerror: action=ignore\ninfo: action=ignore\n"
			 "debug: action=ignore\n",
			 b->bios, b->vga, b->cpu, IPS, mwait_of(b->cpu),
			 (long long)c->memory_kib / KIB_PER_MIB, b->folder, VM_CONSOLE_FD))
		return -1;
	return write_file(b, VM_BOCHS_CONFIG, text) || write_file(b, VM_BOCHS_COMMANDS, "c\n");
}

static int fill_cd(const struct bochs *b, const struct vm_config *c)
{
	char text[4096];

	if (format_whole("the configuration of isolinux", text, sizeof(text),
			 "DEFAULT supernest\nPROMPT 0\nLABEL supernest\n  KERNEL bzImage\n"
			 "  INITRD initramfs\n  APPEND %s\n",
			 c->cmdline))
		return -1;
	return write_file(b, "cd/isolinux/isolinux.cfg", text) ||
	       copy_file(b, c->kernel, "cd/isolinux/bzImage") ||
	       copy_file(b, c->initramfs, "cd/isolinux/initramfs") ||
	       copy_file(b, b->isolinux, "cd/isolinux/isolinux.bin") ||
	       copy_file(b, b->ldlinux, "cd/isolinux/ldlinux.c32");
}

static void exec_xorriso(const char *folder)
{
	int log = chdir(folder)
			  ? -1
			  : open("xorriso.log", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (log >= 0) {
		dup2(log, 1);
		dup2(log, 2);
		execlp("xorriso", "xorriso", "-as", "mkisofs", "-quiet", "-V", "SUPERNEST", "-o",
		       "cd.iso", "-c", "isolinux/boot.cat", "-b", "isolinux/isolinux.bin",
		       "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "cd",
		       (char *)NULL);
	}
	_exit(127);
}

static int write_cd(const struct bochs *b)
{
	struct pollfd fd = { .events = POLLIN };
	char path[PATH_BYTES], log[256] = "";
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		exec_xorriso(b->folder);
	fd.fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (fd.fd >= 0) {
		poll(&fd, 1, CD_WAIT_MS);
		close(fd.fd);
	}
	if (pid > 0) {
		kill(pid, SIGKILL); /* no effect if it has ended */
		waitpid(pid, &status, 0);
	}
	if (!status)
		return 0;
	path_in(b, "xorriso.log", path);
	read_text(path, log, sizeof(log));
	sanitize(log);
	return fail("xorriso made no CD in %s (wait status %#x): %s", b->folder, status, log);
}

int bochs_prepare(struct bochs *b, struct vm_config *c)
{
	if (make_folder(b) || configure(b, c) || fill_cd(b, c) || write_cd(b))
		return -1;
	c->folder = b->folder;
	return 0;
}

void bochs_clean(struct bochs *b)
{
	char path[PATH_BYTES];

	if (!*b->folder)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		path_in(b, files[i], path);
		unlink(path);
	}
	for (size_t i = ARRAY_SIZE(dirs); i--;) {
		path_in(b, dirs[i], path);
		rmdir(path);
	}
	rmdir(b->folder);
	b->folder[0] = '\0';
}
