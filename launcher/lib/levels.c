// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* strsep */
#include "lib/levels.h"

#include <string.h>

void levels_add(struct levels *s, int level)
{
	s->bits[level / 64] |= 1ULL << level % 64;
}

bool levels_have(const struct levels *s, int level)
{
	return s->bits[level / 64] >> level % 64 & 1;
}

bool levels_choose(const struct levels *s, int level)
{
	return levels_last(s) < 0 || levels_have(s, level);
}

int levels_first(const struct levels *s)
{
	for (int i = 0; i <= MAX_LEVEL; i++)
		if (levels_have(s, i))
			return i;
	return -1;
}

int levels_last(const struct levels *s)
{
	for (int i = MAX_LEVEL; i >= 0; i--)
		if (levels_have(s, i))
			return i;
	return -1;
}

int levels_parse(const char *text, size_t len, struct levels *levels)
{
	char list[1024], *rest = list, *word;
	int level;

	*levels = (struct levels){ 0 };
	if (len >= sizeof(list))
		return -1;
	format(list, sizeof(list), "%.*s", (int)len, text);
	if (!strcmp(list, "all")) {
		memset(levels, 0xff, sizeof(*levels));
		return 0;
	}
	while ((word = strsep(&rest, ","))) {
		if (parse_int(word + (*word == 'L'), 0, MAX_LEVEL, &level))
			return -1;
		levels_add(levels, level);
	}
	return 0;
}

const char *setting_get(const struct settings *s, int i, struct levels *levels)
{
	const char *item = s->item[i], *colon = strchr(item, ':');

	levels_parse(item, colon - item, levels); /* it was checked when it was added */
	return colon + 1;
}

const char *setting_of(const struct settings *s, int level)
{
	struct levels levels;
	const char *what;

	for (int i = s->count - 1; i >= 0; i--) {
		what = setting_get(s, i, &levels);
		if (levels_have(&levels, level))
			return what;
	}
	return NULL;
}
