// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* strsep */
#include "host/expect.h"
#include "host/suite.h"
#include "lib/output.h"
#include "report/suites.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"

#define FILE_MAX (1 << 20)
#define BLANKS " \t\r"
#define ITSELF "-"
#define SHIPPED "the table that comes with supernest"

/* Names the outermost level's CPU, as in "tcg-svm" and "none-vmx". */
static void name_cpu(const struct report *r, char *buf, size_t size)
{
	const struct level *lv = &r->levels[r->outermost];

	format(buf, size, "%s-%s", lv->hypervisor, lv->cpu_virt);
	for (; *buf; buf++)
		*buf = tolower((unsigned char)*buf);
}

/* ---- the table --------------------------------------------------------------------------- */

static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, BLANKS), *end = word + strcspn(word, BLANKS);

	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* "SUITE TEST LEVELS CPU REASON" */
static int read_line(struct expectations *e, char *line, const char *path, int number)
{
	struct expectation *x, *more;
	const char *levels, *cpu, *suite, *test;

	line += strspn(line, BLANKS);
	if (!*line || *line == '#')
		return 0;
	suite = next_word(&line);
	test = next_word(&line);
	levels = next_word(&line);
	cpu = next_word(&line);
	line += strspn(line, BLANKS);
	if (!*line)
		return fail("%s:%d: a line is SUITE TEST LEVELS CPU REASON", path, number);
	more = realloc(e->known, (e->count + 1) * sizeof(*more));
	if (!more)
		return fail("out of memory");
	e->known = more;
	x = &more[e->count++];
	*x = (struct expectation){ 0 };
	if (levels_parse(levels, strlen(levels), &x->levels))
		return fail("%s:%d: '%s' is not a list of levels, such as 1,2 or all", path, number,
			    levels);
	if (!id_is_clean(suite) || (strcmp(test, ITSELF) && !id_is_clean(test)))
		return fail(
			"%s:%d: '%s %s' is not a test: use [a-z0-9_], or - for the program itself",
			path, number, suite, test);
	format(x->suite, sizeof(x->suite), "%s", suite);
	format(x->test, sizeof(x->test), "%s", test);
	format(x->cpu, sizeof(x->cpu), "%s", cpu);
	format(x->reason, sizeof(x->reason), "%.*s", (int)strcspn(line, "\r"), line);
	return 0;
}

/* Changes TEXT.  NAME is for messages. */
static int read_table(struct expectations *e, char *text, const char *name)
{
	char *line;
	int err = 0;

	*e = (struct expectations){ 0 };
	for (int number = 1; !err && (line = strsep(&text, "\n")); number++)
		err = read_line(e, line, name, number);
	return err;
}

int expect_read(struct expectations *e, const char *path)
{
	char *text = malloc(FILE_MAX);
	int err;

	*e = (struct expectations){ 0 };
	errno = 0;
	if (!text || (read_input(path, text, FILE_MAX) && errno)) {
		free(text);
		return fail("%s: %m", path);
	}
	err = read_table(e, text, path);
	free(text);
	return err;
}

int expect_read_shipped(struct expectations *e)
{
	char *text = strdup(known_failures);
	int err = text ? read_table(e, text, "kvm-selftests.known") : fail("out of memory");

	free(text);
	return err;
}

int expect_begin(struct expectations *e, const struct options *asked, const struct lines *lines)
{
	bool shipped = false;

	if (asked->expect)
		return expect_read(e, asked->expect);
	for (int i = 0; i < asked->suites.count; i++)
		shipped |= suite_is_shipped(asked->suites.item[i]);
	if (!shipped)
		return 0;
	lines_say(lines,
		  "known failures of kvm-selftests: " SHIPPED "; --expect FILE takes another");
	return expect_read_shipped(e);
}

void expect_free(struct expectations *e)
{
	free(e->known);
	*e = (struct expectations){ 0 };
}

/*
 * Whether the outermost CPU is the one asked for, in the form of QEMU's -cpu: "tcg-svm,npt,-nrip_save" is
 * that CPU with the feature npt and without nrip_save.
 */
static bool is_cpu(const char *asked, const struct report *r)
{
	const char *features = r->levels[r->outermost].cpu_features, *p = asked;
	size_t len = strcspn(asked, ",");
	char cpu[40], feature[40];

	name_cpu(r, cpu, sizeof(cpu));
	if ((len != 3 || strncmp(asked, "any", 3)) &&
	    (len != strlen(cpu) || strncmp(asked, cpu, len)))
		return false;
	for (p += len; *p; p += len) {
		bool is_there = *++p != '-';

		p += !is_there;
		len = strcspn(p, ",");
		format(feature, sizeof(feature), "%.*s", (int)len, p);
		if (has_word(features, feature) != is_there)
			return false;
	}
	return true;
}

static const struct expectation *find(const struct expectations *e, const struct report *r,
				      int level, const char *suite, const char *test)
{
	for (int i = 0; i < e->count; i++) {
		const struct expectation *x = &e->known[i];

		if (!strcmp(x->suite, suite) && !strcmp(x->test, test) &&
		    levels_have(&x->levels, level) && is_cpu(x->cpu, r))
			return x;
	}
	return NULL;
}

/* ---- a report ---------------------------------------------------------------------------- */

/* A known failure becomes a skip.  Returns whether a test passed whose failure is known. */
static bool apply(const struct expectation *x, enum result *result, char *detail, size_t size)
{
	if (x && *result == RESULT_FAIL) {
		*result = RESULT_SKIP;
		format(detail, size, KNOWN_FAILURE "%s", x->reason);
	}
	return x && *result == RESULT_PASS;
}

void expect_apply(const struct expectations *e, struct report *r,
		  void (*unexpected)(void *context, int level, const char *check, const char *test),
		  void *context)
{
	const struct expectation *x;

	for (int i = 0; i < r->subtest_count; i++) {
		struct subtest *t = &r->subtests[i];

		x = find(e, r, t->level, t->check, t->id);
		if (apply(x, &t->result, t->detail, sizeof(t->detail)))
			unexpected(context, t->level, t->check, t->id);
	}
	for (int level = r->outermost; level <= r->deepest; level++)
		for (int i = 0; i < r->levels[level].check_count; i++) {
			struct check *k = &r->levels[level].checks[i];

			x = find(e, r, level, k->id, ITSELF);
			if (apply(x, &k->result, k->detail, sizeof(k->detail)))
				unexpected(context, level, k->id, ITSELF);
		}
}

static bool is_known(enum result result, const char *detail)
{
	return result == RESULT_SKIP && !strncmp(detail, KNOWN_FAILURE, sizeof(KNOWN_FAILURE) - 1);
}

static void write_failure(const struct report *r, int level, const char *suite, const char *test,
			  enum result result, const char *detail, FILE *out)
{
	bool known = is_known(result, detail);
	char cpu[40];

	if (result != RESULT_FAIL && !known)
		return;
	name_cpu(r, cpu, sizeof(cpu));
	if (known)
		detail += sizeof(KNOWN_FAILURE) - 1;
	fprintf(out, "%s %s %d %s %s\n", suite, test, level, cpu, *detail ? detail : "it fails");
}

int expect_learn(const struct report *r, const char *path)
{
	FILE *out = output_open(path);

	if (!out)
		return fail("%s: cannot write the known failures: %m", path);
	fputs("# Known failures, for supernest run --expect: SUITE TEST LEVELS CPU REASON\n", out);
	for (int i = 0; i < r->subtest_count; i++) {
		const struct subtest *t = &r->subtests[i];

		write_failure(r, t->level, t->check, t->id, t->result, t->detail, out);
	}
	for (int p = 0; p < r->program_count; p++) {
		const struct level *lv = &r->levels[r->programs[p].level];

		for (int i = 0; i < lv->check_count; i++) {
			const struct check *k = &lv->checks[i];

			if (!strcmp(k->id, r->programs[p].check))
				write_failure(r, lv->level, k->id, ITSELF, k->result, k->detail,
					      out);
		}
	}
	return output_close(out) ? fail("%s: cannot write the known failures: %m", path) : 0;
}

/* What expect_end() was called with, for say_unexpected(). */
struct unexpected {
	const struct options *asked;
	const struct lines *lines;
};

static void say_unexpected(void *context, int level, const char *check, const char *test)
{
	const struct unexpected *u = context;

	lines_say(u->lines, "L%d %s %s passed, which %s expects to fail", level, check, test,
		  u->asked->expect ? u->asked->expect : SHIPPED);
}

int expect_end(const struct expectations *e, struct report *r, const struct options *asked,
	       const struct lines *lines)
{
	if (r->deepest < r->outermost)
		return 0;
	expect_apply(e, r, say_unexpected, &(struct unexpected){ asked, lines });
	return asked->learn ? expect_learn(r, asked->learn) : 0;
}
