// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/level.h"
#include "lib/numbers.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

const char *const result_names[] = { "pass", "fail", "skip" };

const char *const stop_names[] = { "none", "depth", "memory", "time", "no-virt", "no-kvm",
				   "qemu", "panic", "crash",  "oom",  "hang",	 "lost" };

int result_by_name(const char *name, enum result *result)
{
	for (int i = RESULT_PASS; i <= RESULT_SKIP; i++)
		if (!strcmp(result_names[i], name)) {
			*result = i;
			return 0;
		}
	return -1;
}

enum stop stop_by_name(const char *name)
{
	for (int i = STOP_DEPTH; i < STOP_COUNT; i++)
		if (!strcmp(stop_names[i], name))
			return i;
	return STOP_NONE;
}

bool stop_is_failure(enum stop stop)
{
	return stop > STOP_TIME;
}

enum stop reason_set(struct reason *why, enum stop stop, const char *fmt, ...)
{
	va_list args;

	why->stop = stop;
	va_start(args, fmt);
	vsnprintf(why->detail, sizeof(why->detail), fmt, args);
	va_end(args);
	return stop;
}

/* Versions of clang-format differ here. */
/* clang-format off */
#define FIELD(group, key, type, source, member) \
	{ group, key, type, source, offsetof(struct level, member), \
	  sizeof(((struct level *)0)->member) }
/* clang-format on */

/* In the order of the JSON keys.  Add a figure by adding a line. */
const struct field level_fields[] = {
	FIELD(NULL, "role", FIELD_TEXT, BY_LEVEL, role),
	FIELD(NULL, "hypervisor", FIELD_TEXT, BY_LEVEL, hypervisor),
	FIELD("cpu", "vendor", FIELD_TEXT, BY_LEVEL, cpu_vendor),
	FIELD("cpu", "model", FIELD_TEXT, BY_LEVEL, cpu_model),
	FIELD("cpu", "virt", FIELD_TEXT, BY_LEVEL, cpu_virt),
	FIELD("cpu", "features", FIELD_LIST, BY_LEVEL, cpu_features),
	FIELD(NULL, "kernel", FIELD_TEXT, BY_LEVEL, kernel),
	FIELD("kvm", "parameters", FIELD_LIST, BY_LEVEL, kvm_parameters),
	FIELD(NULL, "kernel_sha256", FIELD_TEXT, BY_LEVEL, kernel_sha256),
	FIELD(NULL, "archive_sha256", FIELD_TEXT, BY_LEVEL, archive_sha256),
	FIELD("memory", "total_kib", FIELD_COUNT, BY_LEVEL, total_kib),
	FIELD("memory", "available_kib", FIELD_COUNT, BY_LEVEL, available_kib),
	FIELD("memory", "child_kib", FIELD_COUNT, BY_LEVEL, child_kib),
	FIELD("memory", "overhead_kib", FIELD_COUNT, BY_LEVEL, overhead_kib),
	FIELD("boot", "kernel_s", FIELD_SECONDS, BY_LEVEL, kernel_s),
	FIELD("boot", "ready_s", FIELD_SECONDS, BY_LEVEL, ready_s),
	FIELD("boot", "wall_s", FIELD_SECONDS, BY_PARENT, wall_s),
	FIELD("boot", "clock_s", FIELD_SECONDS, BY_LEVEL, clock_s),
	FIELD("exits", "boot", FIELD_COUNT, BY_PARENT, exits_boot),
	FIELD("exits", "total", FIELD_COUNT, BY_PARENT, exits_total),
	FIELD("exits", "chain", FIELD_COUNT, BY_PARENT, exits_chain),
	FIELD("cost", "cpuid_cycles", FIELD_COUNT, BY_LEVEL, cpuid_cycles),
	FIELD("cost", "pio_cycles", FIELD_COUNT, BY_LEVEL, pio_cycles),
	FIELD("terms", "kernel_image_kib", FIELD_COUNT, BY_LEVEL, kernel_image_kib),
	FIELD("terms", "struct_page_kib", FIELD_COUNT, BY_LEVEL, struct_page_kib),
	FIELD("terms", "kernel_data_kib", FIELD_COUNT, BY_LEVEL, kernel_data_kib),
	FIELD("terms", "reserve_kib", FIELD_COUNT, BY_LEVEL, reserve_kib),
	FIELD("terms", "rootfs_kib", FIELD_COUNT, BY_LEVEL, rootfs_kib),
	FIELD("terms", "qemu_anonymous_kib", FIELD_COUNT, BY_LEVEL, qemu_anonymous_kib),
	FIELD("terms", "page_tables_kib", FIELD_COUNT, BY_LEVEL, page_tables_kib),
	FIELD("terms", "rmaps_kib", FIELD_COUNT, BY_LEVEL, rmaps_kib),
	FIELD("terms", "margin_kib", FIELD_COUNT, BY_LEVEL, margin_kib),
	FIELD("terms", "rounding_kib", FIELD_COUNT, BY_LEVEL, rounding_kib),
};
const int level_field_count = ARRAY_SIZE(level_fields);

void level_init(struct level *lv, int level)
{
	memset(lv, 0, offsetof(struct level, checks));
	lv->level = level;
	for (int i = 0; i < level_field_count; i++) {
		const struct field *f = &level_fields[i];

		if (f->type == FIELD_COUNT)
			*(int64_t *)((char *)lv + f->offset) = UNKNOWN;
		if (f->type == FIELD_SECONDS)
			*(double *)((char *)lv + f->offset) = UNKNOWN;
	}
}

void level_copy_figures(struct level *to, const struct level *from)
{
	memcpy(to, from, offsetof(struct level, check_count));
}

const struct field *level_field(const char *key)
{
	for (int i = 0; i < level_field_count; i++)
		if (!strcmp(level_fields[i].key, key))
			return &level_fields[i];
	return NULL;
}

void level_get(const struct level *lv, const struct field *f, char *buf, size_t size)
{
	const char *p = (const char *)lv + f->offset;

	buf[0] = '\0';
	if (f->type == FIELD_COUNT && *(int64_t *)p >= 0)
		format(buf, size, "%lld", (long long)*(int64_t *)p);
	else if (f->type == FIELD_SECONDS && *(double *)p >= 0)
		format(buf, size, "%.6f", *(double *)p);
	else if (f->type == FIELD_TEXT || f->type == FIELD_LIST)
		format(buf, size, "%s", p);
}

int parse_number(const char *text, double *out)
{
	char *end;

	if (!strchr("-0123456789", *text) || strlen(text) > 24 ||
	    strspn(text, "-0123456789.") != strlen(text))
		return -1;
	*out = strtod(text, &end);
	return *end || end == text ? -1 : 0;
}

int level_set(struct level *lv, const struct field *f, const char *value)
{
	char *p = (char *)lv + f->offset;
	double number;

	if (f->type == FIELD_TEXT || f->type == FIELD_LIST) {
		if (strlen(value) >= f->size)
			return -1;
		strcpy(p, value);
		sanitize(p);
		return 0;
	}
	if (parse_number(value, &number) || signbit(number) || number > NUMBER_MAX)
		return -1;
	if (f->type == FIELD_COUNT)
		*(int64_t *)p = number;
	else
		*(double *)p = number;
	return 0;
}

bool id_is_clean(const char *id)
{
	return *id && !id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

/* In a LAVA line the id and the unit are words, and the value is the measurement. */
bool check_is_clean(const struct check *c)
{
	return id_is_clean(c->id) && *c->unit &&
	       !c->unit[strspn(c->unit,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/")] &&
	       !signbit(c->value) && c->value <= NUMBER_MAX; /* -0 is not a measurement either */
}

const struct check *level_check(const struct level *lv, const char *id)
{
	for (int i = 0; i < lv->check_count; i++)
		if (!strcmp(lv->checks[i].id, id))
			return &lv->checks[i];
	return NULL;
}

int level_add_check(struct level *lv, const struct check *c)
{
	const struct check *old = level_check(lv, c->id);

	if (!check_is_clean(c) || (!old && lv->check_count == MAX_CHECKS))
		return -1;
	lv->checks[old ? old - lv->checks : lv->check_count++] = *c;
	return 0;
}

const char *check_detail_kind(const struct check *c)
{
	return c->result == RESULT_PASS ? "warning" : result_names[c->result];
}

void check_set(struct check *c, enum result result, const char *fmt, ...)
{
	va_list args;

	c->result = result;
	va_start(args, fmt);
	vsnprintf(c->detail, sizeof(c->detail), fmt, args);
	va_end(args);
}

#define STATUS_SKIP 4	   /* as our own command */
#define STATUS_SKIP_TOO 77 /* as automake's tests */

void check_status(struct check *c, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	c->result = !code					     ? RESULT_PASS
		    : code == STATUS_SKIP || code == STATUS_SKIP_TOO ? RESULT_SKIP
								     : RESULT_FAIL;
	if (code > 0)
		format(c->detail, sizeof(c->detail), "exit status %d", code);
	if (code < 0)
		format(c->detail, sizeof(c->detail), "killed by signal %d (%s)", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
}

bool level_sound(const struct level *lv)
{
	for (int i = 0; i < lv->check_count; i++)
		if (lv->checks[i].result == RESULT_FAIL)
			return false;
	return true;
}
