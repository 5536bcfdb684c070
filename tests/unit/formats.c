// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "report/formats.h"
#include "report/json.h"
#include "lib/options.h"

#include <cJSON.h>
#include <regex.h>

#define TEXT_MAX (1 << 18)

static struct report r, again;
static char text[TEXT_MAX], other[TEXT_MAX];

/* A report of LEVELS levels with something in every field. */
static void fill(int requested, int levels, enum stop stop, bool ready)
{
	report_init(&r, requested);
	for (int i = 0; i < levels; i++) {
		struct level *lv = report_level(&r, i);
		struct check k[] = { { "fpu", RESULT_PASS, 1000, "exits", "" },
				     { "timer", RESULT_FAIL, 0.012345678, "s",
				       "late # very \"late\"" },
				     { "cost", RESULT_SKIP, 0, "cycles", "no port I/O" } };

		r.outermost = 0;
		r.deepest = i;
		lv->seen = true;
		lv->ready = ready || i < levels - 1;
		for (int f = 0; f < level_field_count; f++) {
			bool number = level_fields[f].type == FIELD_COUNT ||
				      level_fields[f].type == FIELD_SECONDS;
			char value[32];

			format(value, sizeof(value), number ? "%d" : "%d\",x", 100 * i + f);
			assert_int_equal(level_set(lv, &level_fields[f], value), 0);
		}
		lv->kernel_s = 0.1 + i / 3.0;
		for (size_t c = 0; c < ARRAY_SIZE(k) && (i != 1 || c != 1); c++)
			level_add_check(lv, &k[c]);
	}
	r.stop = stop;
	r.stop_level = levels;
	r.outermost = 0;
	r.lost_records = 3000000000;
	r.setup = (struct setup){ .memory_kib = stop % 2 ? 524288 : UNKNOWN,
				  .smp = 1 + stop % 2,
				  .timeout_s = levels,
				  .deterministic = ready,
				  .enlightened = ready,
				  .strict = stop % 2,
				  .tsc_khz = ready ? UNKNOWN : 2596120,
				  .qemu = "10.0.13",
				  .accel = "tcg",
				  .kvm_why = "/dev/kvm: no \"right\"",
				  .starved_share = ready ? 0.625 : UNKNOWN };
	format(r.command, sizeof(r.command), "supernest run --append 'a \\ \"b\" <c>'");
	format(r.detail, sizeof(r.detail), "its kernel panicked: \"%s\" # 100%%",
	       "Fatal exception");
	for (int i = 0; i < 3; i++)
		format(r.console[r.console_count++], REPORT_LINE, "line %d \\ \"x\"", i);
	report_finish(&r);
}

static const char *print(const struct report *report, int which)
{
	FILE *f = fopen("out", "w+");
	size_t n;

	formats_print(report, which, f);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	assert_true(n < sizeof(text) - 1);
	text[n] = '\0';
	fclose(f);
	return text;
}

static int read_back(const char *json)
{
	write_file("in.json", json);
	return json_read_report(&again, "in.json");
}

/* The item of TREE at a path like levels.0.checks; its last key is left in KEY. */
static cJSON *find(cJSON *tree, const char *path, char key[40])
{
	int used;

	while (sscanf(path, "%39[^.]%n", key, &used) == 1 && path[used]) {
		tree = cJSON_IsArray(tree) ? cJSON_GetArrayItem(tree, atoi(key))
					   : cJSON_GetObjectItem(tree, key);
		assert_non_null(tree);
		path += used + 1;
	}
	return tree;
}

/* Reads the report with another VALUE at PATH, or with none (NULL). */
static int read_changed(const char *path, const char *value)
{
	cJSON *root = cJSON_Parse(print(&r, REPORT_JSON)), *parent;
	char key[40], *changed;
	int err;

	parent = find(root, path, key);
	if (!value)
		cJSON_DeleteItemFromObject(parent, key);
	else if (cJSON_IsArray(parent))
		cJSON_ReplaceItemInArray(parent, atoi(key), cJSON_CreateRaw(value));
	else if (cJSON_HasObjectItem(parent, key))
		cJSON_ReplaceItemInObject(parent, key, cJSON_CreateRaw(value));
	else
		cJSON_AddItemToObject(parent, key, cJSON_CreateRaw(value));
	changed = cJSON_Print(root);
	err = read_back(changed);
	free(changed);
	cJSON_Delete(root);
	return err;
}

static void test_json_round_trip(void **state)
{
	for (int stop = STOP_DEPTH; stop < STOP_COUNT; stop++)
		for (int levels = 0; levels < 4; levels++) {
			fill(stop % 2 ? DEPTH_OPEN : 2, levels, stop, stop % 3);
			for (int i = r.outermost; i <= r.deepest; i++)
				*report_program(&r, i, "exec") =
					(struct program_use){ i, "exec", 7, 1.25, UNKNOWN, 77 - i };
			assert_int_equal(json_write_report(&r, "r.json"), 0);
			assert_int_equal(json_read_report(&again, "r.json"), 0);
			for (int format = REPORT_TABLE; format <= REPORT_SVG; format <<= 1) {
				strcpy(other, print(&r, format));
				assert_string_equal(print(&again, format), other);
			}
			assert_string_equal(again.command, r.command);
		}
	assert_int_equal(json_write_report(&r, "/nowhere/r.json"), -1);
	assert_non_null(strstr(last_error(), "/nowhere/r.json"));
	assert_int_equal(json_write_report(&r, "/dev/full"), -1);
	assert_int_equal(json_read_report(&again, "/nowhere/r.json"), -1);
	/* The error says why it is not a report. */
	assert_int_equal(read_back("{\"schema\":\"supernest-bench/1\"}"), -1);
	assert_non_null(strstr(last_error(), "its schema is supernest-bench/1"));
	fill(3, 2, STOP_PANIC, true);
	assert_int_equal(read_changed("levels.1.memory.total_kib", "-5"), -1);
	assert_non_null(strstr(last_error(), "total_kib of L1 is malformed"));
}

/* ---- LAVA -------------------------------------------------------------------------------- */

/* A monitor's pattern as people write it for LAVA. */
#define PATTERN                                                                            \
	"<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=([a-z0-9_]+) RESULT=(pass|fail|skip|unknown) " \
	"UNITS=([^ >]+) MEASUREMENT=([0-9.]+)>"

static void compile(regex_t *re, const char *pattern)
{
	assert_int_equal(regcomp(re, pattern, REG_EXTENDED), 0);
}

static void check_lava(const char *lines)
{
	regex_t re;

	compile(&re, "^" PATTERN "$");
	while (*lines) {
		char line[300];
		size_t len = strcspn(lines, "\n");

		format(line, sizeof(line), "%.*s", (int)len, lines);
		if (len >= sizeof(line) || regexec(&re, line, 0, NULL, 0))
			wrong("no LAVA line: %s", line);
		lines += len + 1;
	}
	regfree(&re);
}

/* What a LAVA monitor finds that searches after every READ bytes and drops what it has matched. */
static void monitor(const char *stream, size_t read, char *found)
{
	static char buffer[TEXT_MAX];
	size_t have = 0, len = strlen(stream);
	regmatch_t m[5];
	regex_t re;

	compile(&re, PATTERN);
	*found = '\0';
	for (size_t at = 0; at < len; at += read) {
		size_t n = len - at < read ? len - at : read;

		memcpy(buffer + have, stream + at, n);
		buffer[have += n] = '\0';
		while (!regexec(&re, buffer, 5, m, 0)) {
			for (int i = 1; i < 5; i++)
				found += sprintf(found, "%.*s ", (int)(m[i].rm_eo - m[i].rm_so),
						 buffer + m[i].rm_so);
			have -= m[0].rm_eo;
			memmove(buffer, buffer + m[0].rm_eo, have + 1);
		}
	}
	regfree(&re);
}

static void test_lava(void **state)
{
	static char whole[TEXT_MAX], pieces[TEXT_MAX];
	static const size_t reads[] = { 1, 2, 3, 5, 7, 11, 13, 17, 31, 64, 100, 127, 200, 2000 };

	fill(3, 3, STOP_PANIC, true);
	strcpy(other, print(&r, REPORT_LAVA));
	check_lava(other);
	assert_non_null(strstr(other, "TEST_CASE_ID=l0_ready RESULT=pass UNITS=s MEASUREMENT="));
	assert_non_null(strstr(other, "TEST_CASE_ID=l3_ready RESULT=fail UNITS=s MEASUREMENT=0>"));
	assert_non_null(
		strstr(other, "TEST_CASE_ID=l2_cost RESULT=skip UNITS=cycles MEASUREMENT=0>"));
	assert_non_null(
		strstr(other, "TEST_CASE_ID=l0_timer RESULT=fail UNITS=s MEASUREMENT=0.01"));
	assert_non_null(
		strstr(other, "TEST_CASE_ID=depth RESULT=fail UNITS=levels MEASUREMENT=2>"));
	monitor(other, sizeof(other), whole);
	assert_non_null(strstr(whole, "l3_ready fail s 0 "));
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		monitor(other, reads[i], pieces);
		assert_string_equal(pieces, whole);
	}
	fill(DEPTH_OPEN, 0, STOP_QEMU, true);
	check_lava(print(&r, REPORT_LAVA));
	assert_non_null(strstr(text, "TEST_CASE_ID=depth RESULT=fail"));
}

/* ---- KTAP -------------------------------------------------------------------------------- */

static const char *next_line(const char **p, char *line, size_t size)
{
	size_t len = strcspn(*p, "\n");

	if (!**p)
		return NULL;
	format(line, size, "%.*s", (int)len, *p);
	*p += len + !!(*p)[len];
	return line;
}

/*
 * Documentation/dev-tools/ktap.rst: version, plan, as many results as planned in sequence, nested
 * ones two blanks deeper with their result after them; a failure below makes it fail above.
 */
static bool check_ktap(const char **p, int depth, char name[40])
{
	char line[400], description[200], indent[40], nested_name[40];
	int plan, number, results = 0;
	bool all_ok = true, nested_ok = true, nested = false;

	memset(indent, ' ', sizeof(indent));
	indent[2 * depth] = '\0';
	assert_non_null(next_line(p, line, sizeof(line)));
	assert_memory_equal(line, indent, strlen(indent));
	assert_string_equal(line + strlen(indent), "KTAP version 1");
	assert_non_null(next_line(p, line, sizeof(line)));
	if (depth) { /* the block's name is also that of its result */
		assert_memory_equal(line, indent, strlen(indent));
		assert_int_equal(sscanf(line + strlen(indent), "# Subtest: %39s", name), 1);
		assert_non_null(next_line(p, line, sizeof(line)));
	}
	assert_int_equal(sscanf(line + strlen(indent), "1..%d", &plan), 1);
	while (results < plan) {
		const char *before = *p;
		bool ok;

		assert_non_null(next_line(p, line, sizeof(line)));
		assert_memory_equal(line, indent, strlen(indent));
		if (line[strlen(indent)] == ' ') {
			*p = before;
			nested = true;
			nested_ok = check_ktap(p, depth + 1, nested_name);
			continue;
		}
		ok = !strncmp(line + strlen(indent), "ok ", 3);
		assert_int_equal(sscanf(line + strlen(indent),
					ok ? "ok %d %199s" : "not ok %d %199s", &number,
					description),
				 2);
		assert_int_equal(number, ++results);
		assert_int_equal(strspn(description, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				 strlen(description));
		if (nested) {
			assert_int_equal(ok, nested_ok);
			assert_string_equal(description, nested_name);
		}
		nested = false;
		all_ok &= ok;
		if (strchr(line, '#')) /* one directive */
			assert_null(strchr(strchr(line, '#') + 1, '#'));
	}
	return all_ok;
}

static void test_ktap(void **state)
{
	for (int levels = 0; levels < 5; levels++)
		for (int ready = 0; ready < 2; ready++)
			for (int requested = -1; requested < 6; requested++) {
				const char *p;

				fill(requested, levels, STOP_PANIC, ready);
				p = print(&r, REPORT_KTAP);
				assert_false(check_ktap(&p, 0, NULL));
				assert_string_equal(p, "");
			}
	fill(2, 3, STOP_DEPTH, true);
	for (int i = 0; i < 3; i++)
		r.levels[i].checks[1].result = RESULT_PASS;
	r.stop_level = r.reached; /* a level that ends on purpose says so itself */
	report_finish(&r);
	const char *p = print(&r, REPORT_KTAP);

	assert_true(check_ktap(&p, 0, NULL));
	assert_non_null(strstr(text, "\n    ok 1 l1_ready # s="));
	assert_non_null(strstr(text, " l0_cost # SKIP "));
	assert_non_null(strstr(text, "late _ very")); /* no second # */
}

/* ---- table and CSV ----------------------------------------------------------------------- */

static void test_table(void **state)
{
	fill(3, 3, STOP_PANIC, true);
	print(&r, REPORT_TABLE);
	for (const char *want = "L0 \0L1 \0L2 \0FAIL: \0of L3\0panic at L3\0Fatal exception\0"
				"L3 console: line 2\0FAILED\0skipped\0";
	     *want; want += strlen(want) + 1)
		if (!strstr(text, want))
			wrong("no '%s' in the table", want);
}

/* RFC 4180: as many fields in each row, quotes doubled. */
static int csv_fields(const char **p)
{
	int count = 1;
	bool quoted = false;

	for (; **p && (quoted || **p != '\n'); ++*p) {
		quoted ^= **p == '"';
		count += **p == ',' && !quoted;
	}
	assert_false(quoted);
	assert_int_equal(*(*p)++, '\n');
	return count;
}

static void test_csv(void **state)
{
	const char *p;

	fill(3, 3, STOP_PANIC, true);
	p = print(&r, REPORT_CSV);
	assert_int_equal(strncmp(p, "level,ready,role,hypervisor,cpu_vendor,", 39), 0);
	for (int row = 0; row < 4; row++)
		assert_int_equal(csv_fields(&p), level_field_count + 2);
	assert_string_equal(p, "");
	assert_non_null(strstr(text, "\"103\"\",x\""));
}

/* ---- files from others ------------------------------------------------------------------- */

/* Two levels, a program and one test of it, and a failure with its evidence. */
static void fill_all(void)
{
	struct subtest t = { .level = 1, .check = "exec", .id = "a", .result = RESULT_SKIP };

	fill(3, 2, STOP_PANIC, true);
	*report_program(&r, 1, "exec") = (struct program_use){ 1, "exec", 7, 1.25, UNKNOWN, 77 };
	assert_int_equal(report_add_subtest(&r, &t), 0);
	evidence_add(&r.evidence, 0, "a line");
	report_finish(&r);
	assert_int_equal(read_changed("unknown", "1"), 0);
}

static void test_no_reports(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"{",
		"[]",
		"{}",
		"null",
		"\"supernest-report/1\"",
		"1",
		"{\"schema\":\"supernest-report/1\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!read_back(bad[i]))
			wrong("taken for a report: %s", bad[i]);
	memset(other, '[', sizeof(other) - 1);
	assert_int_equal(read_back(other), -1);
	fill(3, 2, STOP_PANIC, true);
	strcpy(other, print(&r, REPORT_JSON));
	for (size_t len = strlen(other) - 3; len > 20; len -= 1 + len / 60) {
		other[len] = '\0';
		assert_int_equal(read_back(other), -1);
	}
}

static const char *const altered[][2] = {
	{ "schema", "\"supernest-report/2\"" },
	{ "schema", "1" },
	{ "outcome", "{}" },
	{ "outcome", "[]" },
	{ "outcome.reached", "256" },
	{ "outcome.reached", "-1" },
	{ "outcome.reached", "1.5" },
	{ "outcome.reached", "1e999" },
	{ "outcome.requested", "299" },
	{ "outcome.requested", "\"all\"" },
	{ "outcome.requested", "null" },
	{ "outcome.stop", "\"none\"" },
	{ "outcome.stop", "7" },
	{ "outcome.stop_level", "1e9" },
	{ "outcome.detail", "1" },
	{ "outcome.ok", "\"yes\"" },
	{ "outcome.ok", NULL },
	{ "outcome.lost_records", "1.5" },
	{ "outcome.lost_records", "-1" },
	{ "outcome.console", "{}" },
	{ "outcome.console", "\"x\"" },
	{ "outcome.console.1", "1" },
	{ "outcome.evidence.kernel_log", "\"x\"" },
	{ "outcome.evidence.kernel_log.0", "1" },
	{ "setup", "[]" },
	{ "setup", "{}" },
	{ "setup.timeout_s", "-1" },
	{ "setup.memory_kib", "\"1G\"" },
	{ "setup.memory_kib", "0" },
	{ "setup.memory_kib", "1.5" },
	{ "setup.tsc_khz", "1e300" },
	{ "setup.nesting", "\"deep\"" },
	{ "setup.nesting", "1" },
	{ "setup.smp", "0" },
	{ "setup.smp", "\"2\"" },
	{ "setup.starved_share", "1.5" },
	{ "setup.starved_share", "\"0.5\"" },
	{ "setup.strict", "1" },
	{ "setup.counted_clock", "\"no\"" },
	{ "setup.accel", "\"xen\"" },
	{ "setup.accel", "null" },
	{ "setup.qemu", "10" },
	{ "levels", "{}" },
	{ "levels.0", "1" },
	{ "levels.0", "{}" },
	{ "levels.0.level", "\"0\"" },
	{ "levels.0.level", "256" },
	{ "levels.0.level", "-1" },
	{ "levels.0.level", "1e308" },
	{ "levels.0.level", "1" },
	{ "levels.1.level", "0" },
	{ "levels.1.level", "2" },
	{ "levels.0.ready", "1" },
	{ "levels.0.kernel", "{}" },
	{ "levels.0.kernel", "6.12" },
	{ "levels.0.kernel", "null" },
	{ "levels.0.cpu", "[]" },
	{ "levels.0.cpu.features", "\"npt\"" },
	{ "levels.0.cpu.features.0", "1" },
	{ "levels.0.kvm", "1" },
	{ "levels.0.memory.total_kib", "-5" },
	{ "levels.0.memory.total_kib", "1e300" },
	{ "levels.0.memory.total_kib", "\"x\"" },
	{ "levels.0.exits", "1" },
	{ "levels.0.checks", "{}" },
	{ "levels.0.checks", "\"none\"" },
	{ "levels.0.checks.0", "{}" },
	{ "levels.0.checks.0.result", "\"good\"" },
	{ "levels.0.checks.0.value", "\"1\"" },
	{ "levels.0.checks.0.value", "1e999" },
	{ "levels.0.checks.0.value", "-1e999" },
	{ "levels.0.checks.0.value", "1e300" },
	{ "levels.0.checks.0.value", "-5" },
	{ "levels.0.checks.0.value", "9223372036854775808" },
	{ "levels.0.checks.0.id", "\"a b\"" },
	{ "levels.0.checks.0.id", "\"a>\"" },
	{ "levels.0.checks.0.id", "\"a\\nok 9 b\"" },
	{ "levels.0.checks.0.id", "\"\"" },
	{ "levels.0.checks.0.id", "\"A\"" },
	{ "levels.0.checks.0.unit", "\"a b\"" },
	{ "levels.0.checks.0.unit", "\"\"" },
	{ "levels.0.checks.0.detail", "1" },
	{ "levels.1.subtests", "1" },
	{ "levels.1.subtests.0.result", "\"good\"" },
	{ "levels.1.programs", "1" },
	{ "levels.1.programs.0.status", "256" },
	{ "levels.1.programs.0.status", "0.5" },
	{ "levels.1.programs.0.status", "null" },
	{ "levels.1.programs.0.exits", "0.5" },
	{ "command", "1" },
	{ "blame", "[]" },
	{ "blame", "{\"victim\":1,\"suspects\":[1.5],\"sentence\":\"x\"}" },
	{ "blame", "{\"victim\":1,\"suspects\":1,\"sentence\":\"x\"}" },
	{ "blame", "{\"victim\":1,\"suspects\":[]}" },
};

/* A value that the schema does not allow is refused. */
static void test_altered_reports(void **state)
{
	fill_all();
	for (size_t i = 0; i < ARRAY_SIZE(altered); i++)
		if (!read_changed(altered[i][0], altered[i][1]))
			wrong("taken for a report: %s is %s", altered[i][0],
			      altered[i][1] ? altered[i][1] : "missing");
}

/* Keys that the contract does not name may be missing. */
static void test_older_reports(void **state)
{
	static const char *const newer[] = { "setup",
					     "setup.nesting",
					     "setup.enlightened",
					     "setup.strict",
					     "setup.smp",
					     "setup.accel",
					     "setup.kvm_why",
					     "setup.starved_share",
					     "outcome.stop_level",
					     "outcome.lost_records",
					     "outcome.console",
					     "outcome.evidence",
					     "outcome.evidence.kernel_log",
					     "levels.0.kvm",
					     "levels.0.terms",
					     "levels.0.exits.chain",
					     "levels.0.checks.0.detail",
					     "levels.0.subtests",
					     "levels.1.subtests.0.detail",
					     "levels.0.programs" };

	fill_all();
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
		if (read_changed(newer[i], NULL))
			wrong("refused without %s: %s", newer[i], last_error());
}

/* Texts may be odd, but all output made from them is well-formed. */
static void test_odd_reports(void **state)
{
	static const char *const odd[][2] = {
		{ "levels.0.kernel", "\"\\u001b[2J\\n\"" },
		{ "levels.0.cpu.features", "[\"\\u001b[2J\\n\",\"a\"]" },
		{ "outcome.detail", "\"\\u001b]0;x\\u0007\\n# supernest: end\"" },
		{ "outcome.console", "[\"\\u001b[2J\",\"a\\nb\",\"\\n# supernest: end\"]" },
		{ "levels.0.checks.0.detail", "\"x\\n# supernest: end\"" },
		{ "levels.1.subtests.0.detail", "\"x\\n# supernest: end\"" },
		{ "setup.kvm_why", "\"x\\n# supernest: end\"" },
		{ "command", "\"\\u001b[2J\\n# supernest: end\"" },
	};

	fill_all();
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		assert_int_equal(read_changed(odd[i][0], odd[i][1]), 0);
		for (int format = REPORT_TABLE; format <= REPORT_SVG; format <<= 1) {
			const char *p = print(&again, format);

			assert_null(strchr(p, '\x1b'));
			assert_null(strstr(p, "\n# supernest: end"));
			if (format == REPORT_LAVA)
				check_lava(p);
			if (format == REPORT_KTAP)
				check_ktap(&p, 0, NULL);
		}
	}
}

/* A machine without a free CPU makes levels slow: the table says so where that may be why the run ended. */
static void test_starved(void **state)
{
	static const struct {
		enum stop stop;
		double share;
		bool said;
	} cases[] = {
		{ STOP_HANG, 0.63, true },     { STOP_TIME, 0.63, true },
		{ STOP_HANG, 0.1, false },     { STOP_PANIC, 0.63, false },
		{ STOP_HANG, UNKNOWN, false }, { STOP_DEPTH, 0.63, false },
	};

	fill_all();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		r.stop = cases[i].stop;
		r.setup.starved_share = cases[i].share;
		assert_int_equal(!!strstr(print(&r, REPORT_TABLE), "in 63 % of the time"),
				 cases[i].said);
	}
}

/* A file that is too long is reported as such, not as cut off. */
static void test_long_reports(void **state)
{
	const size_t len = 17 << 20;
	char *text = malloc(len);

	memset(text, ' ', len - 1);
	text[len - 1] = '\0';
	assert_int_equal(read_back(text), -1);
	assert_non_null(strstr(last_error(), "longer than"));
	free(text);
}

RUN(T(test_json_round_trip), T(test_lava), T(test_ktap), T(test_table), T(test_csv),
    T(test_no_reports), T(test_altered_reports), T(test_older_reports), T(test_odd_reports),
    T(test_long_reports), T(test_starved))
