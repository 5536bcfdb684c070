// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/suite.h"
#include "host/files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KVM_UNIT_TESTS "kvm-unit-tests"
#define KVM_SELFTESTS "kvm-selftests"
#define CONFIG_MAX (1 << 20)
#define TIMEOUT_S 90 /* default timeout of a test, as in run_tests.sh of kvm-unit-tests */

/* ---- which suite ------------------------------------------------------------------------- */

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static void name_after(struct suite *s, const char *path)
{
	const char *end = path + strlen(path), *name;
	size_t n = 0;

	while (end > path + 1 && end[-1] == '/')
		end--;
	for (name = end; name > path && name[-1] != '/'; name--)
		;
	for (; name < end && n < sizeof(s->name) - 1; name++)
		s->name[n++] = isalnum((unsigned char)*name) ? tolower((unsigned char)*name) : '_';
	s->name[n] = '\0';
}

/* Its test files are beside its configuration, in x86/ of the tree. */
static int find_kvm_unit_tests(struct suite *s)
{
	const char *tree = getenv("KVM_UNIT_TESTS");
	char config[SUITE_PATH + 20];

	if (!tree || !*tree)
		return fail("--suite " KVM_UNIT_TESTS
			    ": the variable KVM_UNIT_TESTS must name a built tree of them "
			    "(git clone, ./configure && make)");
	format(s->dir, sizeof(s->dir), "%s/x86", tree);
	format(config, sizeof(config), "%s/" SUITE_CONFIG, s->dir);
	return access(config, R_OK) ? fail("KVM_UNIT_TESTS=%s: %s: %m", tree, config) : 0;
}

static int find_selftests(struct suite *s, const char *virt)
{
	char *dir = files_selftests();

	if (!dir)
		return fail("--suite " KVM_SELFTESTS
			    ": they are not beside this command: make " KVM_SELFTESTS);
	format(s->dir, sizeof(s->dir), "%s", dir);
	free(dir);
	s->foreign = strcmp(virt, "vmx") ? "vmx_" : "svm_";
	return 0;
}

static int read_config(struct suite *s)
{
	char path[SUITE_PATH + 20];

	format(path, sizeof(path), "%s/" SUITE_CONFIG, s->dir);
	if (access(path, F_OK))
		return 0;
	s->config = malloc(CONFIG_MAX);
	if (!s->config || read_text(path, s->config, CONFIG_MAX))
		return fail("%s: %m", path);
	return 0;
}

int suite_open(struct suite *s, const char *asked, const char *virt)
{
	const char *colon = strrchr(asked, ':');
	char name[SUITE_PATH];

	*s = (struct suite){ 0 };
	format(name, sizeof(name), "%.*s", colon ? (int)(colon - asked) : (int)strlen(asked),
	       asked);
	if (colon && strlen(colon + 1) >= sizeof(s->words))
		return fail("--suite %.60s...: a list of more than %d bytes", asked,
			    SUITE_WORDS - 1);
	if (colon)
		format(s->words, sizeof(s->words), "%s", colon + 1);
	for (char *p = s->words; *p; p++)
		if (*p == ',')
			*p = ' ';
		else if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
			return fail("--suite %s: '%s' is not a list of tests or groups", asked,
				    colon + 1);
	name_after(s, name);
	if (!strcmp(name, KVM_UNIT_TESTS)) {
		if (find_kvm_unit_tests(s))
			return -1;
	} else if (!strcmp(name, KVM_SELFTESTS)) {
		if (find_selftests(s, virt))
			return -1;
	} else if (is_directory(name)) {
		format(s->dir, sizeof(s->dir), "%s", name);
	} else {
		return fail("--suite %s: neither " KVM_UNIT_TESTS " nor " KVM_SELFTESTS
			    " nor a directory",
			    asked);
	}
	return read_config(s);
}

bool suite_is_shipped(const char *asked)
{
	size_t len = strlen(KVM_SELFTESTS);

	return !strncmp(asked, KVM_SELFTESTS, len) && (!asked[len] || asked[len] == ':');
}

void suite_close(struct suite *s)
{
	free(s->config);
	s->config = NULL;
}

/* ---- its tests --------------------------------------------------------------------------- */

static bool is_wanted(const struct suite *s, const char *test, const char *groups)
{
	char words[sizeof(s->words)], *save, *word;

	if (!*s->words)
		return !has_word(groups, "nodefault");
	strcpy(words, s->words);
	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!strcmp(word, test) || has_word(groups, word))
			return true;
	return false;
}

bool suite_needs(const struct suite *s, const char *name)
{
	if (!s->foreign || strchr(name, '/')) /* in subfolders: libraries */
		return true;
	return strncmp(name, s->foreign, strlen(s->foreign)) && is_wanted(s, name, "");
}

static size_t take_line(const char *text, size_t at, char *line, size_t size)
{
	size_t len = strcspn(text + at, "\n");

	format(line, size, "%.*s", (int)len, text + at);
	return at + len + (text[at + len] == '\n');
}

/* The value of "KEY = VALUE"; NULL if the line has another key. */
static const char *value_of(const char *line, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len))
		return NULL;
	line += len + strspn(line + len, " \t");
	return *line == '=' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

static void take_value(const char *line, struct suite_test *t)
{
	static const struct {
		const char *key;
		size_t at;
	} keys[] = {
		{ "file", offsetof(struct suite_test, file) },
		{ "groups", offsetof(struct suite_test, groups) },
		{ "arch", offsetof(struct suite_test, arch) },
		{ "accel", offsetof(struct suite_test, accel) },
		{ "machine", offsetof(struct suite_test, machine) },
		{ "check", offsetof(struct suite_test, check) },
		{ "smp", offsetof(struct suite_test, smp) },
		{ "timeout", offsetof(struct suite_test, timeout) },
		{ "test_args", offsetof(struct suite_test, args) },
		{ "qemu_params", offsetof(struct suite_test, params) },
		{ "extra_params", offsetof(struct suite_test, params) },
	};
	const char *value;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if ((value = value_of(line, keys[i].key)))
			format((char *)t + keys[i].at, SUITE_LINE, "%s", value);
}

/* Takes the section that begins with its name at AT.  Returns where the next one begins. */
static size_t take_section(const char *text, size_t at, struct suite_test *t)
{
	char line[SUITE_LINE];
	size_t next = take_line(text, at, line, sizeof(line));

	*t = (struct suite_test){ .smp = "1" };
	format(t->name, sizeof(t->name), "%.*s", (int)strcspn(line + 1, "]"), line + 1);
	while (text[next] && text[next] != '[') {
		next = take_line(text, next, line, sizeof(line));
		take_value(line, t);
	}
	return next;
}

bool suite_next(const struct suite *s, size_t *at, struct suite_test *t)
{
	char line[SUITE_LINE];

	while (s->config[*at]) {
		if (s->config[*at] != '[') {
			*at = take_line(s->config, *at, line, sizeof(line));
			continue;
		}
		*at = take_section(s->config, *at, t);
		if (is_wanted(s, t->name, t->groups))
			return true;
	}
	return false;
}

bool suite_has_file(const struct suite *s, const struct suite_test *t)
{
	char path[SUITE_PATH + SUITE_LINE];

	format(path, sizeof(path), "%s/%s", s->dir, t->file);
	return *t->file && !strstr(t->file, "..") && !access(path, R_OK);
}

/* ---- the script that runs it in a level -------------------------------------------------- */

static void put_word(FILE *f, const char *word)
{
	char quoted[4 * SUITE_LINE] = "";

	append_word(quoted, sizeof(quoted), word);
	fprintf(f, " %s", quoted);
}

static void put_file(FILE *f, const char *dir, const char *file)
{
	char path[SUITE_NAME + SUITE_LINE + 16];

	format(path, sizeof(path), "%s/%s", dir, file);
	put_word(f, path);
}

/* A number of seconds, with or without 's'; 0: no limit. */
static long timeout_s(const char *text)
{
	char *end;
	long s = strtol(text, &end, 10);

	return end == text || (*end && strcmp(end, "s")) || s < 0 ? TIMEOUT_S : s;
}

/* Sets WHY to the reason why no level can run it, or "". */
static void find_obstacle(const struct suite *s, const struct suite_test *t, char *why, size_t size)
{
	size_t accel = strcspn(t->accel, ",");

	*why = '\0';
	if (*t->arch && strcmp(t->arch, "x86_64"))
		format(why, size, "%s only", t->arch);
	else if (accel && (accel != 3 || strncmp(t->accel, "kvm", 3)))
		format(why, size, "%s only", t->accel);
	else if (*t->machine)
		format(why, size, "%s only", t->machine);
	else if (!suite_has_file(s, t))
		format(why, size, "%s is not there", t->file);
}

/* Values in the configuration are quoted for a shell; this script hands them to one. */
static void put_configured(FILE *f, const struct suite *s, const char *dir,
			   const struct suite_test *t, int number)
{
	char why[SUITE_LINE + 20];

	find_obstacle(s, t, why, sizeof(why));
	fprintf(f, SUITE_RUNNER " %d", number);
	put_word(f, t->name);
	if (*why) {
		fprintf(f, " skip");
		put_word(f, why);
		fputc('\n', f);
		return;
	}
	fprintf(f, " %ld %s guest", timeout_s(t->timeout), t->check);
	put_file(f, dir, t->file);
	fputs(" -smp", f);
	put_word(f, t->smp);
	fprintf(f, " %s %s%s\n", t->params, *t->args ? "-append " : "", t->args);
}

static int put_all_configured(FILE *f, const struct suite *s, const char *dir)
{
	struct suite_test t;
	size_t at = 0;
	int count = 0;

	while (suite_next(s, &at, &t))
		put_configured(f, s, dir, &t, ++count);
	return count;
}

/*
 * Writes the test of a file in a folder without a configuration.  False if it is not a test or was not
 * asked for.
 */
static bool put_file_test(FILE *f, const struct suite *s, const char *dir, const char *file,
			  int number)
{
	char path[SUITE_PATH + 300], name[300];
	const char *flat = strstr(file, ".flat");
	bool guest = flat && !flat[5];
	struct stat st;

	format(path, sizeof(path), "%s/%s", s->dir, file);
	format(name, sizeof(name), "%.*s", guest ? (int)(flat - file) : (int)strlen(file), file);
	if (stat(path, &st) || !S_ISREG(st.st_mode) || (!guest && access(path, X_OK)))
		return false;
	if (!suite_needs(s, file) || (!is_wanted(s, name, "") && !is_wanted(s, file, "")))
		return false;
	fprintf(f, SUITE_RUNNER " %d", number);
	put_word(f, name);
	fprintf(f, " %d %s", TIMEOUT_S, guest ? "guest" : "program");
	put_file(f, dir, file);
	fputc('\n', f);
	return true;
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int put_all_files(FILE *f, const struct suite *s, const char *dir)
{
	struct dirent **list;
	int found = scandir(s->dir, &list, is_shown, alphasort), count = 0;

	for (int i = 0; i < found; i++) {
		count += put_file_test(f, s, dir, list[i]->d_name, count + 1);
		free(list[i]);
	}
	if (found >= 0)
		free(list);
	return count;
}

int suite_script(const struct suite *s, const char *dir, char **text)
{
	size_t size = 0;
	FILE *f = open_memstream(text, &size);
	int count;

	if (!f)
		return fail("out of memory");
	fputs("#!/bin/sh\necho TAP version 13\n", f);
	count = s->config ? put_all_configured(f, s, dir) : put_all_files(f, s, dir);
	fprintf(f, "echo 1..%d\n", count);
	return fclose(f) ? fail("out of memory") : count;
}

int suite_check_words(const struct suite *s)
{
	char words[SUITE_WORDS], *save, *word, *text;
	struct suite one = *s;
	int count = 1;

	strcpy(words, s->words);
	for (word = strtok_r(words, " ", &save); word && count > 0;
	     word = strtok_r(NULL, " ", &save)) {
		strcpy(one.words, word);
		text = NULL;
		count = suite_script(&one, "", &text);
		free(text);
		if (!count)
			return fail("--suite %s: no test or group %s in %s", s->name, word, s->dir);
	}
	return count < 0 ? -1 : 0;
}
