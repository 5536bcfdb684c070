// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* strsep */
#include "lib/options.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUR_PREFIX "nest."
#define BLANKS " \t\n\v\f\r"
#define WORD_MAX 64
#define DIGITS "0123456789"
#define HEX DIGITS "abcdef"
#define NAME_CHARACTERS DIGITS "abcdefghijklmnopqrstuvwxyz_"

const char *const nesting_names[] = { "classic", "recursive", NULL };
const char *const exec_when_names[] = { "first", "parent", "last", NULL };

int parse_size(const char *text, int64_t *kib)
{
	const char units[] = "KMGT";
	const char *unit;
	char *end;
	long long n = strtoll(text, &end, 10);
	int shift = 10;

	if (!isdigit((unsigned char)*text) || end - text > 12 || n <= 0)
		return -1;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return -1;
		shift = 10 * (unit - units);
	}
	if (n > INT64_MAX >> 20 >> shift)
		return -1;
	*kib = n << shift;
	return 0;
}

int parse_choice(const char *text, const char *const names[], int *out)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(text, names[i])) {
			*out = i;
			return 0;
		}
	return -1;
}

/* ---- setters: each parses a value and sets its member --------------------------------------- */

/* In `commands`: an old spelling, accepted for one more version; `help` names the new one. */
#define OLD_SPELLING 0x1000

struct option {
	const char *word; /* the kernel parameter, or NULL */
	const char *flag; /* the option, or NULL */
	const char *
		value; /* its value, for --help; NULL: it takes none.  Of a choice: all names, separated by '|' */
	int commands; /* command_bit */
	int (*set)(const struct option *opt, const char *value, void *member);
	size_t offset;
	int min, max;		/* limits of a number, or of a string's length */
	const char *characters; /* those allowed in a string; NULL: all */
	const char *help; /* for --help, the manual and docs/: what it does, and its default */
};

static int set_int(const struct option *opt, const char *v, void *p)
{
	return parse_int(v, opt->min, opt->max, p);
}

static int set_depth(const struct option *opt, const char *v, void *p)
{
	if (strcmp(v, "max"))
		return set_int(opt, v, p);
	*(int *)p = DEPTH_MAX;
	return 0;
}

static int set_size(const struct option *opt, const char *v, void *p)
{
	(void)opt;
	return parse_size(v, p);
}

static int set_levels(const struct option *opt, const char *v, void *p)
{
	(void)opt;
	return strcmp(v, "all") ? levels_parse(v, strlen(v), p) : -1;
}

#define ID_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define VALUE_CHARS ID_CHARS "-+.,:/"

/* The kernel treats - and _ in a name alike; sysfs has _. */
static bool is_parameter(const char *what)
{
	size_t module = strspn(what, ID_CHARS), name, value;

	if (!module || what[module] != '.')
		return false;
	what += module + 1;
	name = strspn(what, ID_CHARS);
	if (!name || what[name] != '=')
		return false;
	what += name + 1;
	value = strspn(what, VALUE_CHARS);
	return value && !what[value];
}

static bool is_cpu(const char *what)
{
	return *what && !what[strspn(what, VALUE_CHARS "=")];
}

static int add_setting(const char *v, struct settings *s, bool (*is_right)(const char *what))
{
	const char *colon = strchr(v, ':');
	struct levels levels;

	if (!colon || strlen(v) >= SETTING_SIZE || s->count == SETTINGS_MAX ||
	    levels_parse(v, colon - v, &levels) || !is_right(colon + 1))
		return -1;
	strcpy(s->item[s->count++], v);
	return 0;
}

static int add_parameter(const struct option *opt, const char *v, void *p)
{
	(void)opt;
	return add_setting(v, p, is_parameter);
}

static int add_cpu(const struct option *opt, const char *v, void *p)
{
	(void)opt;
	return add_setting(v, p, is_cpu);
}

static int set_offered(const struct option *opt, const char *v, void *p)
{
	(void)opt;
	if (strcmp(v, "svm") && strcmp(v, "vmx"))
		return -1;
	strcpy(p, v);
	return 0;
}

/* Sets the index, from 0, of V among the names in opt->value. */
static int set_choice(const struct option *opt, const char *v, void *p)
{
	size_t len = strlen(v);
	int i = 0;

	for (const char *name = opt->value; name; i++) {
		if (strcspn(name, "|") == len && !strncmp(name, v, len)) {
			*(int *)p = i;
			return 0;
		}
		name = strchr(name, '|');
		name = name ? name + 1 : NULL;
	}
	return -1;
}

/* In the order of enum report_bit; those for a console first. */
static const char *const report_names[] = { "table", "ktap", "lava",  "json", "csv",
					    "html",  "svg",  "kcidb", NULL };

static int set_report(const struct option *opt, const char *v, void *p)
{
	char list[64], *rest = list, *name;
	int which, bits = 0;

	(void)opt;
	if (strlen(v) >= sizeof(list))
		return -1;
	strcpy(list, v);
	while ((name = strsep(&rest, ","))) {
		if (parse_choice(name, report_names, &which) || 1 << which > REPORT_CSV)
			return -1;
		bits |= 1 << which;
	}
	*(int *)p = bits;
	return bits ? 0 : -1;
}

static int set_format(const struct option *opt, const char *v, void *p)
{
	int which;

	if (set_choice(opt, v, &which) || parse_choice(v, report_names, &which))
		return -1;
	*(int *)p = 1 << which;
	return 0;
}

static int set_json_format(const struct option *opt, const char *v, void *p)
{
	(void)opt;
	(void)v;
	*(int *)p = REPORT_JSON;
	return 0;
}

/* Copies the text. */
static int set_string(const struct option *opt, const char *v, void *p)
{
	int len = strlen(v);

	if (len < opt->min || len > opt->max || (opt->characters && v[strspn(v, opt->characters)]))
		return -1;
	strcpy(p, v);
	return 0;
}

static int set_thorough(const struct option *opt, const char *v, void *p)
{
	(void)v;
	return set_string(opt, "thorough", p);
}

/* Points to the text itself: our arguments last as long as we do. */
static int set_text(const struct option *opt, const char *v, void *p)
{
	(void)opt;
	*(const char **)p = v;
	return *v ? 0 : -1;
}

/* The syntax that KCIDB's schema requires of an origin, and of the part of an id after "ORIGIN:". */
static bool is_origin(const char *text, size_t len)
{
	return len && strspn(text, NAME_CHARACTERS) == len;
}

static int set_origin(const struct option *opt, const char *v, void *p)
{
	return is_origin(v, strlen(v)) ? set_text(opt, v, p) : -1;
}

static int set_kcidb_id(const struct option *opt, const char *v, void *p)
{
	const char *colon = strchr(v, ':');

	return colon && is_origin(v, colon - v) ? set_text(opt, v, p) : -1;
}

static int add_to_list(const struct option *opt, const char *v, void *p)
{
	struct list *list = p;

	(void)opt;
	if (!*v || list->count == PROGRAMS_MAX)
		return -1;
	list->item[list->count++] = v;
	return 0;
}

static int set_flag(const struct option *opt, const char *v, void *p)
{
	(void)opt;
	(void)v;
	*(bool *)p = true;
	return 0;
}

static int set_switch(const struct option *opt, const char *v, void *p)
{
	int on;

	if (set_choice(opt, v, &on))
		return -1;
	*(bool *)p = on;
	return 0;
}

/* ---- the table --------------------------------------------------------------------------- */

#define MEMBER(fn, m) fn, offsetof(struct options, m), 0, 0, NULL
#define NUMBER(fn, m, min, max) fn, offsetof(struct options, m), min, max, NULL
#define STRING(fn, m, min, characters) \
	fn, offsetof(struct options, m), min, sizeof(((struct options *)0)->m) - 1, characters
#define INT(m, min, max) NUMBER(set_int, m, min, max)
#define LEVEL(m) INT(m, 0, MAX_LEVEL)
#define SECONDS(m, min) INT(m, min, 100000000)
#define PERCENT(m) INT(m, 0, 100000)
#define CHOICE(m) MEMBER(set_choice, m)
#define TEXT(m) MEMBER(set_text, m)

static const struct option options[] = {
	{ "nest.depth", "--depth", "N|max", CMD_RUN, NUMBER(set_depth, depth, 0, MAX_LEVEL),
	  "stop once level N is ready (default: max)" },
	{ "nest.timeout", "--timeout", "S", CMD_RUN, SECONDS(timeout_s, 0),
	  "time budget of the run in seconds (default: 0, none)" },
	{ "nest.mem", NULL, "SIZE", CMD_RUN, MEMBER(set_size, mem_kib),
	  "RAM of the next level, if that is less than what fits (default: all that fits)" },
	{ NULL, "--memory", "SIZE", CMD_RUN, MEMBER(set_size, memory_kib),
	  "RAM of the outermost guest, as in 512M or 2G (default: 1G); in the appliance's shell, "
	  "of the next level" },
	{ "nest.report", "--report", "LIST", CMD_RUN, MEMBER(set_report, report),
	  "what to print, of table,ktap,lava,json,csv (default: table; in the appliance: "
	  "table,ktap,lava)" },
	{ "nest.start", NULL, "auto|manual", 0, CHOICE(start),
	  "manual: a shell with the prompt '/ # ' comes first, and `supernest run` starts the run "
	  "(default: auto)" },
	{ "nest.end", NULL, "reboot|poweroff|halt|shell", 0, CHOICE(end),
	  "what follows the report (default: reboot)" },
	{ "nest.shell", "--shell", "N", CMD_RUN, LEVEL(shell),
	  "a shell in level N on the outermost terminal, once N is ready; the run ends there "
	  "unless a depth is given that is deeper" },
	{ "nest.nesting", "--nesting", "classic|recursive", CMD_RUN, CHOICE(nesting),
	  "recursive: a VMRUN below the outermost level is no exit, so that an exit costs the "
	  "same at every depth; the emulator's CPU offers it (default: classic)" },
	{ "nest.enlightened", NULL, "off|on", 0, MEMBER(set_switch, enlightened),
	  "on: KVM in the levels below, if their kernels are not the appliance's own, accesses "
	  "VMCSs without exits, by Hyper-V's interface; VT-x alone (default: off)" },
	{ NULL, "--enlightened", NULL, CMD_RUN, MEMBER(set_flag, enlightened),
	  "with --kernel on VT-x: KVM in each nested level accesses VMCSs without exits, by "
	  "Hyper-V's interface; needs CONFIG_HYPERV and CONFIG_KVM_HYPERV" },
	{ NULL, "--strict", NULL, CMD_RUN, MEMBER(set_flag, strict),
	  "emulate an AMD-V that is as strict as hardware may be: it uses cached state until "
	  "software flushes it; needs the QEMU of make emulator" },
	{ "nest.smp", "--smp", "N", CMD_RUN, INT(smp, 1, SMP_MAX),
	  "vCPUs of each level; as a kernel parameter, of each level below, whose kernel must be "
	  "bzImage-smp or another with CONFIG_SMP (default: 1)" },
	{ "nest.save_restore", "--save-restore", "N", CMD_RUN, INT(save_restore, 0, 1000000),
	  "save the state of each nested level N times while it runs, reset its machine and "
	  "restore it; see docs/thorough.md (default: 0)" },
	{ "nest.exec", NULL, "CMD", 0, STRING(set_string, exec.command, 1, NULL),
	  "a command that is run as a check, %20 for a blank (default: none)" },
	{ NULL, "--exec", "[NAME=]CMD", CMD_RUN, MEMBER(add_to_list, programs),
	  "run a command in a level; its exit status is the check NAME (default: exec) of the "
	  "level; may be repeated" },
	{ "nest.exec_at", "--at", "LIST", CMD_RUN, MEMBER(set_levels, exec.at),
	  "the levels that run programs, as in 1,2,3 (default: the deepest)" },
	{ "nest.exec_when", "--exec-when", "first|parent|last", CMD_RUN, CHOICE(exec.when),
	  "run programs before the level's child is started, while it runs, or after it has ended "
	  "(default: first)" },
	{ "nest.exec_timeout", "--exec-timeout", "S", CMD_RUN, SECONDS(exec.timeout_s, 1),
	  "seconds for each program, after which it is killed and has failed (default: 600; with "
	  "--suite or --guest 7200)" },
	{ "nest.hook_timeout", "--hook-timeout", "S", CMD_RUN, SECONDS(hook_timeout_s, 1),
	  "seconds for the hook of each level, after which it is killed and has failed (default: "
	  "600)" },
	{ NULL, "--file", "PATH[:DEST]", CMD_RUN, MEMBER(add_to_list, packed),
	  "add a file or a directory to the initramfs of all levels, as DEST (default: /NAME); may "
	  "be repeated" },
	{ NULL, "--suite", "NAME|DIR[:WORD,...]", CMD_RUN, MEMBER(add_to_list, suites),
	  "run tests in a level: kvm-selftests, kvm-unit-tests (of the tree that KVM_UNIT_TESTS "
	  "names) or those in a directory; with WORDs only those of that name or group; may be "
	  "repeated" },
	{ NULL, "--expect", "FILE", CMD_RUN, TEXT(expect),
	  "known failures of programs and suites, which then count as skipped; see "
	  "docs/testing.md" },
	{ NULL, "--learn", "FILE", CMD_RUN, TEXT(learn),
	  "write the failures of this run's programs and suites to FILE, for --expect" },
	{ NULL, "--guest", "FILE", CMD_RUN, TEXT(guest),
	  "run a kernel as a guest of a level: a bzImage, multiboot, PVH or flat file; what it "
	  "writes to isa-debug-exit at port 0xf4 decides the check guest of the level" },
	{ NULL, "--guest-append", "WORDS", CMD_RUN, TEXT(guest_append),
	  "the kernel command line of --guest" },
	{ NULL, "--guest-initrd", "FILE", CMD_RUN, TEXT(guest_initrd), "the initramfs of --guest" },
	{ "nest.set", "--set", "LEVELS:MODULE.PARAMETER=VALUE", CMD_RUN, MEMBER(add_parameter, set),
	  "a module parameter of the kernel of these levels, as in 1,3:kvm_amd.npt=0 or "
	  "all:kvm.tdp_mmu=0; if the kernel refuses it, the check set fails; may be repeated" },
	{ "nest.cpu_at", "--cpu-at", "LEVELS:CPU", CMD_RUN, MEMBER(add_cpu, cpus),
	  "the CPU that QEMU shows to these levels, as in 2:host,-x2apic; may be repeated "
	  "(default: host; the emulated one: max,+svm)" },
	{ "nest.offered", NULL, "svm|vmx", 0, MEMBER(set_offered, offered),
	  "what the KVM above offers to its guests; set by the level above, never by hand" },
	{ "nest.input", NULL, "N", 0, LEVEL(exec.input),
	  "the level that the standard input is handed down to; set by the level above, never by "
	  "hand" },
	{ "nest.qemu", NULL, "ARGS", 0, STRING(set_string, qemu_args, 0, NULL),
	  "more arguments for the next level's QEMU, %20 for a blank (default: none)" },
	{ "nest.checks", "--checks", "quick|thorough|LIST", CMD_RUN,
	  STRING(set_string, checks, 1, NAME_CHARACTERS ","),
	  "the checks that each level makes besides the quick ones, which are always made: all, or "
	  "those named (default: quick)" },
	{ NULL, "--thorough", NULL, CMD_RUN, STRING(set_thorough, checks, 1, NULL),
	  "the same as --checks thorough, which takes half a minute per level on an emulated CPU" },
	{ "nest.level", NULL, "N", 0, LEVEL(level),
	  "the level's number; set by the level above, never by hand" },
	{ "nest.id", NULL, "HEX", 0, STRING(set_string, run_id, 1, HEX),
	  "the run's id in records; set by the level above, never by hand" },
	{ "nest.seed", NULL, "HEX", 0,
	  STRING(set_string, seed, sizeof(((struct options *)0)->seed) - 1, HEX),
	  "the seed of the level's random numbers; set by the level above, never by hand" },
	{ "nest.sums", NULL, "TAG:SHA256:SHA256", 0,
	  STRING(set_string, sums, sizeof(((struct options *)0)->sums) - 1, HEX ":"),
	  "the tag and checksum of the initramfs, and the checksum of its kernel; set by the level "
	  "above, never by hand" },
	{ NULL, "--accel", "auto|kvm|tcg", CMD_RUN | CMD_CHECK, CHOICE(accel),
	  "what runs the outermost guest (default: auto, see the command check)" },
	{ NULL, "--cpu-emulator", "qemu|bochs", CMD_RUN, CHOICE(cpu_emulator),
	  "bochs: the outermost machine is one that Bochs emulates, with VT-x, or AMD-V if --cpu "
	  "says so (default: qemu)" },
	{ NULL, "--qemu", "PATH", CMD_RUN | CMD_CHECK, TEXT(qemu),
	  "the QEMU that runs the outermost guest (default: qemu-emulator beside this command, "
	  "else qemu-system-x86_64)" },
	{ NULL, "--cpu", "MODEL", CMD_RUN, TEXT(cpu),
	  "the outermost guest's CPU model (default: max,+svm if it is emulated, host with KVM, "
	  "tigerlake in Bochs)" },
	{ NULL, "--kernel", "FILE", CMD_RUN, TEXT(kernel),
	  "the kernel under test, for all levels (default: bzImage beside this command)" },
	{ NULL, "--levels", "LIST", CMD_RUN, MEMBER(set_levels, levels),
	  "the levels that run the kernel under test, as in 1,3; the others run the appliance's "
	  "own (default: all)" },
	{ NULL, "--modules", "DIR", CMD_RUN, TEXT(modules),
	  "where the modules of the kernel under test are (default: /lib/modules/RELEASE); KVM "
	  "and what it needs are added to the initramfs" },
	{ NULL, "--config", "FILE", CMD_RUN, TEXT(config),
	  "the .config of the kernel under test, checked for what nesting needs (default: one "
	  "found beside the kernel)" },
	{ NULL, "--initramfs", "FILE", CMD_RUN, TEXT(initramfs),
	  "the initramfs of all levels (default: initramfs.cpio.gz beside this command)" },
	{ NULL, "--append", "PARAMETERS", CMD_RUN, TEXT(append),
	  "more parameters for the kernel command line of the outermost guest" },
	{ NULL, "--json", "FILE", CMD_RUN, TEXT(json_path),
	  "write the report as JSON to FILE; if that is -, to standard output, and everything else "
	  "to standard error" },
	{ NULL, "--artifacts", "DIR", CMD_RUN, TEXT(artifacts),
	  "write consoles, records and all reports to DIR" },
	{ NULL, "--plain", NULL, CMD_RUN, MEMBER(set_flag, plain),
	  "print a line for each event instead of the live view" },
	{ NULL, "--deterministic", NULL, CMD_RUN, MEMBER(set_flag, deterministic),
	  "emulate with a clock that counts instructions: counts repeat, time is virtual" },
	{ NULL, "--repeat", "N", CMD_RUN, INT(repeat, 1, 100000),
	  "run N times, and print the spread of the figures" },
	{ NULL, "--matrix", "FILE", CMD_RUN, TEXT(matrix),
	  "run every combination of the options in FILE: each line has an option and its values, "
	  "or "
	  "a case and its expected outcome; the name unusual is built in: rarely tested "
	  "configurations of nesting" },
	{ NULL, "--stop-on-failure", NULL, CMD_RUN, MEMBER(set_flag, stop_on_failure),
	  "with --repeat or --matrix: stop after the first failed run" },
	{ NULL, "--blame", NULL, CMD_RUN, MEMBER(set_flag, blame),
	  "if the run with --kernel fails: repeat it with the appliance's own kernel at one level "
	  "after the other, and name the level whose KVM is at fault" },
	{ NULL, "--json", NULL, CMD_CHECK | OLD_SPELLING, MEMBER(set_json_format, report),
	  "--format json" },
	{ NULL, "--format", "table|ktap|lava|json|csv|html|svg|kcidb", CMD_REPORT,
	  MEMBER(set_format, report),
	  "the output format (default: table); html takes several reports and compares them" },
	{ NULL, "--origin", "NAME", CMD_REPORT, MEMBER(set_origin, origin),
	  "for kcidb: the submitter's name in KernelCI (a-z, 0-9 and _)" },
	{ NULL, "--build-id", "ORIGIN:ID", CMD_REPORT, MEMBER(set_kcidb_id, build_id),
	  "for kcidb: the id of the tested build, as it was submitted" },
	{ NULL, "--format", "table|json", CMD_CHECK | CMD_COMPARE | CMD_PLAN,
	  MEMBER(set_format, report), "the output format (default: table)" },
	{ NULL, "--exits-limit", "PERCENT", CMD_COMPARE, PERCENT(exits_percent),
	  "how many more exits count as worse (default: 3 for deterministic runs, else 30 to "
	  "200)" },
	{ NULL, "--exits", "PERCENT", CMD_COMPARE | OLD_SPELLING, PERCENT(exits_percent),
	  "--exits-limit" },
	{ NULL, "--overhead-limit", "PERCENT", CMD_COMPARE, PERCENT(kib_percent),
	  "how much more overhead counts as worse (default: 1)" },
	{ NULL, "--kib", "PERCENT", CMD_COMPARE | OLD_SPELLING, PERCENT(kib_percent),
	  "--overhead-limit" },
	{ NULL, "--cycles-limit", "PERCENT", CMD_COMPARE, PERCENT(cycles_percent),
	  "how many more cycles for an exit count as worse (default: 3 for deterministic runs, "
	  "else 200)" },
	{ NULL, "--cycles", "PERCENT", CMD_COMPARE | OLD_SPELLING, PERCENT(cycles_percent),
	  "--cycles-limit" },
	{ NULL, "--from", "FILE", CMD_PLAN, TEXT(from),
	  "the report to predict from; to predict seconds it must reach L3" },
	{ NULL, "--memory", "SIZE", CMD_PLAN, MEMBER(set_size, memory_kib),
	  "RAM of the outermost guest (default: what the report's had)" },
	{ NULL, "--timeout", "S", CMD_PLAN, SECONDS(timeout_s, 0),
	  "time budget in seconds (default: 3600)" },
};

void options_init(struct options *o)
{
	*o = (struct options){
		.depth = DEPTH_MAX,
		.repeat = 1,
		.smp = 1,
		.report = REPORT_TABLE | REPORT_KTAP | REPORT_LAVA,
		.shell = SHELL_NONE,
		.level = LEVEL_NONE,
		.run_id = "0",
		.checks = "quick",
		.exits_percent = LIMIT_DEFAULT,
		.kib_percent = LIMIT_DEFAULT,
		.cycles_percent = LIMIT_DEFAULT,
		.hook_timeout_s = HOOK_S,
		.exec = { .input = INPUT_NONE },
	};
}

static int set_option(struct options *o, const struct option *opt, const char *name,
		      const char *value)
{
	char range[40] = "";

	if (!opt->set(opt, value, (char *)o + opt->offset))
		return 0;
	if (opt->set == set_int)
		format(range, sizeof(range), " from %d to %d", opt->min, opt->max);
	return fail("%s: invalid value '%.60s', expected %s%s", name, value, opt->value, range);
}

/*
 * Cuts the next word off, as the kernel does (next_arg, lib/cmdline.c): quotes around the word or its
 * value keep blanks together and are removed.  NULL: there is no more.
 */
static char *next_word(char **rest, char **value)
{
	char *word = *rest + strspn(*rest, BLANKS), *end, *equals = NULL;
	bool quoted = *word == '"', in_quote = quoted;

	if (!*word)
		return NULL;
	word += quoted;
	for (end = word; *end && (in_quote || !strchr(BLANKS, *end)); end++) {
		if (*end == '=' && !equals && end > word)
			equals = end;
		in_quote ^= *end == '"';
	}
	*rest = *end ? end + 1 : end;
	*end = '\0';
	*value = end;
	if (equals) {
		*equals = '\0';
		*value = equals + 1;
	}
	if (end > word && end[-1] == '"' && (quoted || **value == '"'))
		end[-1] = '\0';
	*value += **value == '"';
	return word;
}

/* The Levenshtein distance of two words: characters to insert, delete or replace. */
static int distance(const char *a, const char *b)
{
	int row[WORD_MAX + 1], len = strnlen(b, WORD_MAX), before, above;

	for (int j = 0; j <= len; j++)
		row[j] = j;
	for (int i = 1; a[i - 1]; i++) {
		before = row[0];
		row[0] = i;
		for (int j = 1; j <= len; j++) {
			above = row[j];
			row[j] = before + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			before = above;
		}
	}
	return row[len];
}

/* Refuses unknown nest.* parameters: a misspelled one would silently change the run. */
static int refuse_unknown(const char *word)
{
	const char *nearest = "";
	int least = INT_MAX, d;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		d = options[i].word ? distance(options[i].word, word) : INT_MAX;
		if (d < least) {
			least = d;
			nearest = options[i].word;
		}
	}
	return fail("%.60s: unknown kernel parameter; the nearest is %s", word, nearest);
}

int options_from_cmdline(struct options *o, const char *cmdline)
{
	char text[4096], *rest = text, *word, *value;
	bool known;

	if (strlen(cmdline) >= sizeof(text))
		return fail("the kernel command line is longer than %zu bytes", sizeof(text) - 1);
	strcpy(text, cmdline);
	while ((word = next_word(&rest, &value))) {
		if (strncmp(word, OUR_PREFIX, sizeof(OUR_PREFIX) - 1))
			continue;
		known = false;
		for (size_t i = 0; i < ARRAY_SIZE(options) && !known; i++) {
			if (!options[i].word || strcmp(options[i].word, word))
				continue;
			known = true;
			if (set_option(o, &options[i], word, value))
				return -1;
		}
		if (!known)
			return refuse_unknown(word);
	}
	return 0;
}

static const struct option *find_flag(int command, const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *opt = &options[i];

		if (opt->flag && opt->commands & command && strlen(opt->flag) == len &&
		    !strncmp(opt->flag, name, len))
			return opt;
	}
	return NULL;
}

static bool take_operand(struct options *o, int command, const char *arg)
{
	int most = command == CMD_REPORT ? FILES_MAX : command == CMD_COMPARE ? 2 : 0;

	if ((arg[0] == '-' && arg[1]) || o->file_count >= most)
		return false;
	o->files[o->file_count++] = arg;
	return true;
}

int options_from_args(struct options *o, int command, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *arg = argv[i], *value = strchr(arg, '=');
		const struct option *opt;

		if (take_operand(o, command, arg))
			continue;
		if (command == CMD_RUN && !strcmp(arg, "--")) {
			o->program = argv + i + 1;
			return i + 1 < argc ? 0 : fail("--: no command follows it");
		}
		opt = find_flag(command, arg, value ? (size_t)(value - arg) : strlen(arg));
		if (!opt)
			return fail("%s: no such option or operand here; --help lists them", arg);
		if (opt->commands & OLD_SPELLING)
			fail("%s: is now called %s; the old name works until the next version",
			     opt->flag, opt->help);
		if (opt->value && !value) {
			if (++i == argc)
				return fail("%s: needs a value, %s", arg, opt->value);
			value = argv[i];
		} else if (value) {
			if (!opt->value)
				return fail("%s: takes no value", arg);
			value++;
		}
		if (set_option(o, opt, opt->flag, value ? value : ""))
			return -1;
	}
	return 0;
}

static void print_help(const char *name, const char *between, const struct option *opt)
{
	char left[64];

	format(left, sizeof(left), "%s%s%s", name, opt->value ? between : "",
	       opt->value ? opt->value : "");
	printf("  %-24s  %s\n", left, opt->help);
}

void options_help(int command)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].flag && options[i].commands & command &&
		    !(options[i].commands & OLD_SPELLING))
			print_help(options[i].flag, " ", &options[i]);
}

void options_help_parameters(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].word)
			print_help(options[i].word, "=", &options[i]);
}
