/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of levels, as in "1,3" or "all", and settings for some levels only. */
#pragma once

#include "lib/base.h"

#define SETTINGS_MAX 16
#define SETTING_SIZE 100

struct levels {
	uint64_t bits[(MAX_LEVEL + 1) / 64];
};

/* Settings for some levels only.  Each item is "LEVELS:WHAT", as the user gave it. */
struct settings {
	int count;
	char item[SETTINGS_MAX][SETTING_SIZE];
};

/* Parses LEN characters: "1", "1,3", "L1,L3" or "all".  -1 if they are none of these. */
int levels_parse(const char *text, size_t len, struct levels *levels);
void levels_add(struct levels *s, int level);
bool levels_have(const struct levels *s, int level);
bool levels_choose(const struct levels *s, int level); /* an empty set means all */
/* The first and the last level of a set; -1 if it is empty. */
int levels_first(const struct levels *s);
int levels_last(const struct levels *s);

/* The WHAT of item I; sets its levels. */
const char *setting_get(const struct settings *s, int i, struct levels *levels);
/* The WHAT of the last item for this level; NULL if there is none. */
const char *setting_of(const struct settings *s, int level);
