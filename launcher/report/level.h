/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of one level.  The parts that learn and measure fill it in, records carry it, and the
 * report prints it.  level_fields[] is the one table of names, units and order for all three.
 */
#pragma once

#include "lib/base.h"

#define MAX_CHECKS 96
#define CHECK_ID 40
#define UNKNOWN (-1) /* a number that was not measured: null in JSON */

#define CHECK_FACTS "facts" /* the unit of thorough checks */
/* The detail of a thorough check while it runs. */
#define CHECK_UNFINISHED "it did not end"

enum result { RESULT_PASS, RESULT_FAIL, RESULT_SKIP };
extern const char *const result_names[];		   /* "pass", "fail", "skip" */
int result_by_name(const char *name, enum result *result); /* -1 if there is no such name */

struct check {
	char id[CHECK_ID]; /* [a-z0-9_] */
	enum result result;
	double value; /* always a number: LAVA needs a measurement */
	char unit[12];
	char detail[96]; /* why it failed or was skipped; of one that passed, a warning */
};

/* Why a chain ended.  docs/report.md defines the names and their order. */
enum stop {
	STOP_NONE,
	STOP_DEPTH,
	STOP_MEMORY,
	STOP_TIME,
	STOP_NO_VIRT,
	STOP_NO_KVM,
	STOP_QEMU,
	STOP_PANIC,
	STOP_CRASH,
	STOP_OOM,
	STOP_HANG,
	STOP_LOST,
	STOP_COUNT,
};
extern const char *const stop_names[];
enum stop stop_by_name(const char *name); /* STOP_NONE if there is no such name */
bool stop_is_failure(enum stop stop); /* something broke: any reason but depth, memory and time */

/* Why a level ended, or why no level follows it: the stop reason, and a sentence with the evidence. */
struct reason {
	enum stop stop; /* STOP_NONE: there is no reason */
	char detail[400];
};
/* Sets the reason, and returns STOP. */
enum stop reason_set(struct reason *why, enum stop stop, const char *fmt, ...) PRINTF_LIKE(3, 4);

struct level {
	int level;
	bool seen;  /* a record of it came */
	bool ready; /* its ready record came */
	char role[16];
	char hypervisor[24];
	char cpu_vendor[16], cpu_model[64], cpu_virt[8];
	char cpu_features[160]; /* separated by blanks */
	char kernel[72];
	char kvm_parameters
		[250]; /* of KVM's modules, other than their defaults: blank between two */
	char kernel_sha256[65], archive_sha256[65];
	int64_t total_kib, available_kib, child_kib, overhead_kib;
	/* The terms of its overhead, the RAM that its child does not get: memory.h */
	int64_t kernel_image_kib, struct_page_kib, kernel_data_kib, reserve_kib, rootfs_kib;
	int64_t qemu_anonymous_kib, page_tables_kib, rmaps_kib, margin_kib, rounding_kib;
	double kernel_s; /* from kernel start to PID 1, on this level's clock */
	double ready_s;	 /* from kernel start to ready, on this level's clock */
	double wall_s;	 /* from the start of its QEMU to ready, on the parent's clock */
	double clock_s; /* its time of day when it was ready, if kvm-clock gave it that: seconds since 1970 */
	int64_t exits_boot, exits_total; /* counted by the parent's KVM */
	/* Counted by the outermost KVM, from the start of its child until this level was ready */
	int64_t exits_chain;
	int64_t cpuid_cycles, pio_cycles;
	int check_count;
	/* Last, because most of it is never touched: 16 KiB for each level of the chain, in every launcher. */
	struct check checks[MAX_CHECKS];
};

enum field_type { FIELD_TEXT, FIELD_LIST, FIELD_COUNT, FIELD_SECONDS };

/* Who may report a field: the level itself, or its parent, which measures it from outside. */
enum field_source { BY_LEVEL, BY_PARENT };

struct field {
	const char *group; /* the JSON object that contains it, or NULL */
	const char *key;   /* unique over all groups, as records have no groups */
	enum field_type type;
	enum field_source source;
	size_t offset, size;
};

extern const struct field level_fields[];
extern const int level_field_count;

void level_init(struct level *lv, int level);
/* Copies everything but the checks. */
void level_copy_figures(struct level *to, const struct level *from);
/* The field with this key; NULL if there is none. */
const struct field *level_field(const char *key);
#define FIELD_MAX 256 /* bytes of any field as text */
/* Gets a field as text, "" if unknown, and sets it from text: -1 if that is malformed or negative. */
void level_get(const struct level *lv, const struct field *f, char *buf, size_t size);
int level_set(struct level *lv, const struct field *f, const char *value);
/* Whether level_add_check() accepts its id, value and unit. */
bool check_is_clean(const struct check *c);
/* The check with this id; NULL if there is none. */
const struct check *level_check(const struct level *lv, const char *id);
/* Adds a check, or replaces the one with the same id.  -1 if the table is full or the check malformed. */
int level_add_check(struct level *lv, const struct check *c);
/* Whether it has only [a-z0-9_], and at least one of them. */
bool id_is_clean(const char *id);
/* What its detail is: of a check that has passed, a warning. */
const char *check_detail_kind(const struct check *c);
/* Sets the result, and its reason. */
void check_set(struct check *c, enum result result, const char *fmt, ...) PRINTF_LIKE(3, 4);
/*
 * Sets the result from a program's wait status: 0 passes, 4 and 77 skip, everything else fails with a
 * reason.
 */
void check_status(struct check *c, int status);
bool level_sound(const struct level *lv); /* no check failed */

/* Parses a plain decimal number.  -1 if TEXT is anything else. */
int parse_number(const char *text, double *out);
