// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/series.h"
#include "lib/options.h"

#include <errno.h>
#include <string.h>

/* Cuts the next word off, in place; NULL at the end. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t\r"), *end;

	if (!*word || *word == '#')
		return NULL;
	if (*word == '"') {
		word++;
		end = word + strcspn(word, "\"");
	} else {
		end = word + strcspn(word, " \t\r");
	}
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* --set may be given more than once, and so be two axes: a number makes the key unique. */
static void name_axis(struct series *s, struct axis *axis)
{
	int before = 0;

	for (int i = 0; i < s->axis_count; i++)
		before += !strcmp(s->axes[i].flag, axis->flag);
	format(axis->key, sizeof(axis->key), "%s", axis->name);
	if (before)
		format(axis->key, sizeof(axis->key), "%.30s_%d", axis->name, before + 1);
}

static int read_case(struct series *s, char *line, const char *path, int number)
{
	char *word[CASE_ARGS + 4], where[300];
	int count = 0;

	format(where, sizeof(where), "%s:%d", path, number);
	while (count < (int)ARRAY_SIZE(word) && (word[count] = next_word(&line)))
		count++;
	if (s->case_count == CASES_MAX)
		return fail("%s: more than %d cases", where, CASES_MAX);
	return case_read(&s->cases[s->case_count++], word, count, where);
}

static int read_axis(struct series *s, char *word, char *line, const char *path, int number)
{
	struct axis *axis = &s->axes[s->axis_count];

	if (s->axis_count == AXES_MAX)
		return fail("%s:%d: more than %d options to vary", path, number, AXES_MAX);
	*axis = (struct axis){ .name = word };
	format(axis->flag, sizeof(axis->flag), "--%s", word);
	name_axis(s, axis);
	while ((word = next_word(&line))) {
		if (axis->count == AXIS_VALUES)
			return fail("%s:%d: more than %d values", path, number, AXIS_VALUES);
		axis->value[axis->count++] = word;
	}
	if (!axis->count)
		return fail("%s:%d: %s has no values", path, number, axis->name);
	if (s->combinations > 10000 / axis->count)
		return fail("%s: more than 10000 combinations", path);
	s->combinations *= axis->count;
	s->axis_count++;
	return 0;
}

static int read_text_of(struct series *s, const char *path)
{
	const char *shipped = cases_shipped(path);

	errno = 0;
	if (shipped)
		format(s->text, sizeof(s->text), "%s", shipped);
	else if (read_input(path, s->text, sizeof(s->text)))
		return fail("%s: %s", path, errno ? strerror(errno) : "it is empty");
	if (strlen(s->text) == sizeof(s->text) - 1)
		return fail("%s: longer than %zu bytes", path, sizeof(s->text) - 2);
	return 0;
}

static int read_line(struct series *s, char *line, const char *path, int number)
{
	char *word = next_word(&line);

	if (!word)
		return 0;
	if (!strcmp(word, "case"))
		return read_case(s, line, path, number);
	return read_axis(s, word, line, path, number);
}

/* The number of combinations of values, without cases. */
static int values_combined(const struct series *s)
{
	int n = 1;

	for (int i = 0; i < s->axis_count; i++)
		n *= s->axes[i].count;
	return n;
}

int series_read(struct series *s, const char *path)
{
	char *line, *rest = s->text;

	s->axis_count = s->case_count = 0;
	s->combinations = 1;
	if (!path)
		return 0;
	if (read_text_of(s, path))
		return -1;
	for (int number = 1; (line = strsep(&rest, "\n")); number++)
		if (read_line(s, line, path, number))
			return -1;
	if (!s->axis_count && !s->case_count)
		return fail("%s: it names no option to vary", path);
	if (s->case_count)
		s->combinations = s->case_count * values_combined(s);
	return 0;
}

static bool is_for(const struct matrix_case *c, const struct host *h)
{
	const char *virt = h->accel == ACCEL_KVM ? h->self.cpu_virt : "svm";

	if (!c->only)
		return true;
	if (!strcmp(c->only, "recursive"))
		return h->recursion_fits;
	return !strcmp(c->only, virt) || !strcmp(c->only, h->accel == ACCEL_KVM ? "kvm" : "tcg");
}

void series_choose(struct series *s, const struct host *h)
{
	int kept = 0;

	for (int i = 0; i < s->case_count; i++)
		if (is_for(&s->cases[i], h))
			s->cases[kept++] = s->cases[i];
	s->cases_left_out = s->case_count - kept;
	s->case_count = kept;
	s->combinations = kept * values_combined(s);
}

const struct matrix_case *series_case(const struct series *s, int combination)
{
	return s->case_count ? &s->cases[combination / values_combined(s)] : NULL;
}

/* The last axis varies fastest. */
const char *series_value(const struct series *s, int combination, int axis)
{
	for (int i = s->axis_count - 1; i > axis; i--)
		combination /= s->axes[i].count;
	return s->axes[axis].value[combination % s->axes[axis].count];
}

int series_options(const struct series *s, int combination, char *arg[])
{
	const struct matrix_case *c = series_case(s, combination);
	int n = 0;

	if (*s->depth) {
		arg[n++] = (char *)"--depth";
		arg[n++] = (char *)s->depth;
	}
	for (int i = 0; c && i < c->argc; i++)
		arg[n++] = c->arg[i];
	for (int i = 0; i < s->axis_count; i++) {
		arg[n++] = (char *)s->axes[i].flag;
		arg[n++] = (char *)series_value(s, combination, i);
	}
	return n;
}

void series_name(const struct series *s, int combination, char *buf, size_t size)
{
	const struct matrix_case *c = series_case(s, combination);

	format(buf, size, "%s", c ? c->name : "");
	for (int i = 0; i < s->axis_count; i++)
		append(buf, size, "%s%s=%s", *buf ? " " : "", s->axes[i].name,
		       series_value(s, combination, i));
}
