// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/cases.h"
#include "lib/options.h"

#include <string.h>

#include "unusual.h"

const char *const judgement_names[] = { "left out", "as expected", "better", "worse", "broken" };

const char *cases_shipped(const char *name)
{
	return strcmp(name, "unusual") ? NULL : unusual_matrix;
}

/* Parses "all", "L1" or "L1:no-virt". */
static int read_expected(struct matrix_case *c, char *text)
{
	char *stop = strchr(text, ':');

	c->level = CASE_ALL;
	c->stop = STOP_NONE;
	if (!strcmp(text, "all"))
		return 0;
	if (stop) {
		*stop++ = '\0';
		c->stop = stop_by_name(stop);
		if (c->stop == STOP_NONE)
			return -1;
	}
	return *text == 'L' ? parse_int(text + 1, 0, MAX_LEVEL, &c->level) : -1;
}

int case_read(struct matrix_case *c, char *const word[], int count, const char *where)
{
	static const char *const machines[] = { "svm", "vmx", "kvm", "tcg", "recursive", NULL };
	int next = 2, machine;

	*c = (struct matrix_case){ .name = word[0] };
	if (count < 2)
		return fail("%s: a case is NAME EXPECTED [MACHINE] --OPTION...", where);
	if (read_expected(c, word[1]))
		return fail("%s: %s is not an expected outcome, such as all, L1 or L1:no-virt",
			    where, word[1]);
	if (count > next && *word[next] != '-') {
		if (parse_choice(word[next], machines, &machine))
			return fail("%s: %s is not a machine: use svm, vmx, kvm, tcg or recursive",
				    where, word[next]);
		c->only = machines[machine];
		next++;
	}
	if (count - next > CASE_ARGS)
		return fail("%s: more than %d words of options", where, CASE_ARGS);
	while (next < count)
		c->arg[c->argc++] = word[next++];
	return 0;
}

static int wanted_level(const struct matrix_case *c, int requested)
{
	return c->level == CASE_ALL || c->level > requested ? requested : c->level;
}

void case_expected(const struct matrix_case *c, int requested, char *buf, size_t size)
{
	bool ends_early = c->stop != STOP_NONE && wanted_level(c, requested) < requested;

	format(buf, size, "L%d%s%s", wanted_level(c, requested), ends_early ? ":" : "",
	       ends_early ? stop_names[c->stop] : "");
}

/* An end that is never right, even if less depth was expected. */
static bool is_broken(const struct matrix_case *c, const struct outcome *o)
{
	if (o->status != STATUS_OK && o->status != STATUS_NOT)
		return true;
	return !o->sound || o->stop == STOP_NONE || (o->stop > STOP_NO_KVM && o->stop != c->stop);
}

enum judgement case_judge(const struct matrix_case *c, const struct outcome *o)
{
	int wanted = wanted_level(c, o->requested);

	if (o->status == STATUS_SKIPPED)
		return CASE_SKIPPED;
	if (is_broken(c, o))
		return CASE_BROKEN;
	if (o->reached != wanted)
		return o->reached < wanted ? CASE_WORSE : CASE_BETTER;
	if (wanted < o->requested && c->stop != STOP_NONE && o->stop != c->stop)
		return CASE_WORSE;
	return CASE_EXPECTED;
}
