/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as a level would send them. */
#pragma once

#include "test.h"
#include "lib/base.h"
#include "report/record.h"

#include <string.h>

/* Fills REC; FIELDS are "key=value" words with commas between them. */
static inline void speak(struct record *rec, int from, int about, const char *kind,
			 const char *fields)
{
	char words[300], *save, *word, *value;

	record_init(rec, kind, from, about);
	format(words, sizeof(words), "%s", fields);
	for (word = strtok_r(words, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		value = strchr(word, '=');
		*value++ = '\0';
		assert_int_equal(record_add(rec, word, value), 0);
	}
}
