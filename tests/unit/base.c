// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

/* A shell parses the words back unchanged. */
static void test_append_word(void **state)
{
	static const char *const words[] = {
		"printf",	 "%s\\n", "",		"a b", "don't",	    "'",
		"$HOME `id` \\", "*",	  "\"x\";exit", "#",   "--depth=3", "~"
	};
	char line[500] = "", said[500], expected[500] = "";
	FILE *shell;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		append_word(line, sizeof(line), words[i]);
		if (i >= 2)
			format(expected + strlen(expected), sizeof(expected) - strlen(expected),
			       "%s\n", words[i]);
	}
	assert_non_null(strstr(line, " --depth=3 ")); /* no needless quotes */
	shell = popen(line, "r");
	assert_non_null(shell);
	said[fread(said, 1, sizeof(said) - 1, shell)] = '\0';
	assert_int_equal(pclose(shell), 0);
	assert_string_equal(said, expected);
}

static void test_append_word_is_cut(void **state)
{
	char line[] = "12345678", *end = line + sizeof(line);

	for (size_t size = 2; size < sizeof(line); size++) {
		line[0] = '\0';
		memset(line + size, 'x', end - line - size);
		append_word(line, size, "a 'b' c");
		append_word(line, size, "d");
		assert_true(strlen(line) < size);
		for (char *p = line + size; p < end; p++)
			assert_int_equal(*p, 'x');
	}
}

RUN(T(test_append_word), T(test_append_word_is_cut))
