/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of one level.  The parts that learn and measure fill it in, records carry it,
 * the report prints it; level_fields[] is the one table of names, units and order for all three.
 */
#ifndef SUPERNEST_LEVEL_H
#define SUPERNEST_LEVEL_H

#include "lib/base.h"

#define MAX_CHECKS 96
#define CHECK_ID 40
#define UNKNOWN (-1) /* a number that was not measured; null in JSON */

enum result { RESULT_PASS, RESULT_FAIL, RESULT_SKIP };
extern const char *const result_names[];		   /* "pass", "fail", "skip" */
int result_by_name(const char *name, enum result *result); /* -1 if there is none */

struct check {
	char id[CHECK_ID]; /* [a-z0-9_] */
	enum result result;
	double value; /* always a number: a test result in LAVA wants a measurement */
	char unit[12];
	char detail[96]; /* why it failed or was skipped, for people */
};

/* Why a chain ended; the names and their order are the contract's. */
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
enum stop stop_by_name(const char *name); /* STOP_NONE if there is none */
bool stop_is_failure(enum stop stop);	  /* something broke: not depth, memory or time */

/* Why a level ended, or why no other follows it: the reason, and the sentence with its evidence. */
struct reason {
	enum stop stop; /* STOP_NONE: there is none */
	char detail[400];
};
/* Sets it and returns STOP. */
enum stop reason_set(struct reason *why, enum stop stop, const char *fmt, ...) PRINTF_LIKE(3, 4);

struct level {
	int level;
	bool seen;  /* some record of it came */
	bool ready; /* its ready record came */
	char role[16];
	char hypervisor[24];
	char cpu_vendor[16], cpu_model[64], cpu_virt[8];
	char cpu_features[160]; /* blank between two */
	char kernel[72];
	char kvm_parameters
		[250]; /* of KVM's modules, other than their defaults: blank between two */
	char kernel_sha256[65], archive_sha256[65];
	int64_t total_kib, available_kib, child_kib, overhead_kib;
	/* What the RAM that its child does not get is spent on; memory.h says what each is. */
	int64_t kernel_image_kib, struct_page_kib, kernel_data_kib, reserve_kib, rootfs_kib;
	int64_t qemu_anonymous_kib, page_tables_kib, rmaps_kib, margin_kib, rounding_kib;
	double kernel_s;		 /* kernel start to PID 1, this level's clock */
	double ready_s;			 /* kernel start to ready, this level's clock */
	double wall_s;			 /* its qemu's start to ready, the parent's clock */
	int64_t exits_boot, exits_total; /* counted by the parent's KVM */
	int64_t exits_chain; /* counted by the outermost KVM, its child's start to this level's ready */
	int64_t cpuid_cycles, pio_cycles;
	int check_count;
	/* Last, as most of it is never touched: 16 KiB that a launcher keeps for each level of the chain. */
	struct check checks[MAX_CHECKS];
};

enum field_type { FIELD_TEXT, FIELD_LIST, FIELD_COUNT, FIELD_SECONDS };

/* Who may say it: the level itself, or its parent, which measures it from outside. */
enum field_source { BY_LEVEL, BY_PARENT };

struct field {
	const char *group; /* the JSON object that it stands in, or NULL */
	const char *key;   /* unique over all groups: records carry no group */
	enum field_type type;
	enum field_source source;
	bool (*may_be)(
		const char *value); /* of a text that is not free; "" is unknown, and may be */
	size_t offset, size;
};

extern const struct field level_fields[];
extern const int level_field_count;

void level_init(struct level *lv, int level);
/* All of it but the checks. */
void level_copy_figures(struct level *to, const struct level *from);
/* Finds a field by key; NULL if there is none. */
const struct field *level_field(const char *key);
/* The field as text, "" if unknown; and set from text.  -1 if it is malformed or negative. */
void level_get(const struct level *lv, const struct field *f, char *buf, size_t size);
int level_set(struct level *lv, const struct field *f, const char *value);
/* Whether its id, value and unit are what level_add_check() takes. */
bool check_is_clean(const struct check *c);
/* The check of that name; NULL: the level has none. */
const struct check *level_check(const struct level *lv, const char *id);
/* Adds a check, or replaces the one with the same id.  -1 if the table is full or it is malformed. */
int level_add_check(struct level *lv, const struct check *c);
/* [a-z0-9_], and at least one of them */
bool id_is_clean(const char *id);
/* The result, and why, for people. */
void check_set(struct check *c, enum result result, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* By the wait status of a program: 0 passes, 4 and 77 skip, all else fails and says why. */
void check_status(struct check *c, int status);
bool level_sound(const struct level *lv); /* no check failed */

/* A plain decimal number, nothing after it.  -1 if it is anything else. */
int parse_number(const char *text, double *out);

#endif
