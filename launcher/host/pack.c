// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memfd_create, nftw */
#include "host/pack.h"
#include "child/archive.h"
#include "host/suite.h"
#include "level/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 20000
#define PATH_BYTES 1024
#define PROGRAM_BYTES (128 * 1024) /* of a script: the kernel's limit for one argument */

/* Large, and little of it is used. */
struct entries {
	struct archive_entry entry[ENTRIES_MAX];
	char names[ENTRIES_MAX][PATH_BYTES];
	int count;
	int64_t bytes;
};

static int add_entry(struct entries *e, mode_t mode, const char *name, const void *data,
		     size_t size)
{
	if (e->count == ENTRIES_MAX)
		return fail("--file: more than %d files", ENTRIES_MAX);
	format(e->names[e->count], sizeof(*e->names), "%s", name);
	e->entry[e->count] = (struct archive_entry){ e->names[e->count], mode, data, size };
	e->count++;
	e->bytes += size;
	return 0;
}

static bool has_entry(const struct entries *e, const char *name)
{
	for (int i = 0; i < e->count; i++)
		if (!strcmp(e->entry[i].name, name))
			return true;
	return false;
}

/* Adds the directories that lead to NAME. */
static int add_parents(struct entries *e, const char *name)
{
	char dir[PATH_BYTES];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		format(dir, sizeof(dir), "%.*s", (int)(slash - name), name);
		if (!has_entry(e, dir) && add_entry(e, S_IFDIR | 0755, dir, NULL, 0))
			return -1;
	}
	return 0;
}

/* ---- files ------------------------------------------------------------------------------- */

static int add_file(struct entries *e, const char *path, const char *name, const struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *data = NULL;

	if (fd < 0)
		return fail("--file %s: %m", path);
	if (st->st_size)
		data = mmap(NULL, st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return fail("--file %s: %m", path);
	return add_entry(e, st->st_mode & (S_IFMT | 07777), name, data, st->st_size);
}

static int add_link(struct entries *e, const char *path, const char *name)
{
	char target[PATH_BYTES], *kept;
	ssize_t n = readlink(path, target, sizeof(target));

	if (n < 0 || n == sizeof(target))
		return fail("--file %s: cannot read the link: %m", path);
	if (asprintf(&kept, "%.*s", (int)n, target) < 0)
		return fail("out of memory");
	return add_entry(e, S_IFLNK | 0777, name, kept, n);
}

/* nftw() gives its callback no context. */
static struct {
	struct entries *entries;
	const struct suite *suite; /* whose files are needed; NULL: all files are */
	const char *dest;
	size_t prefix;
} walk;

static int add_found(const char *path, const struct stat *st, int type, struct FTW *at)
{
	char name[PATH_BYTES];

	(void)at;
	if (walk.suite && S_ISREG(st->st_mode) && !suite_needs(walk.suite, path + walk.prefix + 1))
		return 0;
	if (strlen(walk.dest) + strlen(path) - walk.prefix >= sizeof(name))
		return fail("--file %s: its name would be too long", path);
	format(name, sizeof(name), "%s%s", walk.dest, path + walk.prefix);
	if (type == FTW_DNR || type == FTW_NS)
		return fail("--file %s: %s", path, strerror(EACCES));
	if (S_ISDIR(st->st_mode))
		return has_entry(walk.entries, name)
			       ? 0
			       : add_entry(walk.entries, S_IFDIR | (st->st_mode & 07777), name,
					   NULL, 0);
	if (has_entry(walk.entries, name))
		return fail("--file %s: there is a /%s already; give it another name, as in "
			    "PATH:DEST",
			    path, name);
	if (S_ISLNK(st->st_mode))
		return add_link(walk.entries, path, name);
	if (S_ISREG(st->st_mode))
		return add_file(walk.entries, path, name, st);
	return fail("--file %s: not a file, a directory or a link", path);
}

/* Adds PATH or PATH:DEST.  If PATH is a link, adds its target. */
static int add_tree(struct entries *e, const char *asked, const struct suite *suite)
{
	const char *colon = strrchr(asked, ':');
	char given[PATH_BYTES], path[PATH_BYTES];
	const char *dest;
	int err;

	format(given, sizeof(given), "%.*s", colon ? (int)(colon - asked) : (int)strlen(asked),
	       asked);
	if (!realpath(given, path))
		return fail("--file %s: %m", given);
	if (strlen(given) > 1 && given[strlen(given) - 1] == '/')
		given[strlen(given) - 1] = '\0';
	dest = colon ? colon + 1 : strrchr(given, '/') ? strrchr(given, '/') + 1 : given;
	dest += strspn(dest, "/");
	if (!*dest || strstr(dest, "..") || dest[strlen(dest) - 1] == '/')
		return fail("--file %s: '%s' cannot be its name in a level; give it one, as in "
			    "%s:/NAME",
			    asked, dest, given);
	if (add_parents(e, dest))
		return -1;
	walk.entries = e;
	walk.suite = suite;
	walk.dest = dest;
	walk.prefix = strlen(path);
	err = nftw(path, add_found, 16, FTW_PHYS);
	memset(&walk, 0, sizeof(walk));
	return err ? -1 : 0;
}

/* ---- programs ---------------------------------------------------------------------------- */

static int add_script(struct entries *e, const char *name, const char *text)
{
	char path[sizeof(PAYLOAD_DIR) + CHECK_ID];

	format(path, sizeof(path), "%s/%s", &PAYLOAD_DIR[1], name);
	if (has_entry(e, path))
		return fail("--exec: two programs are called %s; give them names, as in --exec "
			    "NAME=CMD",
			    name);
	return add_parents(e, path) || add_entry(e, S_IFREG | 0755, path, text, strlen(text)) ? -1
											      : 0;
}

/* The length of NAME in "NAME=CMD"; 0 if there is no name. */
static size_t name_length(const char *asked)
{
	size_t n = strspn(asked, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return asked[n] == '=' ? n : 0;
}

static int add_command(struct entries *e, const char *asked)
{
	size_t n = name_length(asked);
	char name[CHECK_ID] = "exec", *text;

	if (n > 24)
		return fail("--exec %s: its name has more than 24 characters", asked);
	if (n) {
		format(name, sizeof(name), "%.*s", (int)n, asked);
		asked += n + 1;
	}
	if (!asked[strspn(asked, " \t\n")])
		return fail("--exec: the command of %s is empty, and would always pass", name);
	if (asprintf(&text, "#!/bin/sh\n%s\n", asked) < 0)
		return fail("out of memory");
	return add_script(e, name, text);
}

/* Adds a program with its arguments, unchanged. */
static int add_program(struct entries *e, char *const *program)
{
	char command[PROGRAM_BYTES] = "", *text;

	for (int i = 0; program[i]; i++)
		append_word(command, sizeof(command), program[i]);
	if (strlen(command) == sizeof(command) - 1)
		return fail("--: the command is longer than %d bytes", PROGRAM_BYTES - 2);
	if (asprintf(&text, "#!/bin/sh\nexec %s\n", command) < 0)
		return fail("out of memory");
	return add_script(e, "exec", text);
}

/* ---- suites and guests ------------------------------------------------------------------- */

#define SUITES "suites" /* their directory in a level */

static int add_one(struct entries *e, const char *path, const char *name)
{
	struct stat st;

	if (has_entry(e, name))
		return 0;
	if (stat(path, &st))
		return fail("%s: %m", path);
	return add_parents(e, name) || add_file(e, path, name, &st) ? -1 : 0;
}

/* Adds those of its files that exist: a test whose file is missing is skipped. */
static int add_configured(struct entries *e, const struct suite *s)
{
	char path[SUITE_PATH + SUITE_LINE], name[SUITE_NAME + SUITE_LINE + 10];
	struct suite_test t;
	size_t at = 0;
	int count = 0;

	while (suite_next(s, &at, &t)) {
		if (!suite_has_file(s, &t))
			continue;
		format(path, sizeof(path), "%s/%s", s->dir, t.file);
		format(name, sizeof(name), SUITES "/%s/%s", s->name, t.file);
		if (strlen(name) >= PATH_BYTES)
			return fail("%s: its name would be too long", path);
		if (add_one(e, path, name))
			return -1;
		count++;
	}
	if (!count)
		return fail("%s: none of the wanted tests is built: run ./configure && make there",
			    s->dir);
	return 0;
}

static int add_directory(struct entries *e, const struct suite *s)
{
	char tree[SUITE_PATH + SUITE_NAME + 20];

	format(tree, sizeof(tree), "%s:/" SUITES "/%s", s->dir, s->name);
	return add_tree(e, tree, s);
}

static int add_suite_script(struct entries *e, const struct suite *s)
{
	char dir[SUITE_NAME + 10], *text;
	int count;

	format(dir, sizeof(dir), "/" SUITES "/%s", s->name);
	count = suite_script(s, dir, &text);
	if (count < 0)
		return -1;
	if (!count)
		return fail("%s: none of the wanted tests is there", s->dir);
	return add_script(e, s->name, text);
}

static int add_suite(struct entries *e, const char *asked, const char *virt)
{
	struct suite s;
	int err = suite_open(&s, asked, virt) || suite_check_words(&s);

	if (!err)
		err = s.config ? add_configured(e, &s) : add_directory(e, &s);
	if (!err)
		err = add_suite_script(e, &s);
	suite_close(&s);
	return err ? -1 : 0;
}

/* Adds the user's kernel as a guest. */
static int add_guest(struct entries *e, const struct options *o)
{
	static const char kernel[] = SUITES "/guest/kernel", initrd[] = SUITES "/guest/initrd";
	char words[2100] = "", *text;

	append_word(words, sizeof(words), o->guest_append ? o->guest_append : "");
	if (strlen(words) > sizeof(words) - 8)
		return fail("--guest-append: longer than %zu bytes", sizeof(words) - 8);
	if (add_one(e, o->guest, kernel) ||
	    (o->guest_initrd && add_one(e, o->guest_initrd, initrd)))
		return -1;
	if (asprintf(&text, "#!/bin/sh\nexec " SUITE_GUEST " /%s -cpu host -append %s%s%s\n",
		     kernel, words, o->guest_initrd ? " -initrd /" : "",
		     o->guest_initrd ? initrd : "") < 0)
		return fail("out of memory");
	return add_script(e, "guest", text);
}

static int add_suites(struct entries *e, const struct options *o, const char *virt)
{
	for (int i = 0; i < o->suites.count; i++)
		if (add_suite(e, o->suites.item[i], virt))
			return -1;
	return o->guest ? add_guest(e, o) : 0;
}

/* ---- what deeper levels do without ------------------------------------------------------- */

/* A file in a directory of the appliance may replace one of the appliance's: deeper levels keep it. */
static bool may_be_ours(const char *name)
{
	static const char *const ours[] = { "bin/", "boot/", "etc/", "lib/", "share/" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (!strncmp(name, ours[i], strlen(ours[i])))
			return true;
	return !strcmp(name, "init");
}

/* Adds the list of the files, with the last level that needs them. */
static int add_until(struct entries *e, int last)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int count = 0;

	if (!f)
		return fail("out of memory");
	fprintf(f, "%d\n%s\n", last, &UNTIL_PATH[1]);
	for (int i = 0; i < e->count; i++) {
		const struct archive_entry *entry = &e->entry[i];

		if (S_ISDIR(entry->mode) || may_be_ours(entry->name) || strchr(entry->name, '\n'))
			continue;
		fprintf(f, "%s\n", entry->name);
		count++;
	}
	if (fclose(f))
		return fail("out of memory");
	if (!count)
		return 0;
	return add_parents(e, &UNTIL_PATH[1]) ||
			       add_entry(e, S_IFREG | 0644, &UNTIL_PATH[1], text, size)
		       ? -1
		       : 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

bool pack_is_asked(const struct options *o)
{
	return pack_has_programs(o) || o->packed.count || o->guest_append || o->guest_initrd;
}

bool pack_has_programs(const struct options *o)
{
	return o->programs.count || o->program || o->suites.count || o->guest;
}

static int add_all(struct entries *e, struct pack *p, const struct options *o)
{
	for (int i = 0; i < o->packed.count; i++)
		if (add_tree(e, o->packed.item[i], NULL))
			return -1;
	if (add_suites(e, o, p->virt))
		return -1;
	p->files = e->count;
	if (p->last != LEVEL_NONE && add_until(e, p->last))
		return -1;
	for (int i = 0; i < o->programs.count; i++)
		if (add_command(e, o->programs.item[i]))
			return -1;
	p->programs = o->programs.count + !!o->program + o->suites.count + !!o->guest;
	p->kib = (e->bytes + 1023) / 1024;
	return o->program ? add_program(e, o->program) : 0;
}

int pack_make(struct pack *p, const struct options *o, const char *initramfs, char *path,
	      size_t size)
{
	struct entries *e = calloc(1, sizeof(*e));
	int err;

	*p = (struct pack){ .last = p->last, .virt = p->virt };
	if (!e)
		return fail("out of memory");
	err = add_all(e, p, o) || archive_extend(initramfs, e->entry, e->count, path, size);
	free(e);
	return err ? -1 : 0;
}
