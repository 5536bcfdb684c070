// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The archive of any tree of files.
 *
 * An input is lines, in a folder that they start in: "d NAME" makes a folder and goes into it, "u" goes
 * up, "f SIZE NAME" a file, "h NAME" another name for the last file, "l NAME TARGET" a symbolic link,
 * "p NAME" a pipe, "s NAME" a socket, "c NUMBER NAME" and "b NUMBER NAME" devices, "m MODE" the folder's
 * mode; numbers are hex.  What the system refuses is left out.
 */
#define _GNU_SOURCE
#include "check.h"
#include "child/archive.h"
#include "lib/sha256.h"

#include <limits.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEPTH 32
#define SIZE_HERE 200000 /* of a file that fits; larger ones do not */
#define TOO_LARGE (5LL << 30)
#define CPIO_EVERY 1024

static char root[64];
static int made;      /* number of entries in the tree */
static bool may_fail; /* some entry cannot be archived */
static int output;

static void keep_quiet(void *context, const char *message)
{
	(void)context;
	must(*message);
}

/* ---- the tree ---------------------------------------------------------------------------- */

static void fill_file(int fd, unsigned long size)
{
	static char data[SIZE_HERE];

	if (size > SIZE_HERE) {
		may_fail = true;
		must(!ftruncate(fd, TOO_LARGE));
		return;
	}
	for (unsigned long i = 0; i < size; i++)
		data[i] = i * 7 + size;
	must(write(fd, data, size) == (ssize_t)size);
}

static void make(int folder, char kind, char *rest, char *last)
{
	char *name = rest, *target;
	unsigned long number = 0;
	int fd;

	if (kind == 'f' || kind == 'c' || kind == 'b') {
		number = strtoul(rest, &name, 16);
		name += *name == ' ';
	}
	target = strchr(name, ' ');
	if (kind == 'l' && target)
		*target++ = '\0';
	if (!*name || strchr(name, '/'))
		return;
	switch (kind) {
	case 'f':
		fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0640);
		if (fd < 0)
			return;
		fill_file(fd, number);
		format(last, 32, "/proc/self/fd/%d", fcntl(fd, F_DUPFD, 900));
		close(fd);
		break;
	case 'h':
		if (linkat(AT_FDCWD, last, folder, name, AT_SYMLINK_FOLLOW))
			return;
		break;
	case 'l':
		if (!target || symlinkat(target, folder, name))
			return;
		break;
	case 'p':
		if (mkfifoat(folder, name, 0600))
			return;
		break;
	case 's':
		if (mknodat(folder, name, S_IFSOCK | 0600, 0))
			return;
		break;
	case 'c':
	case 'b':
		if (mknodat(folder, name, (kind == 'c' ? S_IFCHR : S_IFBLK) | 0600,
			    makedev(number >> 8 & 0xfff, number & 0xff)))
			return;
		break;
	default:
		return;
	}
	made++;
}

static void make_tree(char *text)
{
	int folder[DEPTH] = { open(root, O_RDONLY | O_DIRECTORY) }, at = 0;
	char last[32] = "", *line;

	made = 0;
	may_fail = false;
	while ((line = strsep(&text, "\n"))) {
		char kind = *line, *rest = line + (*line != '\0');

		rest += *rest == ' ';
		if (kind == 'd' && at < DEPTH - 1 && *rest && !strchr(rest, '/')) {
			made += !mkdirat(folder[at], rest, 0755);
			folder[at + 1] =
				openat(folder[at], rest, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
			if (folder[at + 1] >= 0 && strcmp(rest, ".") && strcmp(rest, ".."))
				at++;
			else
				close(folder[at + 1]);
		} else if (kind == 'u' && at) {
			close(folder[at--]);
		} else if (kind == 'm') {
			fchmod(folder[at], strtoul(rest, NULL, 16) & 07777);
			may_fail |= geteuid() != 0;
		} else {
			make(folder[at], kind, rest, last);
		}
	}
	while (at >= 0)
		close(folder[at--]);
	close_range(900, ~0U, 0);
}

static int clear_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	return where->level ? remove(path) : 0;
}

static int open_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)where;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, st->st_mode | 0700);
	return 0;
}

static void clear_tree(void)
{
	chmod(root, 0700);
	if (geteuid())
		nftw(root, open_one, 16, FTW_PHYS);
	must(!nftw(root, clear_one, 16, FTW_PHYS | FTW_DEPTH));
}

/* ---- the archive ------------------------------------------------------------------------- */

struct entry {
	unsigned int ino, mode, uid, gid, links, mtime, size, major, minor, rmajor, rminor,
		namesize, check;
	const char *name, *data;
};

/* Reads the entry at *AT and moves it behind. */
static void read_entry(const char *bytes, size_t len, size_t *at, struct entry *e)
{
	unsigned int *const fields[] = { &e->ino,    &e->mode,	   &e->uid,   &e->gid,	 &e->links,
					 &e->mtime,  &e->size,	   &e->major, &e->minor, &e->rmajor,
					 &e->rminor, &e->namesize, &e->check };
	char word[9];

	must(len - *at >= 110 && !memcmp(bytes + *at, "070701", 6));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		memcpy(word, bytes + *at + 6 + 8 * i, 8);
		word[8] = '\0';
		must(strspn(word, "0123456789ABCDEF") == 8);
		*fields[i] = strtoul(word, NULL, 16);
	}
	*at += 110;
	must(e->namesize && e->namesize <= len - *at);
	e->name = bytes + *at;
	must(strnlen(e->name, e->namesize) == e->namesize - 1);
	*at = (*at + e->namesize + 3) / 4 * 4;
	must(*at <= len && e->size <= len - *at);
	e->data = bytes + *at;
	*at = (*at + e->size + 3) / 4 * 4;
	must(*at <= len);
}

static void check_file(int folder, const struct entry *e)
{
	static char data[SIZE_HERE + 1];
	int fd = openat(folder, e->name, O_RDONLY);

	must(fd >= 0);
	must(read(fd, data, sizeof(data)) == (ssize_t)e->size);
	must(!memcmp(data, e->data, e->size));
	close(fd);
}

static void check_link(int folder, const struct entry *e)
{
	char target[4097];
	ssize_t n = readlinkat(folder, e->name, target, sizeof(target));

	must(n >= 0 && (size_t)n + 1 == e->size);
	must(!memcmp(target, e->data, n) && !e->data[n]);
}

/* The entry is a file of the tree, and appears once. */
static void check_entry(int folder, const struct entry *e)
{
	struct stat st;
	bool device;

	must(!fstatat(folder, e->name, &st, AT_SYMLINK_NOFOLLOW));
	must(e->mode == st.st_mode && e->uid == st.st_uid && e->gid == st.st_gid);
	must(!e->mtime && !e->check && e->major == 3 && e->minor == 1);
	device = S_ISCHR(e->mode) || S_ISBLK(e->mode);
	must(e->rmajor == (device ? major(st.st_rdev) : 0));
	must(e->rminor == (device ? minor(st.st_rdev) : 0));
	if (S_ISREG(e->mode))
		check_file(folder, e);
	else if (S_ISLNK(e->mode))
		check_link(folder, e);
	else
		must(!e->size);
}

static void check_names_of_cpio(const char *names)
{
	char command[100], *line = NULL;
	size_t size = 0;
	ssize_t n;
	FILE *f;

	format(command, sizeof(command), "cpio -t --quiet </proc/%d/fd/%d", getpid(), output);
	f = popen(command, "re");
	must(f);
	while ((n = getline(&line, &size, f)) > 0) {
		must(!strncmp(names, line, n));
		names += n;
	}
	must(!pclose(f) && !*names);
	free(line);
}

static void check_archive(const char *bytes, const struct archive *a)
{
	static unsigned int runs;
	int folder = open(root, O_RDONLY | O_DIRECTORY), count;
	char previous[PATH_MAX] = "", *names;
	size_t at = 0, names_size;
	FILE *list = open_memstream(&names, &names_size);
	struct entry e;

	for (count = 0;
	     read_entry(bytes, a->bytes, &at, &e), strcmp(e.name, "TRAILER!!!") || e.mode;
	     count++) {
		must(e.ino == 721U + count);
		must(strcmp(previous, e.name) < 0);
		must(strlen(e.name) < sizeof(previous));
		strcpy(previous, e.name);
		check_entry(folder, &e);
		fprintf(list, "%s\n", e.name);
	}
	must(count == made);
	must(a->bytes % 512 == 0 && a->bytes - at < 512);
	close(folder);
	fclose(list);
	if (++runs % CPIO_EVERY == 0)
		check_names_of_cpio(names);
	free(names);
}

static void check_sum(const char *bytes, const struct archive *a)
{
	struct archive measured = { 0 };
	struct sha256 sum;
	char hex[65];

	sha256_init(&sum);
	sha256_add(&sum, bytes, a->bytes);
	sha256_end(&sum, hex);
	must(!strcmp(hex, a->sha256));
	must(!archive_write(root, -1, &measured));
	must(!strcmp(hex, measured.sha256) && measured.bytes == a->bytes);
}

static void clean_up(void)
{
	clear_tree();
	rmdir(root);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fail_to(keep_quiet, NULL);
	format(root, sizeof(root), "/dev/shm/supernest-fuzz-XXXXXX");
	must(mkdtemp(root));
	atexit(clean_up);
	output = memfd_create("archive", MFD_CLOEXEC);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *bytes;
	struct archive a = { 0 };
	struct stat st;

	make_tree(text);
	must(!ftruncate(output, 0) && !lseek(output, 0, SEEK_SET));
	if (archive_write(root, output, &a)) {
		must(may_fail);
	} else {
		must(!fstat(output, &st) && st.st_size == a.bytes);
		bytes = mmap(NULL, a.bytes, PROT_READ, MAP_PRIVATE, output, 0);
		must(bytes != MAP_FAILED);
		check_archive(bytes, &a);
		check_sum(bytes, &a);
		munmap(bytes, a.bytes);
	}
	clear_tree();
	free(text);
	return 0;
}
