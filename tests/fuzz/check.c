// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memfd_create */
#include "check.h"
#include "report/formats.h"
#include "report/json.h"
#include "lib/options.h"

#include <cJSON.h>
#include <regex.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void check_harmless(const char *text)
{
	for (const char *p = text; *p; p++)
		must(*p >= ' ' && *p <= '~');
	must(!strstr(text, "<LAVA_"));
	must(!strstr(text, "TAP version "));
	must(!strstr(text, "# supernest: "));
}

static bool matches(const char *line, const char *pattern, regex_t *re)
{
	if (!re->re_nsub && regcomp(re, pattern, REG_EXTENDED))
		abort();
	return !regexec(re, line, 0, NULL, 0);
}

static void check_line(const char *line)
{
	static regex_t lava, ktap, ours;

	if (strstr(line, "<LAVA_"))
		must(matches(
			line,
			"^<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=([a-z0-9_]+) RESULT=(pass|fail|skip) "
			"UNITS=([a-zA-Z_/]+) MEASUREMENT=[0-9]+(\\.[0-9]+)?>$",
			&lava));
	if (strstr(line, "TAP version "))
		must(matches(line, "^( *)KTAP version 1$", &ktap));
	if (strstr(line, "# supernest: "))
		must(matches(line, "^(# supernest: )", &ours) &&
		     !strstr(line + 1, "# supernest: "));
}

void check_lines(const char *text)
{
	char line[4096];

	while (*text) {
		size_t len = strcspn(text, "\n");

		must(len < sizeof(line) && text[len] == '\n');
		memcpy(line, text, len);
		line[len] = '\0';
		for (size_t i = 0; i < len; i++)
			must(line[i] >= ' ' && line[i] <= '~');
		check_line(line);
		text += len + 1;
	}
}

/* Counts as a KTAP parser does: each block has the results that its plan announces, in order. */
static void check_ktap(const char *text)
{
	int planned[MAX_LEVEL + 3] = { 0 }, seen[MAX_LEVEL + 3] = { 0 }, depth, n, end;

	for (; *text; text = strchr(text, '\n') + 1) {
		depth = strspn(text, " ") / 2;
		must(depth < MAX_LEVEL + 2);
		end = 0;
		if (sscanf(text, " 1..%d", &n) == 1) {
			must(!planned[depth]);
			planned[depth] = n;
		} else if (sscanf(text, " ok %d %*[a-z0-9_]%n", &n, &end) == 1 ||
			   sscanf(text, " not ok %d %*[a-z0-9_]%n", &n, &end) == 1) {
			must(n == ++seen[depth]);
			must(end && (text[end] == ' ' || text[end] == '\n'));
			must(planned[depth + 1] == seen[depth + 1]);
			planned[depth + 1] = seen[depth + 1] = 0;
		} else {
			text += strspn(text, " ");
			must(!strncmp(text, "KTAP version 1\n", 15) ||
			     (sscanf(text, "# Subtest: %*[a-z0-9_]%n", &end) == 0 && end &&
			      text[end] == '\n'));
		}
	}
	must(planned[0] == seen[0]);
}

static void check_json(const char *text)
{
	cJSON *root = cJSON_Parse(text);
	const cJSON *levels;

	must(root);
	levels = cJSON_GetObjectItemCaseSensitive(root, "levels");
	must(cJSON_IsArray(levels));
	must(cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(root, "outcome")));
	cJSON_Delete(root);
}

/* The name of the tag at P, "/name" if it ends one; moves P behind it. */
static void read_tag(const char **p, char *name, size_t size, bool *empty)
{
	size_t len;

	++*p;
	len = strcspn(*p, **p == '/' ? ">" : " />");

	must(len && len < size);
	memcpy(name, *p, len);
	name[len] = '\0';
	for (*p += len; **p && **p != '>'; (*p)++) {
		must(**p != '<' && **p != '"');
		*empty = **p == '/';
		if (**p == '\'') {
			*p = strchr(*p + 1, '\'');
			must(*p);
		}
	}
	must(**p == '>');
}

/* Every tag is closed in order, so no text of a level became a tag. */
static void check_markup(const char *text)
{
	static const char never_ended[] = " meta br !DOCTYPE ";
	char open[64][16], name[16], word[20];
	int depth = 0;
	bool empty;

	for (const char *p = text; *p; p++) {
		must(*p == '\n' || (unsigned char)*p >= ' '); /* signs of its own are UTF-8 */
		if (*p != '<')
			continue;
		empty = false;
		read_tag(&p, name, sizeof(name), &empty);
		must(strcmp(name, "script"));
		format(word, sizeof(word), " %s ", name);
		if (*name == '/') {
			must(depth && !strcmp(open[--depth], name + 1));
		} else if (!empty && !strstr(never_ended, word)) {
			must(depth < 64);
			strcpy(open[depth++], name);
		}
	}
	must(!depth);
}

static char *print(const struct report *r, int which)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	formats_print(r, which, f);
	fclose(f);
	must(strlen(text) == size);
	return text;
}

const char *file_of(enum which_file which, const void *data, size_t size)
{
	static char path[FILES][32];
	static int fd[FILES];

	if (!fd[which])
		fd[which] = memfd_create("input", 0);
	must(fd[which] > 0 && !ftruncate(fd[which], 0));
	must(pwrite(fd[which], data, size, 0) == (ssize_t)size);
	format(path[which], sizeof(path[which]), "/proc/self/fd/%d", fd[which]);
	return path[which];
}

void check_report(const struct report *r)
{
	static const int all[] = { REPORT_TABLE, REPORT_KTAP, REPORT_LAVA, REPORT_JSON,
				   REPORT_CSV };
	static struct report again;
	char *text[ARRAY_SIZE(all)], *other;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		text[i] = print(r, all[i]);
		/* cJSON indents with tabs */
		for (char *p = text[i]; all[i] == REPORT_JSON && (p = strchr(p, '\t'));)
			*p = ' ';
		check_lines(text[i]);
	}
	check_ktap(text[1]);
	for (int which = REPORT_HTML; which <= REPORT_SVG; which <<= 1) {
		other = print(r, which);
		check_markup(other);
		free(other);
	}
	check_json(text[3]);
	must(!json_read_report(&again, file_of(WRITTEN, text[3], strlen(text[3]))));
	for (size_t i = 1; i < 4; i++) {
		other = print(&again, all[i]);
		for (char *p = other; all[i] == REPORT_JSON && (p = strchr(p, '\t'));)
			*p = ' ';
		must(!strcmp(text[i], other));
		free(other);
	}
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		free(text[i]);
}
