// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/suite.h"
#include "host/files.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KVM_UNIT_TESTS "kvm-unit-tests"
#define KVM_SELFTESTS "kvm-selftests"
#define CONFIG_MAX (1 << 20)
#define LINE_MAX_CONFIG 1024

/* ---- which ------------------------------------------------------------------------------- */

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

/* Its flat files are beside its configuration, in x86/ of the tree. */
static int find_kvm_unit_tests(struct suite *s)
{
	const char *tree = getenv("KVM_UNIT_TESTS");
	char config[SUITE_PATH + 20];

	if (!tree || !*tree)
		return fail("--suite " KVM_UNIT_TESTS ": KVM_UNIT_TESTS names no tree of them: git "
			    "clone it, ./configure && make");
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
	if (colon)
		format(s->words, sizeof(s->words), "%s", colon + 1);
	for (char *p = s->words; *p; p++)
		if (*p == ',')
			*p = ' ';
		else if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
			return fail("--suite %s: '%s' is no list of tests or groups", asked,
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

void suite_close(struct suite *s)
{
	free(s->config);
	s->config = NULL;
}

/* ---- its files --------------------------------------------------------------------------- */

/* As wanted() in scripts/suite-run has it. */
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
	if (!s->foreign || strchr(name, '/')) /* libraries */
		return true;
	return strncmp(name, s->foreign, strlen(s->foreign)) && is_wanted(s, name, "");
}

static size_t take_line(const char *text, size_t at, char *line, size_t size)
{
	size_t len = strcspn(text + at, "\n");

	format(line, size, "%.*s", (int)len, text + at);
	return at + len + (text[at + len] == '\n');
}

/* The value of "KEY = VALUE", or NULL if the line is of another key. */
static const char *value_of(const char *line, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len))
		return NULL;
	line += len + strspn(line + len, " \t");
	return *line == '=' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

/* One section from its name on, up to the next; where that begins. */
static size_t take_section(const char *text, size_t at, char *test, char *file, char *groups)
{
	char line[LINE_MAX_CONFIG];
	const char *value;
	size_t next = take_line(text, at, line, sizeof(line));

	format(test, LINE_MAX_CONFIG, "%.*s", (int)strcspn(line + 1, "]"), line + 1);
	*file = *groups = '\0';
	while (text[next] && text[next] != '[') {
		next = take_line(text, next, line, sizeof(line));
		if ((value = value_of(line, "file")))
			format(file, LINE_MAX_CONFIG, "%s", value);
		else if ((value = value_of(line, "groups")))
			format(groups, LINE_MAX_CONFIG, "%s", value);
	}
	return next;
}

const char *suite_next_file(const struct suite *s, size_t *at, char *file, size_t size)
{
	char test[LINE_MAX_CONFIG], name[LINE_MAX_CONFIG], groups[LINE_MAX_CONFIG];

	while (s->config[*at]) {
		if (s->config[*at] != '[') {
			*at = take_line(s->config, *at, test, sizeof(test));
			continue;
		}
		*at = take_section(s->config, *at, test, name, groups);
		if (!*name || strstr(name, "..") || !is_wanted(s, test, groups))
			continue;
		format(file, size, "%s", name);
		return file;
	}
	return NULL;
}
